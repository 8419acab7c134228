// Keys go to the partitions that Java's producer would choose, whatever they are made of.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import { Writer } from '../../native/writer.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { javaPartition, murmur2 } from './java-partitioner.ts'

let kafka: SharedKafka
let writer: Writer

beforeAll(async () => {
  kafka = await sharedKafka()
  writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
})

afterAll(async () => {
  await writer.close()
  await kafka.reset()
})

/** 10,000 different keys: the empty one, every single byte, text, numbers, and bytes of all lengths up to 64. */
function keys(): Buffer[] {
  const made = [Buffer.alloc(0), ...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte))]
  for (let n = 0; made.length < 10_000; n++) {
    const bytes = Buffer.alloc(2 + (n % 63), n)
    bytes.writeUInt16LE(n & 0xffff)
    made.push(n % 3 === 0 ? Buffer.from(`customer-${n}`) : n % 3 === 1 ? Buffer.from(`größe ${n} ✓`) : bytes)
  }
  return made
}

test('the reference gives the hashes of Kafka’s own tests (UtilsTest.testMurmur2)', () => {
  const cases: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ]
  for (const [text, hash] of cases) expect([text, murmur2(Buffer.from(text))]).toEqual([text, hash])
})

test.each([1, 6, 7])('10,000 keys over %d partitions', async (partitions) => {
  const topic = kafka.uniqueTopic('partitioned')
  await kafka.createTopic(topic, { partitions })
  const all = keys()
  const result = await writer.write(topic, packPlain(all.map((key) => ({ key, value: null }))))
  expect(result.failed).toEqual([])
  expect(Array.from(result.partitions)).toEqual(all.map((key) => javaPartition(key, partitions)))
})

test('records without a key are spread, those with an empty key are not', async () => {
  const topic = kafka.uniqueTopic('partitioned')
  await kafka.createTopic(topic, { partitions: 6 })
  const spread = new Set<number>()
  // Within 10 ms they stick to one partition, so that batches are large.
  for (let round = 0; round < 1000 && spread.size < 6; round++) {
    const result = await writer.writePlain([{ topic, key: null, value: Buffer.from('x') }])
    spread.add(result.partitions[0]!)
  }
  expect(spread.size).toBe(6)
  const empty = await writer.write(
    topic,
    packPlain(Array.from({ length: 20 }, () => ({ key: Buffer.alloc(0), value: null }))),
  )
  expect(new Set(empty.partitions)).toEqual(new Set([javaPartition(Buffer.alloc(0), 6)]))
})
