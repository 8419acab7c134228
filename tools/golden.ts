// Makes the golden records of new schema versions: `node tools/golden.ts`. A version's records are made once, by the code of
// that day, and stay as they are: all later code must read them (test/schemas/golden.test.ts). A file that is there is left alone.
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { avroValueEncoder } from '../engine/avro/value-codec.ts'
import { readSchemaFiles, type SchemaFile } from '../engine/avro/schema-files.ts'
import { createDecoder } from '../engine/avro/codec.ts'
import { WIRE_HEADER_BYTES } from '../engine/avro/wire.ts'
import { sampleOf, type Flavor } from './golden/sample.ts'

const root = join(import.meta.dirname, '..')
const schemas = join(root, 'schemas')
const golden = join(root, 'test', 'golden')
const flavors: readonly Flavor[] = ['least', 'usual', 'most']

function versionOf({ semver }: SchemaFile): string | undefined {
  return semver && `${semver.major}.${semver.minor}.${semver.patch}`
}

function goldenPath(file: SchemaFile): string {
  return join(golden, file.topic, basename(file.path).replace(/\.avsc$/, '.json'))
}

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`)
  process.stdout.write(`${relative(root, path)}\n`)
}

function recordsOf(file: SchemaFile, version: string): { value: unknown; hex: string }[] {
  const encoder = avroValueEncoder({ id: 0, schema: file.schema })
  return flavors.map((flavor) => {
    const value = sampleOf(file.schema, flavor, version)
    return { value, hex: Buffer.from(encoder.encode(value)).subarray(WIRE_HEADER_BYTES).toString('hex') }
  })
}

type Cast = (value: unknown) => unknown

/** What a cast makes of the newest records of the MAJOR that it starts from. */
async function castsOf(topic: string, name: string): Promise<void> {
  const path = join(golden, topic, name.replace(/\.ts$/, '.json'))
  if (existsSync(path)) return
  const parts = /^(.+)\.v(\d+)-v(\d+)\.ts$/.exec(name)!
  const casts = (await import(join(schemas, topic, name))) as { up: Cast; down?: Cast }
  const all = (await readSchemaFiles(schemas)).filter((file) => file.topic === topic)
  const samples = (major: string): unknown[] => {
    const file = all.filter(
      (one) => String(one.semver?.major) === major && basename(one.path).startsWith(`${parts[1]!}.v`),
    )
    const newest = file.at(-1)!
    return recordsOf(newest, versionOf(newest)!).map(({ hex }) => {
      const bytes = Buffer.from(hex, 'hex')
      return createDecoder(newest.schema)(bytes, 0, bytes.length)
    })
  }
  const tried = (cast: Cast) => (from: unknown) => {
    try {
      return { from, to: cast(from) }
    } catch (error) {
      return { from, error: (error as Error).message }
    }
  }
  const down = casts.down
  await write(path, {
    up: samples(parts[2]!).map(tried(casts.up)),
    ...(down && { down: samples(parts[3]!).map(tried(down)) }),
  })
}

for (const file of await readSchemaFiles(schemas)) {
  const version = versionOf(file)
  const path = goldenPath(file)
  if (version === undefined || existsSync(path)) continue
  await write(path, { schema: file.schema.fullName, version, records: recordsOf(file, version) })
}
for (const topic of await readdir(schemas, { withFileTypes: true })) {
  if (!topic.isDirectory()) continue
  for (const name of await readdir(join(schemas, topic.name)))
    if (/\.v\d+-v\d+\.ts$/.test(name)) await castsOf(topic.name, name)
}
