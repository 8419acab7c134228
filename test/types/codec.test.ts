// The codec of several record types, over registries in this process.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createEncoder } from '../../engine/avro/codec.ts'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { registrySchemas } from '../../engine/avro/registry-schemas.ts'
import { openRegistry, type ServerRegistry } from '../../engine/avro/registry-server.ts'
import type { RegistryTuning } from '../../engine/avro/registry-settings.ts'
import { schemaFrom } from '../../engine/avro/schema.ts'
import { avroTypesCodec } from '../../engine/avro/types-codec.ts'
import { packRecords } from '../../engine/component/packed-records.ts'
import type { OtherTypes } from '../../engine/component/contracts/sink.ts'
import { FakeRegistry, rejection, settingsFor } from '../engine/avro/registry-fake.ts'
import { folderWith, type FolderOfFiles } from '../support/folder.ts'
import { eventOf, names, schemas, topic } from './project.ts'

const json = (file: string): object => JSON.parse(schemas[file]!) as object
const files = {
  one: 'OrderCreated.v1.0.avsc',
  oneOne: 'OrderCreated.v1.1.avsc',
  two: 'OrderCreated.v2.0.avsc',
  cancelled: 'OrderCancelled.v1.0.avsc',
  shipped: 'OrderShipped.v1.0.avsc',
}

/** A value of a file's schema, with the id that it is registered under. */
const written = (id: number, file: string, value: object): Buffer =>
  createEncoder({ id, schema: schemaFrom(json(file), file) })(value)

const values = {
  one: eventOf('order.created', 1, { orderId: 'o1', total: 12.5 }),
  oneOne: eventOf('order.created', 2, { orderId: 'o2', total: 3, note: 'ring twice' }),
  two: eventOf('order.created', 3, { orderId: 'o3', total: '9.90', currency: 'EUR', note: null }),
  cancelled: eventOf('order.cancelled', 4, { orderId: 'o1', reason: 'late' }),
  shipped: eventOf('order.shipped', 5, { orderId: 'o2', carrier: 'x' }),
}

const packed = (given: readonly Buffer[]) =>
  packRecords(
    topic,
    0,
    given.map((value) => ({ key: null, value, headers: [], timestamp: 0 })),
    0,
  )

let fake: FakeRegistry
const folders: FolderOfFiles[] = []
const registries: ServerRegistry[] = []

beforeEach(async () => {
  fake = await FakeRegistry.open()
})

afterEach(async () => {
  for (const registry of registries.splice(0)) registry.close()
  for (const folder of folders.splice(0)) folder.remove()
  await fake.close()
})

/** The schemas of a project that has these files. */
async function projectWith(own: readonly string[], tuning: Partial<RegistryTuning> = {}, cache?: string) {
  const folder = folderWith(Object.fromEntries(own.map((file) => [`${topic}/${file}`, schemas[file]!])))
  folders.push(folder)
  const settings = settingsFor(fake.url, cache === undefined ? {} : { cache })
  const registry = await openRegistry(settings, await openDirectoryRegistry(folder.path), {
    backoffMs: [10, 20],
    ...tuning,
  })
  registries.push(registry)
  return registrySchemas(registry)
}

const subjects = {
  one: `${topic}-${names[0]}`,
  oneOne: `${topic}-${names[0]}`,
  two: `${topic}-${names[1]}`,
  cancelled: `${topic}-${names[2]}`,
  shipped: `${topic}-shop.orders.OrderShipped`,
}
type Kind = keyof typeof files
const kinds = Object.keys(files) as Kind[]

/** Registers what writers need, and writes a value of each. */
function writeAll(): Record<Kind, Buffer> {
  const entries = kinds.map((kind) => [
    kind,
    written(fake.add(subjects[kind], schemas[files[kind]]), files[kind], values[kind]),
  ])
  return Object.fromEntries(entries) as Record<Kind, Buffer>
}

describe('a topic with several record types', () => {
  const every = [files.one, files.oneOne, files.two, files.cancelled]

  async function codecOf(others?: OtherTypes) {
    const bytes = writeAll()
    const codec = await (await projectWith(every)).codec(names, topic, others)
    await codec.prepare(packed(Object.values(bytes)))
    return { codec, bytes }
  }

  test('reads each as the newest version of its own', async () => {
    const { codec, bytes } = await codecOf()
    const decode = (value: Buffer) => codec.decode(value, 0, value.length)
    expect(decode(bytes.one)).toMatchObject({ data: { orderId: 'o1', total: 12.5, note: null } })
    expect(decode(bytes.oneOne)).toMatchObject({ data: { note: 'ring twice' } })
    expect(decode(bytes.two)).toMatchObject({ data: { total: '9.90' } })
    expect(decode(bytes.cancelled)).toMatchObject({ data: { reason: 'late' } })
    expect(kinds.map((kind) => codec.types!.of(bytes[kind], 0, bytes[kind].length))).toEqual([
      ...[names[0], names[0], names[1], names[2]],
      undefined,
    ])
  })

  test('a field is read in place from each, and absent where a type does not have it', async () => {
    const { codec, bytes } = await codecOf()
    const of = (path: string) => {
      const reader = codec.reader(path.split('.'))
      return kinds.slice(0, 4).map((kind) => reader.read(bytes[kind], 0, bytes[kind].length))
    }
    expect(of('data.orderId')).toEqual(['o1', 'o2', 'o3', 'o1'])
    expect(of('data.reason')).toEqual([undefined, undefined, undefined, 'late'])
    expect(of('data.note')).toEqual([null, 'ring twice', null, undefined])
    const place = new Int32Array(2)
    const located = codec.reader(['data', 'reason'])
    expect(located.locate(bytes.one, 0, bytes.one.length, place)).toBe(0)
    expect(located.locate(bytes.cancelled, 0, bytes.cancelled.length, place)).toBe(1)
    expect(bytes.cancelled.toString('utf8', place[0], place[1])).toBe('late')
    expect(() => codec.reader(['data', 'nobody'])).toThrow('no field "data.nobody" in any of')
  })

  test('several fields are read in one pass, by their places', async () => {
    const { codec, bytes } = await codecOf()
    const reader = codec.fields!([['data', 'reason'], ['eventId'], ['data', 'currency']])!
    const read = (value: Buffer) => {
      reader.read(value, 0, value.length)
      return [...reader.values]
    }
    expect(read(bytes.cancelled)).toEqual(['late', values.cancelled['eventId'], undefined])
    expect(read(bytes.two)).toEqual([undefined, values.two['eventId'], 'EUR'])
    expect(read(bytes.one)).toEqual([undefined, values.one['eventId'], undefined])
    expect(codec.fields!([['nobody']])).toBeUndefined()
  })

  test('another type is refused by name, or passed over; what has no schema is refused in any case', async () => {
    const { codec, bytes } = await codecOf()
    const wrong = { kind: 'permanent', code: 'RECORD_TYPE_UNEXPECTED' }
    const of = (value: Buffer) => () => codec.takes!(value, 0, value.length)
    expect(of(bytes.shipped)).toThrow(expect.objectContaining(wrong))
    expect(of(bytes.shipped)).toThrow('is a shop.orders.OrderShipped')
    expect(of(bytes.two)()).toBe(true)
    const skipping = (await codecOf('skip')).codec
    expect(skipping.takes!(bytes.shipped, 0, bytes.shipped.length)).toBe(false)
    const unknown = Buffer.from([0, 0, 0, 9, 9, 1])
    expect(() => skipping.takes!(unknown, 0, unknown.length)).toThrow('no schema with the id')
    expect(() => skipping.takes!(unknown, 1, 2)).toThrow('bytes long')
  })

  test('a text and a number are no id together', async () => {
    const record = (name: string, type: string) =>
      schemaFrom({ type: 'record', name, fields: [{ name: 'id', type }] }, name)
    const registry = { byId: () => undefined, load: rejectAll, latest: rejectAll }
    const readers = [record('a.A', 'string'), record('a.B', 'long')].map((schema, id) => ({ id, schema }))
    const reader = avroTypesCodec(registry, readers).reader(['id'])
    expect(() => reader.locate(Buffer.alloc(9), 0, 9, new Int32Array(2))).toThrow(
      'is text in a.A and a number in a.B',
    )
  })
})

const rejectAll = () => Promise.reject(new Error('nobody asks'))

describe('evolution', () => {
  const projects = {
    'at 1.0': [files.one],
    'at 1.1': [files.one, files.oneOne],
    'at 2.0': [files.one, files.oneOne, files.two],
  }

  test.each(Object.entries(projects))(
    'writers of 1.0, 1.1 and 2.0 are read by a project %s, in any order',
    async (_at, own) => {
      const bytes = writeAll()
      const listed = own.includes(files.two) ? names.slice(0, 2) : names.slice(0, 1)
      const codec = await (await projectWith(own)).codec(listed, topic, 'skip')
      const order = [bytes.two, bytes.one, bytes.oneOne, bytes.two, bytes.oneOne, bytes.one]
      await codec.prepare(packed(order))
      const taken = order.filter((value) => codec.takes!(value, 0, value.length))
      expect(taken).toHaveLength(own.includes(files.two) ? 6 : 4)
      const ids = codec.reader(['eventId'])
      const whole = taken.map(
        (value) => codec.decode(value, 0, value.length) as { eventId: string; data: object },
      )
      expect(taken.map((value) => ids.read(value, 0, value.length))).toEqual(
        whole.map(({ eventId }) => eventId),
      )
      for (const { data } of whole) expect('note' in data).toBe(own.includes(files.oneOne))
    },
  )

  test('what is known goes on while the registry is away; a new type waits, and comes when it is back', async () => {
    const bytes = writeAll()
    const codec = await (
      await projectWith([files.one, files.oneOne, files.two])
    ).codec(names.slice(0, 2), topic)
    await codec.prepare(packed([bytes.one]))
    fake.answer = () => ({ status: 503 })
    expect(codec.prepare(packed([bytes.one]))).toBeUndefined()
    expect(await rejection(codec.prepare(packed([bytes.one, bytes.two]))!)).toMatchObject({
      kind: 'downstream',
    })
    fake.answer = () => undefined
    for (let tries = 0; tries < 200; tries++) {
      const waits = codec.prepare(packed([bytes.one, bytes.two]))
      if (
        waits === undefined ||
        (await waits.then(
          () => true,
          () => false,
        ))
      )
        break
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(codec.takes!(bytes.two, 0, bytes.two.length)).toBe(true)
  })

  test('a start while the registry is away goes on with what the project and the disk have', async () => {
    const bytes = writeAll()
    const cache = folderWith({})
    folders.push(cache)
    const own = [files.one, files.oneOne, files.two]
    const before = await (await projectWith(own, {}, cache.path)).codec(names.slice(0, 2), topic)
    await before.prepare(packed([bytes.one, bytes.two]))
    fake.answer = () => ({ status: 503 })
    const codec = await (await projectWith(own, {}, cache.path)).codec(names.slice(0, 2), topic)
    await codec.prepare(packed([bytes.one, bytes.two]))
    expect(codec.decode(bytes.two, 0, bytes.two.length)).toMatchObject({ data: { currency: 'EUR' } })
  })
})
