import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import {
  defaultTuning,
  type RegistrySettings,
  type RegistryTuning,
} from '../../../engine/avro/registry-settings.ts'
import { UnknownIds } from '../../../engine/avro/registry-unknown-ids.ts'
import { FakeRegistry, fakeTuning, rejection, settingsFor } from './registry-fake.ts'

let fake: FakeRegistry
let folder = ''
const registries: ServerRegistry[] = []

beforeEach(async () => {
  fake = await FakeRegistry.open()
  folder = await mkdtemp(join(tmpdir(), 'registry-'))
})

afterEach(async () => {
  for (const registry of registries.splice(0)) registry.close()
  await fake.close()
  await rm(folder, { recursive: true, force: true })
})

async function opened(tuning: Partial<RegistryTuning> = {}, more: Partial<RegistrySettings> = {}) {
  const registry = await openRegistry(settingsFor(fake.url, more), undefined, tuning)
  registries.push(registry)
  return registry
}

const record = (name: string, ...fields: readonly [string, unknown][]) => ({
  type: 'record',
  name,
  fields: fields.map(([field, type]) => ({ name: field, type })),
})
const asked = (): number => fake.seen.filter(({ path }) => path.startsWith('/schemas/')).length

describe('an id', () => {
  test('is asked for once, by however many, and then known for ever', async () => {
    const id = fake.add('s', record('a.B', ['x', 'int']))
    const { state, tuning } = fakeTuning()
    const registry = await opened(tuning)
    expect(registry.byId(id)).toBeUndefined()
    const all = await Promise.all([1, 2, 3, 4].map(() => registry.load(id)))
    expect(new Set(all).size).toBe(1)
    expect(all[0]).toMatchObject({ fullName: 'a.B', source: `schema id ${id}` })
    state.now += 1e12
    expect(registry.byId(id)).toBe(all[0])
    expect(await registry.load(id)).toBe(all[0])
    expect(asked()).toBe(1)
  })

  test('that is known is served while the registry is away, others wait', async () => {
    const [one, two] = [fake.add('s', '"int"'), fake.add('s', '"long"')]
    const { state, tuning } = fakeTuning()
    const registry = await opened(tuning)
    const schema = await registry.load(one)
    fake.answer = () => ({ status: 503 })
    expect(await registry.load(one)).toBe(schema)
    expect(await rejection(registry.load(two))).toMatchObject({
      kind: 'downstream',
      code: 'REGISTRY_UNAVAILABLE',
    })
    expect(registry.refusal?.(two)).toBeUndefined()
    fake.answer = () => undefined
    state.now += 250
    expect((await registry.load(two)).fullName).toBe('long')
  })

  test('whose schema cannot be used is refused for good, and stops nothing else', async () => {
    const ids = [
      fake.add('json', '{}', { schemaType: 'JSON' }),
      fake.add('bad', '{"type":"record"}'),
      fake.add('text', 'not JSON'),
      fake.add('deep', `${'['.repeat(50_000)}"int"${']'.repeat(50_000)}`),
      fake.add('dangling', '"a.B"', { references: [{ name: 'a.B', subject: 'gone', version: 3 }] }),
    ]
    const registry = await opened()
    const found = await Promise.all(ids.map((id) => rejection(registry.load(id))))
    expect(found.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      'permanent SCHEMA_UNSUPPORTED',
      'permanent AVRO_SCHEMA_INVALID',
      'permanent AVRO_SCHEMA_INVALID',
      'permanent AVRO_SCHEMA_INVALID',
      'permanent AVRO_SCHEMA_INVALID',
    ])
    expect(found[0]!.message).toContain('is JSON: only Avro is read')
    expect(found[4]!.message).toContain('refers to version 3 of subject gone')
    ids.forEach((id, index) =>
      expect(registry.refusal?.(id)).toMatchObject({ message: found[index]!.message }),
    )
    const before = fake.seen.length
    await rejection(registry.load(ids[0]!))
    expect(fake.seen).toHaveLength(before)
  })

  test('of a schema that takes names from other subjects', async () => {
    const unit = { type: 'enum', name: 'Unit', namespace: 'shop', symbols: ['G', 'L'] }
    const amount = record('shop.Amount', ['value', 'int'], ['unit', 'Unit'])
    fake.add('unit', unit)
    fake.add('amount', amount, { references: [{ name: 'shop.Unit', subject: 'unit', version: 1 }] })
    const order = record('order.Order', ['first', 'shop.Amount'], ['second', ['null', 'shop.Amount']])
    const references = [{ name: 'shop.Amount', subject: 'amount', version: 1 }]
    const ids = [
      fake.add('order', order, { references }),
      fake.add('other', record('o.P', ['a', 'shop.Amount']), { references }),
    ]
    const registry = await opened()
    const schema = await registry.load(ids[0]!)
    expect(JSON.parse(schema.canonical)).toMatchObject({
      name: 'order.Order',
      fields: [
        { type: { name: 'shop.Amount', fields: [{}, { type: { name: 'shop.Unit', symbols: ['G', 'L'] } }] } },
        { type: ['null', 'shop.Amount'] },
      ],
    })
    const before = fake.seen.length
    await registry.load(ids[1]!)
    expect(fake.seen.slice(before).map(({ path }) => path)).toEqual([`/schemas/ids/${ids[1]}`])
  })
})

describe('an id that the registry does not know', () => {
  const grace = { graceMs: 30_000, unknownMs: 5000 }

  test('waits for a grace period and is then given up', async () => {
    const { state, tuning } = fakeTuning(grace)
    const registry = await opened(tuning)
    const first = await rejection(registry.load(7))
    expect(first).toMatchObject({
      kind: 'downstream',
      code: 'AVRO_UNKNOWN_SCHEMA_ID',
      facts: { id: 7, retryInMs: 1000 },
    })
    expect(first.message).toContain('wait for 30 s')
    expect(registry.refusal?.(7)).toBeUndefined()
    state.now += 29_999
    expect(await rejection(registry.load(7))).toMatchObject({ kind: 'downstream' })
    state.now += 1
    expect(registry.refusal?.(7)).toMatchObject({ kind: 'permanent' })
    expect(await rejection(registry.load(7))).toMatchObject({
      kind: 'permanent',
      code: 'AVRO_UNKNOWN_SCHEMA_ID',
    })
  })

  test('is asked for at most once a second while it waits, and every five seconds later', async () => {
    const { state, tuning } = fakeTuning(grace)
    const registry = await opened(tuning)
    for (let ms = 0; ms < 30_000; ms += 100) {
      await rejection(registry.load(7))
      state.now += 100
    }
    expect(asked()).toBe(30)
    for (let ms = 0; ms < 30_000; ms += 100) {
      await rejection(registry.load(7))
      state.now += 100
    }
    expect(asked()).toBe(36)
  })

  test('that turns up is served from then on', async () => {
    const { state, tuning } = fakeTuning(grace)
    const registry = await opened(tuning)
    await rejection(registry.load(1))
    fake.add('s', '"int"')
    await rejection(registry.load(1))
    state.now += 1000
    expect((await registry.load(1)).fullName).toBe('int')
    // Also after it was given up.
    await rejection(registry.load(2))
    state.now += 60_000
    await rejection(registry.load(2))
    fake.add('s', '"long"')
    state.now += 5000
    expect((await registry.load(2)).fullName).toBe('long')
    expect(registry.refusal?.(2)).toBeUndefined()
  })

  test('that turns up in the last moment is served', async () => {
    const { state, tuning } = fakeTuning(grace)
    const registry = await opened(tuning)
    await rejection(registry.load(1))
    state.now += 29_900
    await rejection(registry.load(1))
    fake.add('s', '"int"')
    state.now += 100
    expect((await registry.load(1)).fullName).toBe('int')
  })

  test('gets no grace for a while after one that waited in vain', async () => {
    const { state, tuning } = fakeTuning(grace)
    const registry = await opened(tuning)
    await rejection(registry.load(7))
    state.now += 30_000
    expect(await rejection(registry.load(7))).toMatchObject({ kind: 'permanent' })
    for (let id = 100; id < 200; id++) {
      expect(await rejection(registry.load(id))).toMatchObject({ kind: 'permanent' })
    }
    // Asking again for the ones that were given up does not make it longer.
    for (let ms = 0; ms < 300_000; ms += 10_000) {
      await rejection(registry.load(7))
      state.now += 10_000
    }
    expect(await rejection(registry.load(300))).toMatchObject({ kind: 'downstream' })
  })

  test('gets its grace again once another one has turned up', async () => {
    const { state, tuning } = fakeTuning(grace)
    const registry = await opened(tuning)
    await rejection(registry.load(1))
    state.now += 30_000
    await rejection(registry.load(1))
    expect(await rejection(registry.load(50))).toMatchObject({ kind: 'permanent' })
    fake.add('s', '"int"')
    state.now += 5000
    await registry.load(1)
    expect(await rejection(registry.load(51))).toMatchObject({ kind: 'downstream' })
  })

  test('is remembered among ten thousand at most', () => {
    const unknown = new UnknownIds({ ...defaultTuning, graceMs: 0 })
    for (let id = 1; id <= 10_001; id++) unknown.missing(id)
    expect(unknown.refusal(1)).toBeUndefined()
    expect(unknown.refusal(2)).toBeDefined()
  })
})
