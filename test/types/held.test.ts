// What waits in a sequence or for its time goes on as the record type that it was read as.
import { afterEach, expect, test } from '@jest/globals'
import { createEncoder } from '../../engine/avro/codec.ts'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroTypesCodec } from '../../engine/avro/types-codec.ts'
import type { RecordTypes } from '../../engine/component/codec.ts'
import type { Due } from '../../engine/component/contracts/owing.ts'
import { HeldTypes } from '../../engine/component/operators/held-types.ts'
import { Sequences } from '../../engine/component/operators/resequence/sequences.ts'
import { Timers } from '../../engine/component/operators/schedule/timers.ts'
import { packRecords } from '../../engine/component/packed-records.ts'
import { batchOf } from '../../engine/component/record-batch.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import { FakeLineage } from '../support/fake-lineage.ts'
import type { FolderOfFiles } from '../support/folder.ts'
import { testsOf } from '../support/test-command.ts'
import { heldTimers, heldTurns } from './held-golden.ts'
import { eventOf, names, shopWith, topic } from './project.ts'

const types = `[${names.join(', ')}]`
const folders: FolderOfFiles[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove()
})

/** What is wrong with the cases of a topology that reads all types, after these nodes. */
async function wrongWith(nodes: string, cases: string): Promise<unknown[]> {
  const shop = shopWith({
    'topologies/orders.yaml': `name: orders
sources: { events: { type: topic, topic: ${topic}, schema: ${types}, timestamp: timestamp } }
${nodes}`,
    'topologies/orders.test.yaml': `now: 2026-01-05T12:00:00Z
values:
  older: { eventId: 00000000-0000-4000-8000-000000000001, eventType: order.created, timestamp: 1767614400000, data: { orderId: o1, total: 12.5, note: n }, metadata: { sessionId: s1, sessionSeq: 1 } }
  newer: { eventId: 00000000-0000-4000-8000-000000000001, eventType: order.created, timestamp: 1767614400000, data: { orderId: o2, total: '9.90', currency: EUR }, metadata: { sessionId: s1, sessionSeq: 2 } }
  gone: { eventId: 00000000-0000-4000-8000-000000000001, eventType: order.created, timestamp: 1767614400000, data: { orderId: o1, reason: late }, metadata: { sessionId: s1, sessionSeq: 3 } }
cases:
${cases}`,
  })
  folders.push(shop)
  const { files } = await testsOf(shop.path, ['topologies/orders.yaml'])
  return files.flatMap(({ problem, cases: ran }) => [
    ...(problem === undefined ? [] : [problem]),
    ...ran.flatMap(({ findings }) => findings),
  ])
}

const [older, newer, gone] = [
  `{ key: s1, like: older, schema: ${names[0]} }`,
  `{ key: s1, like: newer }`,
  `{ key: s1, like: gone }`,
]

const turns = `processors:
  turns: { type: resequence, from: events, by: metadata.sessionSeq, first: 1, within: 30s }
  kinds: { type: branch, from: turns, schemas: { created: [${names[0]}, ${names[1]}], gone: ${names[2]} } }
sinks:
  all: { type: topic, from: turns, topic: all, schema: ${types} }
  late: { type: topic, from: turns.late, topic: late, schema: ${types} }
  created: { type: topic, from: kinds.created, topic: created, schema: [${names[0]}, ${names[1]}] }
  gone: { type: topic, from: kinds.gone, topic: gone, schema: ${names[2]} }
`

test('in a sequence, also where its worker crashes and another one begins', async () => {
  const cases = `  - name: one waits for another
    given: [${gone}, ${newer}]
    faults: [{ crash: sealed }]
    expect: { topics: { all: [] } }
    then:
      - restart: true
        given: [${older}, ${gone}]
        expect:
          topics:
            all:
              - { key: s1, value: { data: { orderId: o1, total: 12.5, note: n } } }
              - { key: s1, value: { data: { orderId: o2, total: '9.90', currency: EUR, note: null } } }
              - { key: s1, value: { data: { orderId: o1, reason: late } } }
            late: [{ key: s1, value: { data: { reason: late } } }]
            created: [{ value: { data: { total: 12.5 } } }, { value: { data: { total: '9.90' } } }]
            gone: [{ value: { data: { reason: late } } }]
`
  expect(await wrongWith(turns, cases)).toEqual([])
})

test('for its time, which it may have in a field', async () => {
  const nodes = `processors:
  later: { type: schedule, from: events, after: 1h, id: metadata.sessionSeq, idle: 1s }
  due: { type: schedule, from: events, after: 1h, every: 1h, most: 2, as: timestamp, id: metadata.sessionSeq, idle: 1s }
sinks:
  all: { type: topic, from: later, topic: all, schema: ${types} }
  named: { type: topic, from: due, topic: named, schema: ${types} }
`
  const cases = `  - name: an hour later, and twice
    given: [${older}, ${newer}]
    expect: { topics: { all: [], named: [] } }
    then:
      - restart: true
        after: 3h
        expect:
          topics:
            all:
              - { key: s1, timestamp: '2026-01-05T13:00:00Z', value: { timestamp: 1767614400000, data: { total: 12.5 } } }
              - { key: s1, value: { timestamp: 1767614400000, data: { total: '9.90' } } }
            named:
              - { value: { timestamp: 1767618000000, data: { total: 12.5 } } }
              - { value: { timestamp: 1767618000000, data: { total: '9.90' } } }
              - { value: { timestamp: 1767621600000, data: { total: 12.5 } } }
              - { value: { timestamp: 1767621600000, data: { total: '9.90' } } }
`
  expect(await wrongWith(nodes, cases)).toEqual([])
})

test('a type that the sink does not list stays owed, and other keys go on', async () => {
  const nodes = `processors:
  turns: { type: resequence, from: events, by: metadata.sessionSeq, first: 1, within: 30s }
sinks:
  some: { type: topic, from: turns, topic: some, schema: [${names[0]}] } # lint-allow ML048 seen here
`
  const cases = `  - name: a type that the sink does not list stays owed, and so does its key
    given: [${older}, ${newer}, ${gone}, { key: s2, like: older, schema: ${names[0]} }]
    expect:
      topics: { some: [{ key: s1 }, { key: s2 }] }
      state: { turns: [{ key: s1, next: 2 }, { key: s1, waits: 2 }, { key: s1, waits: 3 }, { key: s2, next: 2 }] }
`
  expect(await wrongWith(nodes, cases)).toEqual([])
})

/** The types of the shop, as its topologies read them. */
async function typesOf(wanted: readonly string[]): Promise<RecordTypes> {
  const shop = shopWith({})
  folders.push(shop)
  const registry = await openDirectoryRegistry(`${shop.path}/schemas`)
  const readers = await Promise.all(wanted.map((name) => registry.latest(`${topic}-${name}`)))
  return avroTypesCodec(registry, readers).types!
}

const settings = { within: 1000, first: 1, most: 10, memory: 1e6, forget: undefined }

/** What state of earlier releases sends, by key. */
function sentOf(read: RecordTypes | undefined): Record<string, unknown[]> {
  const sent: Record<string, unknown[]> = {}
  const take = (dues: readonly Due[]): void => {
    for (const { emission } of dues) {
      const { key, type, value, headers, timestamp } = emission!
      const own = value as { record?: unknown }
      const header = headers!.map(({ name, value: text }) => `${name}=${String(text)}`)
      ;(sent[key] ??= []).push([type, own.record ?? value, timestamp, ...header])
    }
  }
  const entries = createKeyValueStore({ name: 'turns' })
  const sequences = new Sequences({ ...settings, now: () => 0, entries, types: new HeldTypes(entries, read) })
  entries.restore({ store: 'turns', bucket: 0, bytes: Buffer.from(heldTurns, 'base64') })
  take(sequences.due(10))
  const own = createKeyValueStore({ name: 'timers' })
  const rules = {
    grace: 0,
    clock: 'event',
    idle: undefined,
    keep: 'last',
    as: 'dueAt',
    now: () => 0,
  } as const
  const timers = new Timers({ ...rules, entries: own, types: new HeldTypes(own, read) })
  own.restore({ store: 'timers', bucket: 0, bytes: Buffer.from(heldTimers, 'base64') })
  const lineage = new FakeLineage()
  timers.advance(1_767_614_402_000, lineage, 0)
  own.seal({ has: () => true })
  own.committed()
  take(
    timers
      .due(10)
      .map((due) => ({ ...due, emission: { ...due.emission!, key: `timer ${due.emission!.key}` } })),
  )
  return sent
}

test('state that earlier releases wrote has types where only one fits', async () => {
  const at = 1_767_614_400_000
  const cancelled = (n: number): object => eventOf('order.cancelled', n, { orderId: 'o1', reason: 'late' })
  const odd = { made: 'by a node', big: 2n ** 60n, at: new Date(5) }
  const created = {
    ...eventOf('order.created', 9, { orderId: 'o2', total: '9.90', currency: 'EUR', note: null }),
    metadata: { sessionId: 's2', sessionSeq: 1 },
  }
  const all = {
    s1: [
      [names[2], cancelled(1), at + 1],
      [names[2], cancelled(2), at + 2, 'trace=t1'],
    ],
    s2: [[names[1], created, at + 9]],
    s3: [[undefined, odd, at + 10]],
    'timer s1': [[undefined, { ...cancelled(1), dueAt: at + 1000 }, at + 1000, 'trace=t1']],
    'timer s2': [[undefined, { ...odd, dueAt: at + 2000 }, at + 2000]],
  }
  expect(sentOf(await typesOf(names))).toEqual(all)
  // Values of no schema have no types, whatever waits.
  const untyped = Object.entries(all).map(([key, sent]) => [
    key,
    sent.map(([, ...rest]) => [undefined, ...rest]),
  ])
  expect(sentOf(undefined)).toEqual(Object.fromEntries(untyped))
})

test('a value that two types fit has neither', async () => {
  const read = await typesOf([names[2]])
  const twins: RecordTypes = { ...read, names: ['a.One', 'a.Two'], fit: (_name, value) => value }
  const entries = createKeyValueStore({ name: 'held' })
  expect(new HeldTypes(entries, twins).typeOf({}, {})).toBeUndefined()
  expect(new HeldTypes(entries, { ...twins, names: ['a.One'] }).typeOf({}, {})).toBe('a.One')
})

test('a record is committed with its schema, though it came as a letter, before others are', async () => {
  const shop = shopWith({})
  folders.push(shop)
  const registry = await openDirectoryRegistry(`${shop.path}/schemas`)
  const reader = await registry.latest(`${topic}-${names[2]}`)
  const codec = avroTypesCodec(registry, [reader])
  const value = createEncoder(reader)(eventOf('order.cancelled', 1, { orderId: 'o1', reason: 'late' }))
  const records = packRecords(topic, 0, [{ key: null, value, headers: [], timestamp: 0 }], 0)
  const [lost, kept] = [new FakeLineage(), new FakeLineage()]
  const batch = batchOf({ records, eventTimes: new Float64Array(1), codec, lineage: lost, lineageBase: 0 })
  const entries = createKeyValueStore({ name: 'held' })
  const held = new HeldTypes(entries, codec.types)
  entries.watch((id, stored) => held.committed(id, stored))
  const type = held.of(batch, 0)
  held.put(type, false, lost, 0)
  held.put(type, true, kept, 0)
  const { blocks } = entries.seal({ has: (lineage) => lineage === kept })
  const next = createKeyValueStore({ name: 'held' })
  for (const block of blocks) next.restore(block)
  expect([...next.entries()]).toEqual([[`@schema|${type.s!}|released`, reader.schema.json]])
})
