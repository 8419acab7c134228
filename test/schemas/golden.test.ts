// Records of every version of every schema, as they were written once (test/golden), are read by the code of today: with their own
// schema, and with every other version of their name; casts between MAJORs make of them what they always made.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createDecoder } from '../../engine/avro/codec.ts'
import type { AvroNode } from '../../engine/avro/model.ts'
import { readSchemaFiles, type SchemaFile } from '../../engine/avro/schema-files.ts'
import { avroValueEncoder } from '../../engine/avro/value-codec.ts'
import { WIRE_HEADER_BYTES } from '../../engine/avro/wire.ts'

const root = join(import.meta.dirname, '../..')
const golden = join(root, 'test/golden')

interface Golden {
  readonly schema: string
  readonly version: string
  readonly records: readonly { readonly value: Readonly<Record<string, unknown>>; readonly hex: string }[]
}
interface Casts {
  readonly up: readonly Cast[]
  readonly down?: readonly Cast[]
}
interface Cast {
  readonly from: unknown
  readonly to: unknown
}

const files = (await readSchemaFiles(join(root, 'schemas'))).filter(({ semver }) => semver !== undefined)
const nameOf = ({ path }: SchemaFile): string => basename(path).replace(/\.avsc$/, '.json')

function read<T>(topic: string, name: string): T {
  return JSON.parse(readFileSync(join(golden, topic, name), 'utf8')) as T
}

function encoded(file: SchemaFile, value: unknown): string {
  return Buffer.from(avroValueEncoder({ id: 0, schema: file.schema }).encode(value))
    .subarray(WIRE_HEADER_BYTES)
    .toString('hex')
}

/** A value as a version with other optional fields sees it, worked out from the schema's text alone. */
function seenAs(node: AvroNode, value: unknown): unknown {
  if (Array.isArray(value))
    return node.kind === 'array' ? value.map((item) => seenAs(node.items, item)) : value
  if (typeof value !== 'object' || value === null) return value
  if (node.kind === 'union')
    return seenAs(
      node.branches.find(({ kind }) => kind === 'record')!,
      value,
    )
  if (node.kind !== 'record') return value
  const fields = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    node.fields.map(({ name, type, default: otherwise }) => [
      name,
      Object.hasOwn(fields, name) ? seenAs(type, fields[name]) : otherwise,
    ]),
  )
}

describe.each(files.map((file) => [`${file.topic}/${nameOf(file)}`, file] as const))('%s', (_name, file) => {
  const { schema, version, records } = read<Golden>(file.topic, nameOf(file))

  test('is of this schema, and has several records', () => {
    const { major, minor, patch } = file.semver!
    expect([schema, version]).toEqual([file.schema.fullName, `${major}.${minor}.${patch}`])
    expect(records.length).toBeGreaterThan(2)
  })

  test('is read as it was written, and written as it was', () => {
    const decode = createDecoder(file.schema)
    for (const { value, hex } of records) {
      const bytes = Buffer.from(hex, 'hex')
      expect(decode(bytes, 0, bytes.length)).toEqual(value)
      expect(encoded(file, value)).toBe(hex)
    }
  })

  test('is read with every version of its name, the newest too', () => {
    const readers = files.filter((other) => other.schema.fullName === schema)
    for (const reader of readers) {
      const decode = createDecoder(file.schema, reader.schema)
      for (const { value, hex } of records) {
        const bytes = Buffer.from(hex, 'hex')
        expect(decode(bytes, 0, bytes.length)).toEqual(seenAs(reader.schema.root, value))
      }
    }
  })
})

test('there are no golden records of schemas that are gone: their records are still in topics', () => {
  const known = new Set(files.map((file) => `${file.topic}/${nameOf(file)}`))
  const all = readdirSync(golden, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: topic }) => readdirSync(join(golden, topic)).map((name) => `${topic}/${name}`))
  expect(all.filter((name) => !known.has(name) && !/\.v\d+-v\d+\.json$/.test(name))).toEqual([])
})

type CastModule = Readonly<Record<'up' | 'down', ((value: unknown) => unknown) | undefined>>

const casts = files
  .map(({ topic }) => topic)
  .filter((topic, index, topics) => topics.indexOf(topic) === index)
  .flatMap((topic) =>
    readdirSync(join(root, 'schemas', topic))
      .map((name) => [topic, /^(.+)\.v(\d+)-v(\d+)\.ts$/.exec(name)] as const)
      .flatMap(([of, parts]) =>
        parts === null
          ? []
          : [{ topic: of, file: parts[0], name: parts[1]!, from: parts[2]!, to: parts[3]! }],
      ),
  )

/** The newest version of a MAJOR. */
function newest(topic: string, name: string, major: string): SchemaFile {
  return files.filter((file) => file.topic === topic && nameOf(file).startsWith(`${name}.v${major}.`)).at(-1)!
}

test('there are casts', () => {
  expect(casts.map(({ file }) => file).sort()).toEqual([
    'CustomerRegistered.v1-v2.ts',
    'OrderCreated.v1-v2.ts',
  ])
})

describe.each(casts)('$file', ({ topic, file, name, from, to }) => {
  test.each([
    { way: 'up', target: newest(topic, name, to) },
    { way: 'down', target: newest(topic, name, from) },
  ] as const)(
    '$way makes what it always made, which fits the newest version of that MAJOR',
    async ({ way, target }) => {
      const module = (await import(join(root, 'schemas', topic, file))) as CastModule
      const cast = module[way]!
      const cases = read<Casts>(topic, file.replace(/\.ts$/, '.json'))[way]!
      expect(cases.length).toBeGreaterThan(2)
      const { major, minor, patch } = target.semver!
      for (const one of cases) {
        const kept = structuredClone(one.from)
        expect(cast(one.from)).toEqual(one.to)
        expect(one.from).toEqual(kept)
        expect(encoded(target, one.to)).toMatch(/^([0-9a-f]{2})+$/)
        expect(one.to).toMatchObject({ metadata: { schemaVersion: `${major}.${minor}.${patch}` } })
      }
    },
  )
})

test('an order in another currency is not cast down to a version that knows none', async () => {
  const { down } = (await import(
    join(root, 'schemas/business.orders.events/OrderCreated.v1-v2.ts')
  )) as CastModule
  expect(() => down!({ data: { currency: 'USD' }, metadata: {} })).toThrow(/data\.currency is USD/)
  expect(existsSync(join(golden, 'business.orders.events/OrderCreated.v1-v2.json'))).toBe(true)
})
