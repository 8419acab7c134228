import { afterEach, beforeAll, expect, test } from '@jest/globals'
import { Admin, Producer } from '@platformatic/kafka'
import { Reader } from '../../native/reader.ts'
import { plainRecord, type PackedRecords } from '../../native/records.ts'
import { Writer } from '../../native/writer.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { fill } from './support/fill.ts'
import { filledTopic } from './support/filled.ts'
import { closeAll, PolledReader } from './support/polled-reader.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

const settings = () => ({ 'bootstrap.servers': kafka.bootstrap })

/** A topic with so many records in each partition. */
const filled = (count: number, partitions = 1, size = 0) =>
  filledTopic(kafka, 'read', { count, partitions, size })

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

test('a record arrives as it was written: null told from empty, binary headers, duplicates, time stamps', async () => {
  const topic = await filled(0)
  const writer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'test',
    bootstrapBrokers: [kafka.bootstrap],
  })
  const binary = Buffer.from([0xff, 0x00, 0xfe, 0x80])
  const records = [
    { key: binary, value: binary, timestamp: 1_700_000_000_001n },
    { key: Buffer.alloc(0), value: Buffer.alloc(0), timestamp: 1_700_000_000_002n },
    { key: Buffer.from('tombstone'), value: null as unknown as Buffer, timestamp: 1_700_000_000_003n },
    { key: null as unknown as Buffer, value: Buffer.from('no key'), timestamp: 1_700_000_000_004n },
  ]
  await writer.send({ messages: records.map((record) => ({ topic, partition: 0, ...record })) })
  await writer.close()
  const own = await Writer.open({ settings: settings() })
  const headers = [
    { name: 'twice', value: binary },
    { name: 'null', value: null },
    { name: 'twice', value: Buffer.from('second') },
    { name: 'empty', value: Buffer.alloc(0) },
    { name: 'ümläut', value: Buffer.alloc(300, 7) },
  ]
  await own.writePlain([
    { topic, partition: 0, key: null, value: null, headers, timestamp: 1_700_000_000_005 },
  ])
  await own.close()

  const found: ReturnType<typeof plainRecord>[] = []
  const reader = await PolledReader.open(settings(), {
    onEvent: (event) => {
      if (event.type === 'records')
        for (let row = 0; row < event.records.count; row++) found.push(plainRecord(event.records, row))
    },
  })
  await reader.reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  await reader.until(() => found.length === 5, 'five records')
  expect(found).toEqual([
    { key: binary, value: binary, headers: [], timestamp: 1_700_000_000_001 },
    { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: [], timestamp: 1_700_000_000_002 },
    { key: Buffer.from('tombstone'), value: null, headers: [], timestamp: 1_700_000_000_003 },
    { key: null, value: Buffer.from('no key'), headers: [], timestamp: 1_700_000_000_004 },
    { key: null, value: null, headers, timestamp: 1_700_000_000_005 },
  ])
  expect(reader.offsetsOf(topic, 0)).toEqual([0, 1, 2, 3, 4])
})

test('all records of several partitions, each in order, and then the end of each partition', async () => {
  const topic = await filled(30_000, 3, 100)
  const reader = await PolledReader.open(settings())
  await reader.reader.assign(
    [0, 1, 2].map((partition) => ({ topic, partition, offset: 'beginning' as const })),
  )
  await reader.until(() => reader.seen.length >= 90_000, 'all records')
  for (const partition of [0, 1, 2]) {
    const end = await reader.event('end', (one) => one.partition.partition === partition)
    expect(end.offset).toBe(30_000)
    expect(reader.offsetsOf(topic, partition)).toEqual(range(0, 30_000))
  }
  for (const { partition, offset, key, value } of reader.seen)
    if (key !== `key-${offset}` || !value!.startsWith(`value-${partition}-${offset}.`))
      throw new Error(`Offset ${offset} of ${partition} carries ${key} and ${value}.`)
})

test('a poll delivers about the bytes that are asked for, and batches stay valid when later ones come', async () => {
  const topic = await filled(5000, 4, 200)
  const reader = await Reader.open({ settings: settings(), batchBytes: 1 << 20 })
  await reader.assign([0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 'beginning' as const })))
  const batches: PackedRecords[] = []
  let count = 0
  let bytes = 0
  let polls = 0
  while (count < 20_000) {
    const events = await reader.poll({ maxBytes: 1, waitMs: 1000 })
    const runs = events.flatMap((event) => (event.type === 'records' ? [event.records] : []))
    expect(runs.length).toBeLessThanOrEqual(1)
    for (const run of runs) {
      batches.push(run)
      count += run.count
      bytes += run.bytes.length
      polls += 1
    }
  }
  expect(polls).toBeGreaterThan(4)
  expect(bytes).toBeGreaterThan(20_000 * 200)
  for (const run of batches)
    for (let row = 0; row < run.count; row++) {
      const value = plainRecord(run, row).value as Buffer
      if (!value.toString().startsWith(`value-${run.partition}-${run.offsets[row]}.`))
        throw new Error(value.toString())
    }
  await reader.close()
})

test('a poll of 0 bytes delivers no records, even prepared ones, and a waiting poll wakes up for the first', async () => {
  const topic = await filled(5000, 2, 200)
  const reader = await Reader.open({ settings: settings() })
  await reader.assign([0, 1].map((partition) => ({ topic, partition, offset: 'beginning' as const })))
  const types = async (maxBytes: number, waitMs: number) =>
    (await reader.poll({ maxBytes, waitMs })).map((event) => event.type)
  expect(await types(1, 30_000)).toContain('records')
  for (let round = 0; round < 5; round++) {
    const events = await types(0, 200)
    expect(events.filter((type) => type === 'records' || type === 'end')).toEqual([])
  }
  const rest: string[] = []
  while (rest.filter((type) => type === 'end').length < 2) rest.push(...(await types(1 << 20, 30_000)))
  expect(rest).toContain('records')
  const waiting = types(Infinity, Infinity)
  await expect(reader.poll({ maxBytes: 1, waitMs: 1 })).rejects.toMatchObject({ code: '_PREV_IN_PROGRESS' })
  await fill(kafka.bootstrap, topic, { count: 1 })
  expect(await waiting).toContain('records')
  const last = types(1, Infinity)
  await reader.close()
  expect(await last).not.toContain('records')
  await expect(reader.poll({ maxBytes: 1, waitMs: 1 })).rejects.toMatchObject({ class: 'closed' })
})

test('a record larger than what is fetched at once arrives all the same', async () => {
  const topic = kafka.uniqueTopic('large')
  await kafka.createTopic(topic, { configs: { 'max.message.bytes': 8 << 20 } })
  const writer = await Writer.open({ settings: { ...settings(), 'message.max.bytes': 8 << 20 } })
  const large = Buffer.alloc(5 << 20, 'x')
  const sizes = [10, large.length, 10]
  await writer.writePlain(
    sizes.map((size) => ({ topic, partition: 0, key: null, value: large.subarray(0, size), headers: [] })),
  )
  await writer.close()
  const reader = await PolledReader.open(
    { ...settings(), 'fetch.message.max.bytes': 10_000, 'fetch.max.bytes': 1 << 20 },
    { batchBytes: 10_000 },
  )
  await reader.reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  await reader.until(() => reader.seen.length === 3, 'all three records')
  expect(reader.seen.map(({ value }) => value!.length)).toEqual(sizes)
})

test('a topic that is not there, and one that is deleted and made again while it is read', async () => {
  const missing = kafka.uniqueTopic('missing')
  const topic = await filled(10)
  const reader = await PolledReader.open({
    ...settings(),
    'topic.metadata.refresh.interval.ms': 500,
    'topic.metadata.propagation.max.ms': 500,
  })
  await expect(reader.reader.partitionCount(missing)).rejects.toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PART',
    class: 'permanent',
  })
  await reader.reader.assign([
    { topic: missing, partition: 0, offset: 'beginning' },
    { topic, partition: 0, offset: 'beginning' },
  ])
  const unknown = await reader.event('failed', (event) => event.partition?.topic === missing)
  expect(unknown.error.class).toBe('permanent')
  await reader.until(() => reader.offsetsOf(topic, 0).length === 10, 'the records of the first life')
  await kafka.deleteTopic(topic)
  await reader.event('failed', (event) => event.partition?.topic === topic)
  await kafka.createTopic(topic)
  await fill(kafka.bootstrap, topic, { count: 20, from: 100 })
  // Not before it is assigned anew: offsets of the first life mean nothing in the second.
  await reader.morePolls(20)
  expect(reader.offsetsOf(topic, 0)).toHaveLength(10)
  await reader.reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  await reader.until(() => reader.offsetsOf(topic, 0).length >= 30, 'the records of the second life')
  expect(reader.offsetsOf(topic, 0)).toEqual([...range(0, 10), ...range(0, 20)])
})

test('an offset that is not in the log: reset, or an error of class reset, wherever the setting is given', async () => {
  const topic = await filled(10)
  const group = kafka.uniqueGroup()
  const strict = await PolledReader.open({ ...settings(), 'group.id': group, 'auto.offset.reset': 'error' })
  await strict.reader.assign([{ topic, partition: 0, offset: 1000 }])
  const failed = await strict.event('failed', (event) => event.partition !== undefined)
  expect(failed).toMatchObject({
    partition: { topic, partition: 0 },
    error: { class: 'reset', code: '_AUTO_OFFSET_RESET' },
  })
  await strict.reader.assign([{ topic, partition: 0, offset: 7 }])
  await strict.until(() => strict.seen.length === 3, 'records after it was assigned anew')
  expect(strict.offsetsOf(topic, 0)).toEqual([7, 8, 9])
  await strict.close()

  const none = await PolledReader.open({ ...settings(), 'group.id': group, 'auto.offset.reset': 'error' })
  await none.reader.assign([{ topic, partition: 0 }])
  expect(await none.event('failed')).toMatchObject({ error: { class: 'reset' } })
  await none.close()

  const earliest = await PolledReader.open({ ...settings(), 'auto.offset.reset': 'earliest' })
  await earliest.reader.assign([{ topic, partition: 0, offset: 1000 }])
  await earliest.until(() => earliest.seen.length === 10, 'all records')
  await earliest.close()

  const latest = await PolledReader.open({ ...settings(), 'auto.offset.reset': 'latest' })
  await latest.reader.assign([{ topic, partition: 0, offset: 1000 }])
  expect((await latest.event('end')).offset).toBe(10)
  expect(latest.seen).toEqual([])
})

test('a retained part of the log: reading begins at its first offset', async () => {
  const topic = await filled(100)
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
  await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 60n }] }] })
  await admin.close()
  const reader = await PolledReader.open(settings())
  await reader.reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  await reader.until(() => reader.seen.length === 40, 'the rest')
  expect(reader.offsetsOf(topic, 0)).toEqual(range(60, 100))
  expect(await reader.reader.watermarks({ topic, partition: 0 })).toEqual({ first: 60, end: 100 })
})
