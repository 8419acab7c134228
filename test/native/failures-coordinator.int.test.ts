// Brokers that are replaced one after the other, as in an upgrade: a group's coordinator is another one afterwards.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { KafkaError } from '../../native/errors.ts'
import { packPlain } from '../../native/plain-batches.ts'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { hear, seenIn } from './interop/listen.ts'

const topic = 'rolled'
const partition = { topic, partition: 0 }
let kafka: KafkaServer

beforeAll(async () => {
  kafka = await startKafka({ brokers: 3, name: 'rolled' })
  await kafka.createTopic(topic)
})
afterAll(() => kafka.close())

test('a reader and a writer go on as if nothing had happened, and so do questions for offsets', async () => {
  const settings = { 'bootstrap.servers': kafka.bootstrap, 'group.id': 'rolled', 'fetch.wait.max.ms': 100 }
  const [reader, writer] = [await Reader.open({ settings }), await Writer.open({ settings })]
  const one = packPlain([{ key: null, value: Buffer.from('one') }])
  const transactional = { ...settings, 'transactional.id': 'rolled' }
  let sink = await Writer.open({ settings: transactional })
  await sink.initTransactions()
  const commitOffset = async (offset: number, metadata: string): Promise<void> => {
    await sink.begin()
    await sink.sendOffsets([{ ...partition, offset, metadata }], (await reader.groupMetadata()).bytes, 3000)
    await sink.commit()
  }
  await writer.write(topic, one)
  await reader.assign([{ ...partition, offset: 'beginning' }])
  await hear(reader, (events) => seenIn(events).length === 1)
  await commitOffset(1, 'first')
  const kept = { ...partition, offset: 1, metadata: 'first' }
  expect(await reader.committed([partition])).toMatchObject([kept])

  const written: Promise<unknown>[] = []
  for (const { id } of kafka.brokers) {
    await kafka.stop(id)
    written.push(writer.write(topic, one))
    await kafka.start(id)
    await kafka.inSync(topic)
  }
  const rest = await hear(reader, (events) => seenIn(events).length === 3)
  expect(seenIn(rest).map(({ offset }) => offset)).toEqual([1, 2, 3])
  expect(await Promise.all(written)).toMatchObject(written.map(() => ({ failed: [] })))
  expect(await reader.committed([partition])).toMatchObject([kept])
  expect(await reader.committed([partition], { group: 'another' })).toEqual([undefined])
  expect(await reader.offsets([partition], 'latest')).toEqual([4])
  expect(await reader.partitionCount(topic)).toBe(1)

  // librdkafka may hang here, but we do not: it is told, and another writer takes over.
  const failure = await commitOffset(4, 'last').catch((error: unknown) => error as KafkaError)
  if (failure !== undefined) {
    expect(failure.class).toBe('fatal')
    await sink.close({ limitMs: 500 })
    sink = await Writer.open({ settings: transactional })
    await sink.initTransactions()
    await commitOffset(4, 'last')
  }
  expect(await reader.committed([partition])).toMatchObject([{ offset: 4, metadata: 'last' }])
  await Promise.all([reader.close(), writer.close(), sink.close()])
})
