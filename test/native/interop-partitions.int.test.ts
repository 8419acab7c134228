// Keys go where Kafka's own Java producer would put them, asked of that producer.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import { Writer } from '../../native/writer.ts'
import { Random } from '../support/harness-records.ts'
import { java } from '../support/servers/java-client.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { bytes } from './interop/awkward.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})
afterAll(() => kafka.reset())

test.each([7, 12])(`10,000 random keys over %d partitions (SEED=${seed})`, async (partitions) => {
  const topic = kafka.uniqueTopic('keys')
  await kafka.createTopic(topic, { partitions })
  const random = new Random(seed)
  const texts = ['größe', '東京', '🚃', 'customer-']
  const keys = Array.from({ length: 10_000 }, () =>
    random.chance(0.3)
      ? Buffer.from(`${random.pick(texts)}${random.below(1e6)}`)
      : bytes(random, random.below(65)),
  )
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const written = await writer.write(topic, packPlain(keys.map((key) => ({ key, value: null }))))
  await writer.close()
  expect(written.failed).toEqual([])
  expect([...written.partitions]).toEqual(await java.partition(keys, partitions))
  expect(new Set(written.partitions).size).toBe(partitions)
})
