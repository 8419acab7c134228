import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createEncoder } from '../../../engine/avro/codec.ts'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'
import { registrySchemas, type RegistryPatience } from '../../../engine/avro/registry-schemas.ts'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import type { RegistryTuning } from '../../../engine/avro/registry-settings.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { FakeRegistry, fakeTuning, rejection, settingsFor } from './registry-fake.ts'

let fake: FakeRegistry
let folder = ''
const registries: ServerRegistry[] = []

const v1 = { type: 'record', name: 'app.Event', fields: [{ name: 'id', type: 'string' }] }
const v2 = { ...v1, fields: [...v1.fields, { name: 'n', type: 'int', default: 3 }] }

beforeEach(async () => {
  fake = await FakeRegistry.open()
  folder = await mkdtemp(join(tmpdir(), 'registry-schemas-'))
  await mkdir(join(folder, 'events'))
  await writeFile(join(folder, 'events', 'Event.v1.avsc'), JSON.stringify(v1))
  await writeFile(join(folder, 'events', 'Event.v2.avsc'), JSON.stringify(v2))
})

afterEach(async () => {
  for (const registry of registries.splice(0)) registry.close()
  await fake.close()
  await rm(folder, { recursive: true, force: true })
})

async function schemasWith(patience: RegistryPatience = {}, tuning: Partial<RegistryTuning> = {}) {
  const files = await openDirectoryRegistry(folder)
  const registry = await openRegistry(settingsFor(fake.url), files, { backoffMs: [10, 20], ...tuning })
  registries.push(registry)
  return registrySchemas(registry, patience)
}

const packed = (...values: Buffer[]) =>
  packRecords(
    'events',
    0,
    values.map((value) => ({ key: null, value, headers: [], timestamp: 0 })),
    0,
  )

const written = (id: number, schema: object, value: object): Buffer =>
  createEncoder({ id, schema: schemaFrom(schema, 'here') })(value)

describe('the schemas of a registry', () => {
  test('encode with the id that the registry has, and decode every version as the project sees it', async () => {
    const [one, two] = [fake.add('events-app.Event', v1), fake.add('events-app.Event', v2)]
    const schemas = await schemasWith()
    const encoder = await schemas.encoder('app.Event', 'events')
    const value = Buffer.from(encoder.encode({ id: 'a', n: 9 }))
    expect(value.readUInt32BE(1)).toBe(two)
    const old = written(one, v1, { id: 'b' })
    const codec = await schemas.codec('app.Event', 'events')
    const records = packed(value, old)
    expect(() => codec.decode(old, 0, old.length)).toThrow('no schema with the id')
    await codec.prepare(records)
    expect(codec.prepare(records)).toBeUndefined()
    expect(codec.decode(value, 0, value.length)).toEqual({ id: 'a', n: 9 })
    expect(codec.decode(old, 0, old.length)).toEqual({ id: 'b', n: 3 })
    expect(codec.reader(['n']).read(old, 0, old.length)).toBe(3)
  })

  test('a value whose schema is not Avro fails alone, with the reason', async () => {
    const [good, json] = [fake.add('events-app.Event', v1), fake.add('j', '{}', { schemaType: 'PROTOBUF' })]
    const codec = await (await schemasWith()).codec('app.Event', 'events')
    const [one, two] = [written(good, v1, { id: 'a' }), written(json, v1, { id: 'b' })]
    await codec.prepare(packed(one, two))
    expect(codec.decode(one, 0, one.length)).toEqual({ id: 'a', n: 3 })
    const refused = { kind: 'permanent', code: 'SCHEMA_UNSUPPORTED' }
    expect(() => codec.decode(two, 0, two.length)).toThrow(expect.objectContaining(refused))
    expect(() => codec.reader(['id']).read(two, 0, two.length)).toThrow('is PROTOBUF: only Avro is read')
  })

  test('a value with an unknown id holds its batch up for the grace period, then fails alone', async () => {
    const id = fake.add('events-app.Event', v1)
    const { state, tuning } = fakeTuning()
    const codec = await (await schemasWith({}, tuning)).codec('app.Event', 'events')
    const [one, two] = [written(id, v1, { id: 'a' }), written(77, v1, { id: 'b' })]
    const records = packed(one, two)
    expect(await rejection(codec.prepare(records)!)).toMatchObject({ kind: 'downstream', facts: { id: 77 } })
    state.now += 30_000
    await codec.prepare(records)
    expect(codec.decode(one, 0, one.length)).toEqual({ id: 'a', n: 3 })
    const refused = { kind: 'permanent', code: 'AVRO_UNKNOWN_SCHEMA_ID' }
    expect(() => codec.decode(two, 0, two.length)).toThrow(expect.objectContaining(refused))
  })

  test('a batch waits while the registry is away', async () => {
    const id = fake.add('events-app.Event', v1)
    const codec = await (await schemasWith()).codec('app.Event', 'events')
    fake.answer = () => ({ status: 503 })
    const value = written(id, v1, { id: 'a' })
    expect(await rejection(codec.prepare(packed(value))!)).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
  })
})

describe('a start while the registry is away', () => {
  test('waits, says so, and goes on', async () => {
    fake.add('events-app.Event', v2)
    const troubles: string[] = []
    let refusals = 3
    fake.answer = () => (refusals-- > 0 ? { status: 503 } : undefined)
    const schemas = await schemasWith({ trouble: (sentence) => troubles.push(sentence) })
    expect((await schemas.encoder('app.Event', 'events')).name).toBe('avro app.Event')
    expect(troubles).toEqual([expect.stringContaining('does not answer')])
  })

  test('ends with the patience, at once where there is none', async () => {
    fake.answer = () => ({ status: 503 })
    const before = fake.seen.length
    const impatient = await schemasWith({ patienceMs: 0 })
    expect(await rejection(impatient.encoder('app.Event', 'events'))).toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    })
    expect(fake.seen.length - before).toBe(1)
    const patient = await schemasWith({ patienceMs: 300 })
    expect(await rejection(patient.encoder('app.Event', 'events'))).toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    })
  })

  test('ends with the signal', async () => {
    fake.answer = () => ({ status: 503 })
    const stop = new AbortController()
    const schemas = await schemasWith({ signal: stop.signal, trouble: () => stop.abort() })
    await expect(schemas.encoder('app.Event', 'events')).rejects.toThrow('aborted')
  })

  test('does not wait for what time does not heal', async () => {
    const schemas = await schemasWith()
    expect(await rejection(schemas.encoder('app.Event', 'events'))).toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
    })
    expect(await rejection(schemas.codec('app.Evnt', 'events'))).toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
  })
})
