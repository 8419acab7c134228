// Transactions of Java and of ours, across each other on the same partitions, as each of them reads them.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import { Writer } from '../../native/writer.ts'
import { clientProperties } from '../support/servers/client-properties.ts'
import { java, type JavaTransactions } from '../support/servers/java-client.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { hear, inOrder, partitionsOf, readToEnd, seenIn } from './interop/listen.ts'
import { Interleaving, javaTransactor, ourTransactor, type Written } from './interop/transactors.ts'

const levels = ['read_uncommitted', 'read_committed'] as const
type Level = (typeof levels)[number]

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
let kafka: SharedKafka
let client: Record<string, string>
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  kafka = await sharedKafka()
  client = clientProperties('java', kafka)
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})
afterAll(() => kafka.reset())

function keep<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one)
  return one
}

const common = (): Record<string, string | number> => ({
  'bootstrap.servers': kafka.bootstrap,
  'fetch.wait.max.ms': 10,
})

async function reader(isolation: Level): Promise<Reader> {
  return keep(await Reader.open({ settings: { ...common(), 'isolation.level': isolation } }))
}

async function writer(settings: Record<string, string | number> = {}): Promise<Writer> {
  const id = kafka.uniqueGroup('writer')
  return keep(await Writer.open({ settings: { ...common(), 'transactional.id': id, ...settings } }))
}

async function javaProducers(): Promise<JavaTransactions> {
  const producers = await java.transactions({ client })
  keep({ close: () => producers.leave() })
  return producers
}

type Place = { readonly partition: number; readonly offset: number; readonly value: unknown }

const places = (records: readonly Place[]): string[] =>
  inOrder(records).map(({ partition, offset, value }) => `${partition}/${offset} ${String(value)}`)

/** What our reader sees up to the ends that it tells, and those ends. */
async function seenByUs(topic: string, partitions: number, isolation: Level) {
  const ours = await reader(isolation)
  const records = await readToEnd(ours, partitionsOf(topic, partitions))
  const ends = await ours.offsets(partitionsOf(topic, partitions), 'latest', { isolation })
  return { records, ends }
}

async function expectSame(topic: string, partitions: number, isolation: Level, expected: readonly Written[]) {
  await kafka.untilEnded()
  const { records } = await seenByUs(topic, partitions, isolation)
  const javas = await java.consume({ client, topic, isolation })
  expect(places(records)).toEqual(places(expected))
  expect(places(javas)).toEqual(places(records))
}

test(`interleaved transactions, the last of them open, are the same to Java and to us (SEED=${seed})`, async () => {
  const topic = kafka.uniqueTopic('interleaved')
  const partitions = 2
  await kafka.createTopic(topic, { partitions })
  const jvm = await javaProducers()
  const javas = await Promise.all(['a', 'b'].map((name) => javaTransactor(jvm, kafka.uniqueGroup(name))))
  const ours = await Promise.all([0, 1].map(async () => ourTransactor(await writer())))
  const history = new Interleaving(topic, partitions, seed)
  await history.run([...javas, ...ours], 120)

  // Two stay open: nothing that comes after their first records is stable, committed or not.
  for (const one of [javas[0]!, ours[0]!]) {
    await history.begin(one)
    for (let partition = 0; partition < partitions; partition++) await history.write(one, partition)
  }
  await history.run([javas[1]!, ours[1]!], 30)
  const stable = Array.from({ length: partitions }, (_, partition) =>
    Math.min(
      ...history.written
        .filter((one) => one.state === 'open' && one.partition === partition)
        .map((one) => one.offset),
    ),
  )
  const isStable = (one: Written): boolean => one.offset < stable[one.partition]!

  await expectSame(topic, partitions, 'read_uncommitted', history.written)
  const committed = history.written.filter((one) => one.state === 'committed')
  expect(committed.some((one) => !isStable(one))).toBe(true)
  await expectSame(topic, partitions, 'read_committed', committed.filter(isStable))

  const ends = await java.ends({ client, topic })
  for (const isolation of levels) {
    const ofJava = ends.map((end) => end[isolation])
    const asker = await reader(isolation)
    await asker.assign(partitionsOf(topic, partitions).map((one) => ({ ...one, offset: 'beginning' })))
    const told = await hear(asker, (events) => endsIn(events).size === partitions)
    expect([...endsIn(told)].sort()).toEqual(ofJava.map((end, partition) => [partition, end]))
    for (const asked of levels) {
      const found = await asker.offsets(partitionsOf(topic, partitions), 'latest', { isolation: asked })
      expect(found).toEqual(ends.map((end) => end[asked]))
    }
  }
  expect(ends.map((end) => end.read_committed)).toEqual(stable)

  // A reader that waits at the stable end gets the rest when the open ones have ended.
  const waiting = await reader('read_committed')
  await waiting.assign(partitionsOf(topic, partitions).map((one) => ({ ...one, offset: 'beginning' })))
  const before = await hear(waiting, (events) => endsIn(events).size === partitions)
  await history.end(javas[0]!, true)
  await history.end(ours[0]!, false)
  await kafka.untilEnded()
  const last = await java.ends({ client, topic })
  const after = await hear(waiting, (events) => {
    const found = endsIn(events)
    return last.every((end) => found.get(end.partition) === end.read_committed)
  })
  const all = history.written.filter((one) => one.state === 'committed')
  expect(places([...seenIn(before), ...seenIn(after)])).toEqual(places(all))
  expect(last.map((end) => end.read_committed)).toEqual(last.map((end) => end.read_uncommitted))
  await expectSame(topic, partitions, 'read_committed', all)
})

function endsIn(events: readonly ReaderEvent[]): Map<number, number> {
  return new Map(events.flatMap((one) => (one.type === 'end' ? [[one.partition.partition, one.offset]] : [])))
}

test('large transactions of many batches are whole, or not there at all', async () => {
  const topic = kafka.uniqueTopic('large')
  await kafka.createTopic(topic, { partitions: 2 })
  const ours = await writer({ 'batch.num.messages': 500 })
  await ours.initTransactions()
  const written: Written[] = []
  const states = ['aborted', 'committed', 'aborted', 'committed'] as const
  for (const [round, state] of states.entries()) {
    await ours.begin()
    const values = Array.from({ length: 6000 }, (_, index) => `round ${round} record ${index}`)
    const records = values.map((value, index) => ({
      topic,
      key: null,
      value: Buffer.from(value),
      partition: index % 2,
    }))
    const { offsets, failed } = await ours.writePlain(records)
    expect(failed).toEqual([])
    await (state === 'committed' ? ours.commit() : ours.abort())
    for (const [index, value] of values.entries())
      written.push({ partition: index % 2, offset: offsets[index]!, value, state })
  }
  await expectSame(
    topic,
    2,
    'read_committed',
    written.filter(({ state }) => state === 'committed'),
  )
  const { records } = await seenByUs(topic, 2, 'read_uncommitted')
  expect(places(records)).toEqual(places(written))
})
