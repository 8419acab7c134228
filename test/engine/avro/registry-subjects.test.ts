import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import type { RegistrySettings, RegistryTuning } from '../../../engine/avro/registry-settings.ts'
import { readerSubjects, writerSubject } from '../../../engine/avro/registry-subjects.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import { FakeRegistry, fakeTuning, rejection, settingsFor } from './registry-fake.ts'

let fake: FakeRegistry
let folder = ''
const registries: ServerRegistry[] = []

beforeEach(async () => {
  fake = await FakeRegistry.open()
  folder = await mkdtemp(join(tmpdir(), 'registry-subjects-'))
})

afterEach(async () => {
  for (const registry of registries.splice(0)) registry.close()
  await fake.close()
  await rm(folder, { recursive: true, force: true })
})

const event = (...fields: string[]) => ({
  type: 'record',
  name: 'app.Event',
  doc: 'Something happened.',
  fields: fields.map((name) => ({ name, type: 'string', doc: `the ${name}` })),
})

async function opened(
  more: Partial<RegistrySettings> = {},
  tuning: Partial<RegistryTuning> = {},
  own = false,
) {
  const files = own ? await openDirectoryRegistry(join(folder, 'schemas')) : undefined
  const registry = await openRegistry(settingsFor(fake.url, more), files, tuning)
  registries.push(registry)
  return registry
}

async function ownSchema(topic: string, version: number, schema: object): Promise<void> {
  const path = join(folder, 'schemas', topic, `Event.v${version}.avsc`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, JSON.stringify(schema, undefined, 2))
}

const requests = (): string[] => fake.seen.splice(0).map(({ method, path }) => `${method} ${path}`)

test('what subjects are called', () => {
  expect(writerSubject('record', 'orders', 'app.Event')).toBe('orders-app.Event')
  expect(writerSubject('topic', 'orders', 'app.Event')).toBe('orders-value')
  expect(readerSubjects('record', 'orders', 'app.Event')).toEqual([
    'orders-app.Event',
    'orders-value',
    'app.Event',
  ])
  expect(readerSubjects('topic', 'orders', 'app.Event')).toEqual([
    'orders-value',
    'orders-app.Event',
    'app.Event',
  ])
  expect(readerSubjects('topic', undefined, 'app.Event')).toEqual(['app.Event'])
})

describe('the newest version of a subject', () => {
  test('is asked for once a minute, or when told to', async () => {
    fake.add('s', event('a'))
    const { state, tuning } = fakeTuning()
    const registry = await opened({}, tuning)
    const all = await Promise.all([registry.latest('s'), registry.latest('s')])
    expect(all.map(({ id }) => id)).toEqual([1, 1])
    expect(requests()).toEqual(['GET /subjects/s/versions/latest'])
    expect(registry.byId(1)).toBe(all[0].schema)
    fake.add('s', event('a', 'b'))
    state.now += 59_999
    expect((await registry.latest('s')).id).toBe(1)
    expect((await registry.latest('s', { refresh: true })).id).toBe(2)
    fake.add('s', event('a', 'b', 'c'))
    state.now += 60_000
    expect((await registry.latest('s')).id).toBe(3)
  })

  test('while the registry is away is the one known before: in memory, or on disk', async () => {
    fake.add('s', event('a'))
    const { state, tuning } = fakeTuning()
    const registry = await opened({ cache: folder }, tuning)
    await registry.latest('s')
    fake.add('s', event('a', 'b'))
    fake.answer = () => ({ status: 500 })
    expect((await registry.latest('s', { refresh: true })).id).toBe(1)
    expect(state.troubles).toEqual([
      expect.stringMatching(
        /^The newest version of subject s is the one known before \(schema id 1\): .*500/,
      ),
    ])
    const second = await opened({ cache: folder }, tuning)
    expect((await second.latest('s')).id).toBe(1)
    expect(await rejection(second.latest('t'))).toMatchObject({ kind: 'downstream' })
  })

  test('of a subject that is not there, with the one that was meant', async () => {
    fake.add('orders-app.Event', event('a'))
    const registry = await opened()
    expect(await rejection(registry.latest('order-app.Event'))).toMatchObject({
      kind: 'fatal',
      code: 'SCHEMA_NOT_FOUND',
      message: `There is no schema order-app.Event: the schema registry ${fake.url} has no subject "order-app.Event". Did you mean "orders-app.Event"?`,
    })
    expect((await rejection(registry.latest('payments'))).message).toContain(
      'has no subject "payments": register',
    )
  })
})

describe('what values are read as', () => {
  test('the project’s own newest version, without asking the registry', async () => {
    await ownSchema('orders', 1, event('a'))
    await ownSchema('orders', 2, event('a', 'b'))
    fake.answer = () => 'cut'
    const registry = await opened({}, {}, true)
    const { id, schema } = await registry.readerOf('app.Event', 'orders')
    expect(schema.source).toContain('Event.v2.avsc')
    // No value carries it: what was written with id 5 is another schema, though their numbers may be alike.
    expect(id).toBeLessThan(0)
    expect((await registry.readerOf('app.Event', 'elsewhere')).schema).toBe(schema)
  })

  test('the newest in the registry, under any of the strategies’ subjects', async () => {
    const registry = await opened()
    fake.add('app.Event', event('a'))
    expect((await registry.readerOf('app.Event', 'one')).id).toBe(1)
    fake.add('two-value', event('b'))
    expect((await registry.readerOf('app.Event', 'two')).id).toBe(2)
    fake.add('three-app.Event', event('c'))
    expect((await registry.readerOf('app.Event', 'three')).id).toBe(3)
    fake.add('four-value', { ...event('d'), name: 'app.Other' })
    expect((await registry.readerOf('app.Event', 'four')).id).toBe(1)
    expect((await registry.readerOf('app.Event')).id).toBe(1)
    expect((await registry.readerOf('three-app.Event')).id).toBe(3)
    expect(await rejection(registry.readerOf('app.Evnt', 'three'))).toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
      message: expect.stringMatching(
        /no subject "three-app.Evnt" or "three-value" or "app.Evnt". Did you mean "three-app.Event"/,
      ),
    })
  })
})

describe('what values are written with', () => {
  test('the id of just this schema: as it is written', async () => {
    await ownSchema('orders', 1, event('a'))
    fake.add('orders-app.Event', event('a'))
    fake.add('orders-app.Event', event('a', 'newer'))
    const registry = await opened({}, {}, true)
    expect(await registry.writerOf('app.Event', 'orders')).toMatchObject({
      id: 1,
      schema: { fullName: 'app.Event' },
    })
    expect(requests()).toEqual(['POST /subjects/orders-app.Event?normalize=false'])
    await registry.writerOf('app.Event', 'orders')
    await registry.writerOf('app.Event')
    expect(requests()).toEqual([])
  })

  test('another spelling of it, and other documentation, by comparing versions', async () => {
    await ownSchema('orders', 1, event('a'))
    fake.add('orders-app.Event', event('older'))
    const spelled = {
      namespace: 'app',
      name: 'Event',
      fields: [{ type: 'string', name: 'a' }],
      type: 'record',
    }
    const id = fake.add('orders-app.Event', spelled)
    fake.add('orders-app.Event', '{"type":"broken"}')
    fake.add('orders-app.Event', event('a', 'newer'))
    const registry = await opened({}, {}, true)
    expect((await registry.writerOf('app.Event', 'orders')).id).toBe(id)
    expect(requests()).toEqual([
      'POST /subjects/orders-app.Event?normalize=false',
      'POST /subjects/orders-app.Event?normalize=true',
      'GET /subjects/orders-app.Event/versions',
      'GET /subjects/orders-app.Event/versions/4?deleted=true',
      'GET /subjects/orders-app.Event/versions/3?deleted=true',
      'GET /subjects/orders-app.Event/versions/2?deleted=true',
    ])
  })

  test('a schema that is not there is registered only where that is allowed', async () => {
    await ownSchema('orders', 1, event('a'))
    fake.add('orders-app.Event', event('other'))
    const strict = await opened({}, {}, true)
    expect(await rejection(strict.writerOf('app.Event', 'orders'))).toMatchObject({
      kind: 'fatal',
      code: 'SCHEMA_NOT_FOUND',
      message: expect.stringMatching(
        /^The schema app.Event \(.*Event.v1.avsc\) is no version of subject orders-app.Event in .*: register it there, or .*registry.register: true/,
      ),
    })
    expect(fake.seen.filter(({ path }) => path.includes('/versions?normalize'))).toEqual([])
    const free = await opened({ register: true }, {}, true)
    expect((await free.writerOf('app.Event', 'orders')).id).toBe(2)
    // Documentation and all.
    expect(fake.seen.at(-1)!.body).toEqual({ schema: JSON.stringify(event('a')) })
    expect((await strict.writerOf('app.Event', 'orders')).id).toBe(2)
    expect(
      (await (await opened({ register: true, subjects: 'topic' }, {}, true)).writerOf('app.Event', 'copies'))
        .id,
    ).toBe(2)
    expect((await strict.latest('copies-value')).id).toBe(2)
  })

  test('what is released for another topic, and in no subject of this one, has the id that it has there', async () => {
    await ownSchema('orders', 1, event('a'))
    const strict = await opened({}, {}, true)
    expect(await rejection(strict.writerOf('app.Event', 'copies'))).toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
      message: expect.stringMatching(/is no version of subject copies-app.Event /),
    })
    const id = fake.add('orders-app.Event', event('a'))
    expect((await strict.writerOf('app.Event', 'copies')).id).toBe(id)
  })

  test('once for all who ask at the same time', async () => {
    await ownSchema('orders', 1, event('a'))
    const registry = await opened({ register: true }, {}, true)
    await Promise.all([1, 2, 3].map(() => registry.writerOf('app.Event', 'orders')))
    expect(requests().filter((request) => request.includes('/versions?'))).toHaveLength(1)
  })

  test('without a schema of the project, the newest in the registry', async () => {
    fake.add('orders-app.Event', event('a'))
    const registry = await opened()
    expect((await registry.writerOf('app.Event', 'orders')).id).toBe(1)
    expect((await registry.writerOf('orders-app.Event')).id).toBe(1)
    expect(await rejection(registry.writerOf('app.Event', 'other'))).toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
    })
  })

  test('the id that was found before, where the registry is away at the start', async () => {
    await ownSchema('orders', 1, event('a'))
    fake.add('orders-app.Event', event('a'))
    await (await opened({ cache: folder }, {}, true)).writerOf('app.Event', 'orders')
    fake.answer = () => ({ status: 503 })
    const registry = await opened({ cache: folder }, {}, true)
    expect((await registry.writerOf('app.Event', 'orders')).id).toBe(1)
    expect(await rejection(registry.writerOf('app.Event', 'elsewhere'))).toMatchObject({ kind: 'downstream' })
    await ownSchema('orders', 2, event('a', 'b'))
    const changed = await opened({ cache: folder }, {}, true)
    expect(await rejection(changed.writerOf('app.Event', 'orders'))).toMatchObject({ kind: 'downstream' })
  })

  test('registering by hand', async () => {
    const registry = await opened()
    const schema = schemaFrom(event('a'), 'here')
    expect(await registry.register('s', schema)).toBe(1)
    expect((await registry.latest('s')).id).toBe(1)
  })
})
