// What is written is what can be read, to the byte, and each failed record is named.
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import type { Header, PlainRecord } from '../../native/records.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { Writer } from '../../native/writer.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { readTopic, texts } from './topic-contents.ts'

let kafka: SharedKafka
let writer: Writer

beforeAll(async () => {
  kafka = await sharedKafka()
  writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
})

afterAll(async () => {
  await writer.close()
})

afterEach(() => kafka.reset())

async function newTopic(partitions = 1, configs = {}): Promise<string> {
  const topic = kafka.uniqueTopic('written')
  await kafka.createTopic(topic, { partitions, configs })
  return topic
}

function value(text: string): PlainRecord {
  return { key: null, value: Buffer.from(text) }
}

const failures = ({ failed }: WriteResult) =>
  failed.map(({ row, error, maybeWritten }) => [row, error.code, error.class, maybeWritten])

test('null, empty and binary keys, values and headers come back as they were', async () => {
  const topic = await newTopic()
  const contents = [null, Buffer.alloc(0), Buffer.from('text'), Buffer.from([0, 255, 0, 254, 10])]
  const headers: Header[][] = [
    [],
    contents.map((content) => ({ name: 'same', value: content })),
    [
      { name: '', value: Buffer.from([0]) },
      { name: 'größe', value: null },
      { name: 'x'.repeat(300), value: Buffer.alloc(200, 7) },
    ],
  ]
  const records = contents.flatMap((key) =>
    contents.flatMap((content) =>
      headers.map((some, index) => ({
        key,
        value: content,
        headers: some,
        timestamp: 1_700_000_000_000 + index,
      })),
    ),
  )
  const result = await writer.write(topic, packPlain(records))
  expect(result.failed).toEqual([])
  expect(Array.from(result.offsets)).toEqual(records.map((_, row) => row))
  const stored = await readTopic(kafka.bootstrap, topic)
  expect(stored).toEqual(records.map((record, offset) => ({ ...record, partition: 0, offset })))
})

test('records without a time get that of their writing', async () => {
  const topic = await newTopic()
  const before = Date.now()
  await writer.writePlain([{ topic, ...value('now') }])
  await writer.writePlain([{ topic, ...value('then'), timestamp: 1 }])
  const times = (await readTopic(kafka.bootstrap, topic)).map(({ timestamp }) => timestamp)
  expect(times[0]).toBeGreaterThanOrEqual(before)
  expect(times[0]).toBeLessThanOrEqual(Date.now())
  expect(times[1]).toBe(1)
})

test('a partition for all, or one for each', async () => {
  const topic = await newTopic(4)
  const batch = packPlain(['a', 'b', 'c', 'd'].map(value))
  expect(Array.from((await writer.write(topic, batch, { partition: 2 })).partitions)).toEqual([2, 2, 2, 2])
  const mixed = await writer.write(topic, batch, { partitions: Int32Array.of(3, 0, 3, 1) })
  expect(Array.from(mixed.partitions)).toEqual([3, 0, 3, 1])
  expect(Array.from(mixed.offsets)).toEqual([0, 0, 1, 0])
  const stored = await readTopic(kafka.bootstrap, topic)
  expect(stored.map(({ partition }) => partition)).toEqual([0, 1, 2, 2, 2, 2, 3, 3])
  expect(texts(stored)).toEqual(['b', 'd', 'a', 'b', 'c', 'd', 'a', 'c'])
})

test('plain records of several topics are answered in the order of the call', async () => {
  const [one, two] = [await newTopic(), await newTopic()]
  const result = await writer.writePlain([
    { topic: one, ...value('1') },
    { topic: two, ...value('2') },
    { topic: one, ...value('3'), partition: 9 },
    { topic: two, ...value('4') },
    { topic: one, ...value('5') },
  ])
  expect(Array.from(result.offsets)).toEqual([0, 0, -1, 1, 1])
  expect(failures(result)).toEqual([[2, '_UNKNOWN_PARTITION', 'permanent', false]])
  expect(texts(await readTopic(kafka.bootstrap, one))).toEqual(['1', '5'])
})

test('a record that cannot be written does not hold up the others', async () => {
  const topic = await newTopic(2, { 'max.message.bytes': 50_000 })
  const result = await writer.writePlain([
    { topic, ...value('first'), partition: 1 },
    { topic, ...value('x'.repeat(2_000_000)), partition: 1 },
    { topic, ...value('nowhere'), partition: 2 },
    { topic, ...value('never'), partition: -2 },
    { topic, ...value('last'), partition: 1 },
  ])
  expect(failures(result)).toEqual([
    [1, 'MSG_SIZE_TOO_LARGE', 'permanent', false],
    [2, '_UNKNOWN_PARTITION', 'permanent', false],
    [3, '_UNKNOWN_PARTITION', 'permanent', false],
  ])
  // Too large for the broker alone: random bytes, which do not compress.
  const noise = randomBytes(60_000)
  const refused = await writer.writePlain([{ topic, key: null, value: noise, partition: 0 }])
  expect(failures(refused)).toEqual([[0, 'MSG_SIZE_TOO_LARGE', 'permanent', false]])
  expect(texts(await readTopic(kafka.bootstrap, topic))).toEqual(['first', 'last'])
})

test('a topic that does not exist and cannot be made fails its records alone', async () => {
  const topic = await newTopic()
  const settings = { 'bootstrap.servers': kafka.bootstrap, 'topic.metadata.propagation.max.ms': 500 }
  const other = await Writer.open({ settings })
  const [bad, good] = await Promise.all([
    other.writePlain([{ topic: 'no spaces in names', ...value('1') }]),
    other.writePlain([{ topic, ...value('2') }]),
  ])
  expect(bad.failed.map(({ row, error }) => [row, error.class])).toEqual([[0, 'permanent']])
  expect(good.failed).toEqual([])
  await other.close()
})

test('damaged headers fail their row, and ranges outside of the batch are refused before a byte is read', async () => {
  const topic = await newTopic()
  const batch = packPlain([value('one'), value('two'), value('three')])
  const cut = { ...batch, headerStarts: Int32Array.of(0, 3, 6), headerEnds: Int32Array.of(0, 6, 6) }
  expect(failures(await writer.write(topic, cut))).toEqual([[1, '_BAD_MSG', 'permanent', false]])
  const ranges: [Int32Array, Int32Array][] = [
    [Int32Array.of(0, 3, 6), Int32Array.of(3, 6, 12)],
    [Int32Array.of(0, 3, 6), Int32Array.of(3, 2, 11)],
    [Int32Array.of(0, 3, 2_000_000_000), Int32Array.of(3, 6, 2_000_000_001)],
    [Int32Array.of(0, -2, 6), Int32Array.of(3, 6, 11)],
    [Int32Array.of(0, 3), Int32Array.of(3, 6)],
  ]
  for (const [valueStarts, valueEnds] of ranges)
    await expect(writer.write(topic, { ...batch, valueStarts, valueEnds })).rejects.toThrow(
      /Row \d: its value from .* lies outside of the batch's 11 bytes|valueStarts of a batch are not/,
    )
  await expect(writer.write(topic, { ...batch, count: -1 })).rejects.toThrow('not a number of rows')
  await expect(writer.write(topic, batch, { partitions: Int32Array.of(1) })).rejects.toThrow(
    'partitions of a batch',
  )
  expect(texts(await readTopic(kafka.bootstrap, topic))).toEqual(['one', 'three'])
})

test('few rows of a large buffer, and rows that share their bytes', async () => {
  const topic = await newTopic()
  const bytes = Buffer.alloc(10_000_000)
  bytes.write('left', 1000)
  bytes.write('right', 9_000_000)
  const sparse = {
    ...packPlain([value(''), value(''), value('')]),
    bytes,
    keyStarts: Int32Array.of(1000, -1, 9_000_000),
    keyEnds: Int32Array.of(1004, -1, 9_000_005),
    valueStarts: Int32Array.of(9_000_000, 1000, 1000),
    valueEnds: Int32Array.of(9_000_005, 1004, 1000),
  }
  expect((await writer.write(topic, sparse)).failed).toEqual([])
  const stored = await readTopic(kafka.bootstrap, topic)
  expect(texts(stored)).toEqual(['right', 'left', ''])
  expect(stored.map(({ key }) => key?.toString())).toEqual(['left', undefined, 'right'])
})

test('the batch may be changed as soon as the call has returned', async () => {
  const topic = await newTopic()
  const batch = packPlain([value('kept')])
  const written = writer.write(topic, batch)
  batch.bytes.fill(0)
  batch.valueEnds.fill(1_000_000)
  expect((await written).failed).toEqual([])
  expect(texts(await readTopic(kafka.bootstrap, topic))).toEqual(['kept'])
})

test('no records at all', async () => {
  const result = await writer.write('no-topic', packPlain([]))
  expect([result.partitions.length, result.offsets.length, result.failed]).toEqual([0, 0, []])
  expect((await writer.writePlain([])).failed).toEqual([])
})

test('a queue of 1,000 records takes 100,000 in order, and no one fails', async () => {
  const topic = await newTopic(3)
  const settings = { 'bootstrap.servers': kafka.bootstrap, 'queue.buffering.max.messages': 1000 }
  const narrow = await Writer.open({ settings })
  const total = 100_000
  const numbered = Array.from({ length: total }, (_, number) => value(String(number)))
  const sizes = [1, 999, 1000, 1001, 20_000, 37_000, total]
  const results: Promise<WriteResult>[] = []
  for (let from = 0; from < total; from += sizes[results.length - 1]!) {
    const batch = numbered.slice(from, from + sizes[results.length]!)
    const partitions = Int32Array.from(batch, (_, row) => (from + row) % 3)
    results.push(narrow.write(topic, packPlain(batch), { partitions }))
  }
  for (const result of await Promise.all(results)) expect(result.failed).toEqual([])
  await narrow.close()
  const stored = texts(await readTopic(kafka.bootstrap, topic)).map(Number)
  const expected = [0, 1, 2].flatMap((partition) =>
    Array.from({ length: Math.ceil((total - partition) / 3) }, (_, index) => index * 3 + partition),
  )
  expect(stored).toEqual(expected)
})

test('a record larger than the whole queue fails by itself', async () => {
  const topic = await newTopic()
  const settings = {
    'bootstrap.servers': kafka.bootstrap,
    'queue.buffering.max.kbytes': 100,
    'message.max.bytes': 1_000_000,
  }
  const narrow = await Writer.open({ settings })
  const result = await narrow.writePlain([
    { topic, ...value('a') },
    { topic, ...value('x'.repeat(200_000)) },
    { topic, ...value('b') },
  ])
  expect(failures(result)).toEqual([[1, 'MSG_SIZE_TOO_LARGE', 'permanent', false]])
  await narrow.close()
  expect(texts(await readTopic(kafka.bootstrap, topic))).toEqual(['a', 'b'])
})

test('flush waits for what was written before it, and cuts a long linger short', async () => {
  const topic = await newTopic()
  const settings = {
    'bootstrap.servers': kafka.bootstrap,
    'linger.ms': 600_000,
    'delivery.timeout.ms': 900_000,
  }
  const lazy = await Writer.open({ settings })
  await lazy.flush()
  const first = lazy.writePlain([{ topic, ...value('a') }])
  await lazy.flush()
  expect((await first).failed).toEqual([])
  const last = lazy.writePlain([{ topic, ...value('b') }])
  await lazy.close()
  expect((await last).failed).toEqual([])
})

test('a purge fails what is not acknowledged, and says whether it may be there', async () => {
  const settings = { 'bootstrap.servers': '127.0.0.1:1', 'queue.buffering.max.messages': 2 }
  const lonely = await Writer.open({ settings })
  const written = lonely.write('nowhere', packPlain(['a', 'b', 'c'].map(value)))
  await expect(lonely.flush(50)).rejects.toMatchObject({ code: '_TIMED_OUT', class: 'downstream' })
  await lonely.purge()
  expect(failures(await written)).toEqual([0, 1, 2].map((row) => [row, '_PURGE_QUEUE', 'closed', false]))
  await lonely.close()
})

test('settings that librdkafka refuses are told in a sentence', async () => {
  const open = (settings: Record<string, string>) => Writer.open({ settings })
  await expect(open({ 'bootstrap.server': 'x' })).rejects.toThrow('did you mean bootstrap.servers?')
  await expect(open({ 'batch.size': 'many' })).rejects.toThrow(
    /The settings of the writer are refused: .*batch.size/,
  )
  await expect(open({ acks: '1' })).rejects.toThrow(/refused: .*acks/)
})
