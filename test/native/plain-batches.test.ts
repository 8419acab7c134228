// Plain records packed by topic, and results put back into the caller's order.
import { expect, test } from '@jest/globals'
import { KafkaError } from '../../native/errors.ts'
import { mergeResults, packByTopic, packPlain } from '../../native/plain-batches.ts'
import { plainRecord, type PlainRecord } from '../../native/records.ts'

const text = (value: string): Buffer => Buffer.from(value)

test('a packed record is the record again, null told from empty', () => {
  const records: PlainRecord[] = [
    { key: null, value: null, headers: [], timestamp: -1 },
    { key: text(''), value: text(''), headers: [{ name: '', value: null }], timestamp: 0 },
    { key: text('k'), value: text('v'), headers: [{ name: 'h', value: text('') }], timestamp: 12 },
  ]
  const packed = packPlain(records)
  const whole = { ...packed, topic: 'topic', partition: 0, offsets: new Float64Array(3) }
  expect(records.map((_, row) => plainRecord(whole, row))).toEqual(records)
  expect(packed.bytes.length).toBe(2 + 3 + 4)
})

test('headers and a time are optional', () => {
  const { timestamps, headerStarts, headerEnds } = packPlain([{ key: null, value: text('v') }])
  expect([timestamps[0], headerEnds[0]! - headerStarts[0]!]).toEqual([-1, 0])
})

test('one batch a topic, in the order in which they first appear', () => {
  const record = (topic: string, value: string, partition?: number) => ({
    topic,
    key: null,
    value: text(value),
    ...(partition !== undefined && { partition }),
  })
  const batches = packByTopic([record('b', '0'), record('a', '1', 4), record('b', '2'), record('b', '3', 0)])
  expect(batches.map(({ topic, rows }) => [topic, ...rows])).toEqual([
    ['b', 0, 2, 3],
    ['a', 1],
  ])
  expect(batches.map(({ partitions }) => Array.from(partitions))).toEqual([[-1, -1, 0], [4]])
  expect(batches.map(({ columns }) => columns.bytes.toString())).toEqual(['023', '1'])
})

test('results come back by the caller’s rows', () => {
  const batches = packByTopic(['b', 'a', 'b', 'a'].map((topic) => ({ topic, key: null, value: null })))
  const error = new KafkaError('_PURGE_QUEUE', -152, 'Purged.', 'closed')
  const fail = (row: number) => ({ row, error, maybeWritten: false })
  const merged = mergeResults(4, batches, [
    { partitions: Int32Array.of(1, 2), offsets: Float64Array.of(10, -1), failed: [fail(1)] },
    { partitions: Int32Array.of(3, 4), offsets: Float64Array.of(-1, 40), failed: [fail(0)] },
  ])
  expect(Array.from(merged.partitions)).toEqual([1, 3, 2, 4])
  expect(Array.from(merged.offsets)).toEqual([10, -1, -1, 40])
  expect(merged.failed).toEqual([fail(1), fail(2)])
})
