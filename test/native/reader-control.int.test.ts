import { afterEach, beforeAll, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { filledTopic } from './support/filled.ts'
import { closeAll, PolledReader } from './support/polled-reader.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

const settings = () => ({ 'bootstrap.servers': kafka.bootstrap })

const filled = (count: number, partitions = 1, size = 0) =>
  filledTopic(kafka, 'control', { count, partitions, size })

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const beginning = (topic: string, partitions: number) =>
  range(0, partitions).map((partition) => ({ topic, partition, offset: 'beginning' as const }))

test('commits keep their metadata, for this group and for whoever asks', async () => {
  const topic = await filled(10, 2)
  const group = kafka.uniqueGroup()
  const reader = await Reader.open({ settings: { ...settings(), 'group.id': group } })
  const other = await Reader.open({ settings: settings() })
  const [zero, one] = [
    { topic, partition: 0 },
    { topic, partition: 1 },
  ]
  expect(await reader.committed([zero, one])).toEqual([undefined, undefined])
  expect(await reader.committed([])).toEqual([])
  await reader.commit([])
  const metadata = 'ü'.repeat(2048)
  await reader.commit([
    { ...zero, offset: 3, metadata },
    { ...one, offset: 2 ** 40, metadata: '' },
  ])
  expect(await other.committed([one, zero], { group })).toEqual([
    { ...one, offset: 2 ** 40, metadata: '' },
    { ...zero, offset: 3, metadata },
  ])
  const tooLong = reader.commit([{ ...zero, offset: 4, metadata: 'x'.repeat(4097) }])
  await expect(tooLong).rejects.toMatchObject({
    class: 'permanent',
    code: 'OFFSET_METADATA_TOO_LARGE',
    message: expect.stringContaining(`${topic}/0: `) as unknown as string,
  })
  expect(await reader.committed([zero])).toEqual([{ ...zero, offset: 3, metadata }])
  await expect(other.committed([zero])).rejects.toMatchObject({ class: 'permanent' })
  await expect(reader.commit([{ ...zero, offset: -1 }])).rejects.toThrow(RangeError)
  await Promise.all([reader.close(), other.close()])
})

test('a stable read of offsets waits for the open transaction over them, an unstable one does not', async () => {
  const topic = await filled(10)
  const group = kafka.uniqueGroup()
  const partition = { topic, partition: 0 }
  const reader = await Reader.open({ settings: { ...settings(), 'group.id': group } })
  await reader.commit([{ ...partition, offset: 1 }])
  const writer = await Writer.open({
    settings: { ...settings(), 'transactional.id': kafka.uniqueGroup('tx') },
  })
  await writer.initTransactions()
  await writer.begin()
  await writer.sendOffsets(
    [{ ...partition, offset: 5, metadata: 'in it' }],
    (await reader.groupMetadata()).bytes,
  )
  const before = { ...partition, offset: 1, metadata: '' }
  expect(await reader.committed([partition], { stable: false })).toEqual([before])
  await expect(reader.committed([partition], { limitMs: 300 })).rejects.toMatchObject({
    code: '_TIMED_OUT',
    class: 'downstream',
  })
  const stable = reader.committed([partition])
  // The answer that waits holds up no other question.
  expect(await reader.watermarks(partition)).toEqual({ first: 0, end: 10 })
  await writer.commit()
  expect(await stable).toEqual([{ ...partition, offset: 5, metadata: 'in it' }])
  await Promise.all([reader.close(), writer.close()])
})

test('positions, offsets for times, first and last offsets under both isolations', async () => {
  const topic = await filled(0)
  const partition = { topic, partition: 0 }
  const writer = await Writer.open({
    settings: { ...settings(), 'transactional.id': kafka.uniqueGroup('tx') },
  })
  const at = 1_700_000_000_000
  const record = (index: number) => ({
    ...partition,
    key: null,
    value: Buffer.from(String(index)),
    headers: [],
    timestamp: at + index * 1000,
  })
  await writer.initTransactions()
  await writer.begin()
  await writer.writePlain(range(0, 5).map(record))
  await writer.commit()
  await writer.begin()
  await writer.writePlain([record(5)])

  const reader = await PolledReader.open(settings())
  const { reader: asked } = reader
  expect(await asked.offsets([partition], 'earliest')).toEqual([0])
  expect(await asked.offsets([partition], 'latest')).toEqual([6])
  expect(await asked.offsets([partition], 'latest', { isolation: 'read_uncommitted' })).toEqual([7])
  expect(await asked.watermarks(partition)).toEqual({ first: 0, end: 7 })
  expect(await asked.offsets([partition], at + 1500)).toEqual([2])
  expect(await asked.offsets([partition], at + 2000)).toEqual([2])
  expect(await asked.offsets([partition], Date.now() + 3_600_000)).toEqual([undefined])
  // The marker of the commit has the time of now; the records are older.
  expect(await asked.offsets([partition], 'maxTimestamp', { isolation: 'read_uncommitted' })).toEqual([5])
  expect(await asked.offsets([], 'latest')).toEqual([])
  await expect(asked.offsets([{ topic, partition: 77 }], 'latest')).rejects.toMatchObject({
    class: 'permanent',
  })
  expect(await asked.partitionCount(topic)).toBe(1)

  expect(await asked.position([partition])).toEqual([{ ...partition, offset: -1001 }])
  await asked.assign([{ ...partition, offset: 'beginning' }])
  // What is open is not seen; the position is behind what was delivered, or behind the transaction's marker.
  await reader.until(() => reader.seen.length === 5, 'the records of the first transaction')
  await reader.event('end')
  expect(reader.offsetsOf(topic, 0)).toEqual([0, 1, 2, 3, 4])
  expect([5, 6]).toContain((await asked.position([partition]))[0]!.offset)
  await writer.abort()
  await writer.begin()
  await writer.writePlain([record(7)])
  await writer.commit()
  await reader.until(() => reader.seen.length === 6, 'the record after the aborted one')
  expect(reader.offsetsOf(topic, 0)).toEqual([0, 1, 2, 3, 4, 8])
  await writer.close()
})

test('a position lies before what was prepared and not delivered', async () => {
  const topic = await filled(20_000, 1, 100)
  const partition = { topic, partition: 0 }
  const reader = await Reader.open({ settings: settings(), batchRecords: 1000 })
  await reader.assign([{ ...partition, offset: 100 }])
  let next = 100
  while (next < 15_000) {
    const events = await reader.poll({ maxBytes: 1, waitMs: 1000 })
    for (const event of events) {
      if (event.type !== 'records') continue
      expect(event.records.offsets[0]).toBe(next)
      next += event.records.count
    }
    if (next > 100) expect(await reader.position([partition])).toEqual([{ ...partition, offset: next }])
  }
  await reader.close()
})

test('what is paused is not delivered, and after it is resumed nothing is missing, twice or out of order', async () => {
  const topic = await filled(40_000, 3, 60)
  const seed = Date.now() % 100_000
  console.log(`seed ${seed}`)
  let random = seed
  const dice = (sides: number) => (random = (random * 48_271) % 2_147_483_647) % sides
  const reader = await Reader.open({ settings: settings(), batchRecords: 2000 })
  await reader.assign(beginning(topic, 3))
  const paused = new Set<number>()
  const next = [0, 0, 0]
  while (Math.min(...next) < 40_000) {
    // Ordered while the poll is under way, so that a batch may be prepared already.
    const polled = reader.poll({ maxBytes: 1 + dice(200_000), waitMs: 50 })
    for (const event of await polled) {
      if (event.type !== 'records') continue
      const { partition, offsets, count } = event.records
      if (paused.has(partition))
        throw new Error(`Partition ${partition} is paused, and ${offsets[0]} was delivered.`)
      for (let row = 0; row < count; row++)
        if (offsets[row] !== next[partition]!++) throw new Error(`A gap at ${offsets[row]}.`)
    }
    const partition = dice(3)
    if (paused.has(partition)) {
      await reader.resume([{ topic, partition }])
      paused.delete(partition)
    } else if (paused.size < 2 || dice(4) === 0) {
      await reader.pause([{ topic, partition }])
      paused.add(partition)
    }
  }
  expect(next).toEqual([40_000, 40_000, 40_000])
  await reader.close()
})

test('seeking goes back, forward, to both ends and to the committed offset, also while paused or just assigned', async () => {
  const topic = await filled(5000, 2, 100)
  const group = kafka.uniqueGroup()
  const partition = { topic, partition: 0 }
  const reader = await Reader.open({ settings: { ...settings(), 'group.id': group }, batchRecords: 500 })
  await reader.commit([{ ...partition, offset: 777 }])
  const first = async (): Promise<number> => {
    for (;;)
      for (const event of await reader.poll({ maxBytes: 1, waitMs: 1000 })) {
        if (event.type === 'records' && event.records.partition === 0) return event.records.offsets[0]!
        if (event.type === 'end' && event.partition.partition === 0) return event.offset
      }
  }
  await reader.assign([
    { ...partition, offset: 4000 },
    { topic, partition: 1, offset: 'beginning' },
  ])
  // At once: librdkafka has not begun to read yet.
  await reader.seek([{ ...partition, offset: 1000 }])
  expect(await first()).toBe(1000)
  // The same while it is still looking for the committed offset.
  await reader.unassign([partition])
  await reader.assign([partition])
  await reader.seek([{ ...partition, offset: 1500 }])
  expect(await first()).toBe(1500)
  for (const offset of [10, 4321, 0, 4999, 10]) {
    await reader.seek([{ ...partition, offset }])
    expect(await first()).toBe(offset)
  }
  await reader.seek([{ ...partition, offset: 'end' }])
  expect(await first()).toBe(5000)
  await reader.seek([{ ...partition, offset: 'beginning' }])
  expect(await first()).toBe(0)
  await reader.seek([{ ...partition, offset: 'committed' }])
  expect(await first()).toBe(777)
  await reader.pause([partition])
  await reader.seek([{ ...partition, offset: 3000 }])
  await reader.seek([{ ...partition, offset: 2000 }])
  await reader.resume([partition])
  expect(await first()).toBe(2000)
  // Assigning what is assigned already is seeking, if an offset is given.
  await reader.assign([{ ...partition, offset: 1234 }])
  expect(await first()).toBe(1234)
  await reader.assign([partition])
  expect(await first()).toBeGreaterThan(1234)
  await expect(reader.seek([{ topic, partition: 5, offset: 1 }])).rejects.toMatchObject({
    class: 'permanent',
    message: `${topic}/5 is not assigned.`,
  })
  await reader.close()
})

test('what is unassigned stops at once, what is assigned again begins where it is told to', async () => {
  const topic = await filled(30_000, 2, 100)
  const reader = await PolledReader.open(settings(), { maxBytes: 50_000, batchBytes: 50_000 })
  await reader.reader.assign(beginning(topic, 2))
  await reader.until(() => reader.seen.length > 1000, 'some records')
  await reader.reader.unassign([{ topic, partition: 0 }])
  await reader.stop()
  const before = reader.offsetsOf(topic, 0).length
  expect(await reader.reader.assignment()).toEqual([{ topic, partition: 1 }])
  reader.start()
  await reader.until(() => reader.offsetsOf(topic, 1).length === 30_000, 'the other partition')
  expect(reader.offsetsOf(topic, 0).length).toBe(before)
  for (const offset of [29_990, 29_980, 29_970]) {
    const from = reader.seen.length
    await reader.reader.assign([{ topic, partition: 0, offset }])
    await reader.until(
      () => reader.seen.at(-1)?.offset === 29_999 && reader.seen.length > from,
      'the end of it',
    )
    expect(reader.seen.slice(from).map((one) => one.offset)).toEqual(range(offset, 30_000))
    await reader.reader.unassign([{ topic, partition: 0 }])
  }
  expect(reader.offsetsOf(topic, 1)).toEqual(range(0, 30_000))
})

test('statistics and logs come in the same stream', async () => {
  const topic = await filled(10)
  const reader = await PolledReader.open({ ...settings(), 'statistics.interval.ms': 200, debug: 'topic' })
  await reader.reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  const { json } = await reader.event('statistics', (event) => event.json.includes(topic))
  expect(JSON.parse(json)).toMatchObject({ type: 'consumer', client_id: 'millrace' })
  const log = await reader.event('log')
  expect(log).toMatchObject({ level: 7, facility: expect.stringMatching(/^[A-Z]+$/) as unknown as string })
})
