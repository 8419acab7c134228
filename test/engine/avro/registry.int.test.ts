// Against Apicurio. What it cannot be made to do (errors by number, nonsense) is in registry-client.test.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createWireCodec } from '../../../engine/avro/codec.ts'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import type { RegistrySettings, RegistryTuning } from '../../../engine/avro/registry-settings.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import { startRegistry, type RegistryServer } from '../../support/servers/registry.ts'
import { registryPython } from '../../support/servers/registry-python.ts'
import { rejection } from './registry-fake.ts'
import { projectWith } from './registry-project.ts'
import { avscOf } from './oracle.ts'

let server: RegistryServer
let folder = ''
const registries: ServerRegistry[] = []
let names = 0

beforeAll(async () => {
  server = await startRegistry()
  folder = await mkdtemp(join(tmpdir(), 'registry-int-'))
})

afterEach(() => {
  for (const registry of registries.splice(0)) registry.close()
})

afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

async function opened(more: Partial<RegistrySettings> = {}, tuning: Partial<RegistryTuning> = {}) {
  const settings = { url: server.url, subjects: 'record', register: false, ...more } as const
  const registry = await openRegistry(settings, undefined, { backoffMs: [20, 100], ...tuning })
  registries.push(registry)
  return registry
}

const topic = (): string => `topic-${++names}`
const record = (name: string, fields: Readonly<Record<string, unknown>>, more: object = {}) => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type, doc: `the ${field}` })),
  ...more,
})

/** Tries again while the trouble is one that passes. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + 150_000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if ((error as { kind?: string }).kind !== 'downstream' || Date.now() > deadline) throw error
      await wait(20)
    }
  }
}

describe('over the Confluent API', () => {
  test('registering, looking up, the newest version, ids', async () => {
    const subject = `${topic()}-app.E`
    const registry = await opened({ register: true })
    const one = schemaFrom(record('app.E', { a: 'string' }), 'one')
    const two = schemaFrom(record('app.E', { a: 'string', b: ['null', 'int'] }), 'two')
    const refused = await rejection(registry.latest(subject))
    expect(refused).toMatchObject({ kind: 'fatal', code: 'SCHEMA_NOT_FOUND' })
    const id = await registry.register(subject, one)
    expect(await registry.register(subject, one)).toBe(id)
    expect(await registry.latest(subject)).toMatchObject({ id, schema: { contentId: one.contentId } })
    // No default: readers of the new version could not read the old one.
    expect(await rejection(registry.register(subject, two))).toMatchObject({
      code: 'SCHEMA_REFUSED',
      kind: 'fatal',
    })
    const b = { name: 'b', type: ['null', 'int'], default: null }
    const fields = [...record('app.E', { a: 'string' }).fields, b]
    const newer = await registry.register(subject, schemaFrom({ ...record('app.E', {}), fields }, 'three'))
    expect((await registry.latest(subject)).id).toBe(newer)
    expect((await (await opened()).load(id)).canonical).toBe(one.canonical)
    expect(await rejection(registry.load(2_000_000_000))).toMatchObject({ code: 'AVRO_UNKNOWN_SCHEMA_ID' })
  })

  test('another spelling and other documentation are the same schema', async () => {
    const name = topic()
    const spelled = { name: 'E', namespace: 'app', type: 'record', fields: [{ type: 'string', name: 'a' }] }
    const id = await server.register(`${name}-app.E`, spelled)
    const { files, remove } = await projectWith(name, record('app.E', { a: 'string' }, { doc: 'An event.' }))
    const registry = await openRegistry({ url: server.url, subjects: 'record', register: false }, files)
    registries.push(registry)
    expect((await registry.writerOf('app.E', name)).id).toBe(id)
    await remove()
  })

  test('references, of references', async () => {
    const name = topic()
    await server.register(`${name}-unit`, { type: 'enum', name: 'shop.Unit', symbols: ['G', 'L'] })
    const unit = { name: 'shop.Unit', subject: `${name}-unit`, version: 1 }
    await server.register(`${name}-price`, record('shop.Price', { unit: 'Unit', cents: 'long' }), [unit])
    const price = { name: 'shop.Price', subject: `${name}-price`, version: 1 }
    const order = record('order.Order', { first: 'shop.Price', more: { type: 'array', items: 'shop.Price' } })
    const id = await server.register(`${name}-order.Order`, order, [price])
    const registry = await opened({ cache: folder })
    const { schema } = await registry.latest(`${name}-order.Order`)
    const bytes = avscOf(schema).toBuffer({ first: { unit: 'L', cents: 5 }, more: [{ unit: 'G', cents: 6 }] })
    const header = Buffer.from([0, 0, 0, 0, 0])
    header.writeUInt32BE(id, 1)
    const [seen] = await registryPython.read([Buffer.concat([header, bytes])], {
      url: server.url,
      topic: name,
    })
    expect(seen).toEqual({ first: { unit: 'L', cents: 5 }, more: [{ unit: 'G', cents: 6 }] })
  })

  test('a schema of another kind', async () => {
    const subject = topic()
    const schema = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
    const path = `/subjects/${subject}/versions`
    const { id } = (await server.call('POST', path, {
      schemaType: 'JSON',
      schema: JSON.stringify(schema),
    })) as { id: number }
    const registry = await opened()
    expect(await rejection(registry.load(id))).toMatchObject({
      kind: 'permanent',
      code: 'SCHEMA_UNSUPPORTED',
    })
  })

  test('a URL that leads elsewhere', async () => {
    const url = `http://${server.host}:${server.port}`
    // Nothing is asked at the start where nothing is kept.
    const registry = await opened({ url })
    expect(await rejection(registry.load(1))).toMatchObject({
      kind: 'fatal',
      message: expect.stringContaining('/apis/ccompat/v7'),
    })
  })
})

describe('while it is away', () => {
  test('what is known goes on, what is not waits, and is served when it is back', async () => {
    const subject = topic()
    const [one, two] = [await server.register(subject, 'int'), await server.register(topic(), 'long')]
    const registry = await opened({ cache: folder })
    await registry.load(one)
    const { id } = await registry.latest(subject)
    await server.stop('SIGKILL')
    expect((await registry.load(one)).fullName).toBe('int')
    expect((await registry.latest(subject, { refresh: true })).id).toBe(id)
    expect(await rejection(registry.load(two))).toMatchObject({
      kind: 'downstream',
      code: 'REGISTRY_UNAVAILABLE',
    })
    // A start meanwhile.
    const second = await opened({ cache: folder })
    expect((await second.load(one)).fullName).toBe('int')
    expect((await second.latest(subject)).id).toBe(id)
    expect(await rejection(second.load(two))).toMatchObject({ kind: 'downstream' })
    const waiting = Promise.all([registry, second].map((each) => patiently(() => each.load(two))))
    await server.start()
    expect((await waiting).map(({ fullName }) => fullName)).toEqual(['long', 'long'])
    // The registry starts anew.
  })

  test('frozen, it is asked for no longer than the time-out', async () => {
    const id = await server.register(topic(), 'double')
    const registry = await opened({}, { timeoutMs: 300 })
    server.pause()
    expect(await rejection(registry.load(id))).toMatchObject({
      kind: 'downstream',
      message: expect.stringContaining('no answer within 0.3 s'),
    })
    server.resume()
    expect((await patiently(() => registry.load(id))).fullName).toBe('double')
  })

  test('a value that overtakes its schema waits for it', async () => {
    const registry = await opened({}, { unknownMs: 50 })
    const next = (await server.register(topic(), { type: 'fixed', name: 'a.Before', size: 3 })) + 1
    expect(await rejection(registry.load(next))).toMatchObject({
      kind: 'downstream',
      code: 'AVRO_UNKNOWN_SCHEMA_ID',
    })
    const waiting = patiently(() => registry.load(next))
    expect(await server.register(topic(), { type: 'fixed', name: 'a.After', size: 4 })).toBe(next)
    expect((await waiting).fullName).toBe('a.After')
    expect(createWireCodec(registry).decode(Buffer.from([0, 0, 0, 0, next, 1, 2, 3, 4]), 0, 9)).toEqual(
      Buffer.from([1, 2, 3, 4]),
    )
  })
})
