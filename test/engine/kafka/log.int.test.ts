// Topics of a real cluster as the engine sees them.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TopicPartition } from '../../../engine/component/contracts/position.ts'
import { packBatch } from '../../../engine/component/outgoing.ts'
import { plainRecord } from '../../../engine/component/packed-records.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import { Writer } from '../../../native/writer.ts'
import { javaPartition } from '../../native/java-partitioner.ts'
import { plain, readable, record } from '../../support/contracts/source-driver.ts'
import { sharedKafka, type SharedKafka } from '../../support/servers/shared.ts'
import { settingsFor } from './kafka-settings.ts'

let kafka: SharedKafka
let log: KafkaLog

beforeAll(async () => {
  kafka = await sharedKafka()
  log = new KafkaLog({ settings: settingsFor(kafka.bootstrap), onTrouble: () => undefined })
})
afterAll(async () => {
  await log.close()
  await kafka.reset()
})

async function newTopic(partitions = 1): Promise<string> {
  const topic = kafka.uniqueTopic()
  await log.ensureTopic(topic, { partitions })
  return topic
}

test('makes topics that keep their records, and leaves those alone that are there', async () => {
  const [topic, short] = [kafka.uniqueTopic(), kafka.uniqueTopic()]
  expect(await log.partitionsOf(topic)).toBeUndefined()
  expect(await log.ensureTopic(topic, { partitions: 3 })).toBe(3)
  expect(await log.ensureTopic(topic, { partitions: 5 })).toBe(3)
  expect(await log.partitionsOf(topic)).toBe(3)
  const careful = new KafkaLog({
    settings: { ...settingsFor(kafka.bootstrap), topics: { partitions: 2, replication: 1, minInsync: 1 } },
    onTrouble: () => undefined,
  })
  expect(await careful.ensureTopic(short, { retentionMs: 60_000 })).toBe(2)
  await careful.close()
  const admin = await KafkaAdmin.open(settingsFor(kafka.bootstrap))
  const settings = await admin.settings([topic, short])
  await admin.close()
  expect(settings.get(topic)!.get('retention.ms')).toEqual({ value: '-1', own: true })
  expect(settings.get(topic)!.get('cleanup.policy')?.value).toBe('delete')
  expect(settings.get(short)!.get('retention.ms')?.value).toBe('60000')
  expect(settings.get(short)!.get('min.insync.replicas')).toEqual({ value: '1', own: true })
})

test('appends where Java would put it, and says where that was', async () => {
  const topic = await newTopic(5)
  const other = await newTopic()
  const sent = [...plain(topic, 50), ...plain(topic, 3, 4), ...plain(other, 2)]
  const positions = await log.append(sent)
  expect(positions.map((position) => position.topic)).toEqual(sent.map((each) => each.topic))
  for (const [row, { partition }] of positions.slice(0, 50).entries())
    expect(partition).toBe(javaPartition(Buffer.from(sent[row]!.key!), 5))
  for (const [row, { partition, offset }] of positions.entries()) {
    const { records } = await log.fetch({ topic: sent[row]!.topic, partition }, offset, 1)
    expect(readable(plainRecord(records, 0))).toEqual(readable(sent[row]!))
  }
  expect(await log.append([])).toEqual([])
})

test('a record that is too large is refused alone, with its topic and size', async () => {
  const topic = await newTopic()
  const large = record(topic, { value: randomBytes(2_000_000) })
  const failed = await log.write(packBatch(topic, [...plain(topic, 2), large, ...plain(topic, 2)], 0))
  expect(failed.map(({ row }) => row)).toEqual([2])
  expect(failed[0]!.error).toMatchObject({ kind: 'permanent', facts: { topic, bytes: 2_000_003 } })
  expect((failed[0]!.error as Error).message).toContain(`2000003 bytes is too large for topic ${topic}`)
  await expect(log.append([large])).rejects.toMatchObject({ kind: 'permanent' })
  expect(await log.write(packBatch(topic, []))).toEqual([])
  const { records } = await log.fetch({ topic, partition: 0 }, 0, 100)
  expect(records.count).toBe(4)
})

test('a topic that is not there is told in one sentence', async () => {
  const at = { topic: 'no-such-topic', partition: 0 }
  await expect(log.bounds(at)).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN', kind: 'fatal' })
  await expect(log.fetch(at, 0, 1)).rejects.toThrow('There is no topic no-such-topic in Kafka.')
  const beyond = { topic: await newTopic(2), partition: 2 }
  await expect(log.bounds(beyond)).rejects.toThrow(/has 2 partitions, from 0 on: there is no partition 2\.$/)
})

describe('fetch', () => {
  const offsetsIn = async (at: TopicPartition, offset: number, limit: number) => {
    const { records, next } = await log.fetch(at, offset, limit)
    return { offsets: [...records.offsets], next }
  }

  test('reads stretches, many at once, and goes on where it ended', async () => {
    const topic = await newTopic(3)
    for (let partition = 0; partition < 3; partition++) await log.append(plain(topic, 100, partition))
    const stretches = [
      [0, 0, 10],
      [0, 5, 200],
      [1, 90, 5],
      [2, 100, 5],
      [2, 500, 5],
      [2, 7, 0],
    ] as const
    const got = await Promise.all(
      stretches.map(([partition, offset, limit]) => offsetsIn({ topic, partition }, offset, limit)),
    )
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, row) => from + row)
    expect(got).toEqual([
      { offsets: range(0, 10), next: 10 },
      { offsets: range(5, 100), next: 100 },
      { offsets: range(90, 95), next: 95 },
      { offsets: [], next: 100 },
      { offsets: [], next: 500 },
      { offsets: [], next: 7 },
    ])
  })

  test('sees what is committed alone, and beyond the gaps that the rest leaves', async () => {
    const topic = await newTopic()
    const at = { topic, partition: 0 }
    const writer = await Writer.open({
      settings: { 'bootstrap.servers': kafka.bootstrap, 'transactional.id': kafka.uniqueGroup('tx') },
    })
    await writer.initTransactions()
    const write = async (count: number, end: 'commit' | 'abort' | 'leave') => {
      await writer.begin()
      await writer.writePlain(plain(topic, count, 0))
      if (end !== 'leave') await writer[end]()
    }
    await write(3, 'commit')
    await write(4, 'abort')
    await write(2, 'commit')
    await kafka.untilEnded()
    // 0 1 2 and a marker, 4 to 7 aborted and a marker, 9 10 and a marker.
    expect(await offsetsIn(at, 0, 100)).toEqual({ offsets: [0, 1, 2, 9, 10], next: 12 })
    expect(await offsetsIn(at, 0, 4)).toEqual({ offsets: [0, 1, 2, 9], next: 10 })
    expect(await offsetsIn(at, 11, 4)).toEqual({ offsets: [], next: 12 })
    await write(5, 'leave')
    await log.append(plain(topic, 1, 0))
    expect(await log.bounds(at)).toEqual({ first: 0, end: 12 })
    expect(await log.ends([at])).toEqual([12])
    expect(await offsetsIn(at, 9, 100)).toEqual({ offsets: [9, 10], next: 12 })
    await writer.abort()
    await writer.close()
    await kafka.untilEnded()
    const { records, next } = await log.fetch(at, 12, 100)
    expect([records.count, next]).toEqual([1, (await log.bounds(at)).end])
  })

  test('begins with what retention has left', async () => {
    const topic = await newTopic()
    await log.append(plain(topic, 20, 0))
    const admin = await KafkaAdmin.open(settingsFor(kafka.bootstrap))
    await admin.deleteRecords([{ topic, partition: 0, offset: 15 }])
    await admin.close()
    expect(await log.bounds({ topic, partition: 0 })).toEqual({ first: 15, end: 20 })
    expect((await offsetsIn({ topic, partition: 0 }, 3, 100)).offsets).toEqual([15, 16, 17, 18, 19])
  })
})

test('tells the ends of many partitions at once, in their order', async () => {
  const [one, two] = [await newTopic(3), await newTopic(1)]
  await log.append([...plain(one, 4, 1), ...plain(one, 2, 2), ...plain(two, 5, 0)])
  const all = [2, 0, 1].map((partition) => ({ topic: one, partition }))
  expect(await log.ends([...all, { topic: two, partition: 0 }])).toEqual([2, 0, 4, 5])
  const missing = log.ends([...all, { topic: two, partition: 7 }])
  await expect(missing).rejects.toMatchObject({ code: expect.any(String) })
})

test('tells what a group has committed, with its metadata', async () => {
  const topic = await newTopic(2)
  const group = kafka.uniqueGroup()
  const member = await log.read(group, [topic])
  await member.commit([{ topic, partition: 1, offset: 7, metadata: 'a map' }])
  await member.close()
  expect(await log.committed(group, { topic, partition: 1 })).toEqual({ offset: 7, metadata: 'a map' })
  expect(await log.committed(group, { topic, partition: 0 })).toBeUndefined()
})

test('without any broker everything fails as downstream, and closing does not hang', async () => {
  const away = new KafkaLog({
    settings: settingsFor('127.0.0.1:1', { settings: { 'message.timeout.ms': 500 } }),
    onTrouble: () => undefined,
  })
  const append = away.append(plain('any', 1))
  await expect(append).rejects.toMatchObject({ kind: 'downstream' })
  const bounds = away.bounds({ topic: 'any', partition: 0 })
  bounds.catch(() => undefined)
  await away.close()
  await expect(bounds).rejects.toMatchObject({ kind: 'downstream' })
})
