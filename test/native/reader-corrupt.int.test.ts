import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { fill } from './support/fill.ts'
import { closeAll, PolledReader } from './support/polled-reader.ts'

let kafka: KafkaServer

beforeAll(async () => {
  kafka = await startKafka({ name: 'corrupt' })
})

afterEach(closeAll)

afterAll(async () => {
  await kafka.close()
})

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** Turns the last bytes of the batch that contains an offset, in the broker's own file. */
async function damage(topic: string, offset: number): Promise<void> {
  const path = join(dirname(kafka.brokers[0]!.log), 'data', `${topic}-0`, '00000000000000000000.log')
  const log = await readFile(path)
  for (let at = 0; at < log.length;) {
    const [first, size] = [Number(log.readBigInt64BE(at)), log.readInt32BE(at + 8) + 12]
    const last = first + log.readInt32BE(at + 23)
    if (first <= offset && offset <= last)
      for (let byte = at + size - 6; byte < at + size; byte++) log[byte]! ^= 0x55
    at += size
  }
  await writeFile(path, log)
}

test('a damaged batch is told, and nothing behind it is delivered before somebody says where to go on', async () => {
  const topic = kafka.uniqueTopic()
  await kafka.createTopic(topic)
  for (const from of [0, 100, 200]) await fill(kafka.bootstrap, topic, { count: 100, from, size: 100 })
  await kafka.stop(1)
  await damage(topic, 150)
  await kafka.start(1)
  const reader = await PolledReader.open({ 'bootstrap.servers': kafka.bootstrap })
  const partition = { topic, partition: 0 }
  await reader.reader.assign([{ ...partition, offset: 'beginning' }])
  const failed = await reader.event('failed', (event) => event.partition !== undefined)
  expect(failed).toMatchObject({ partition, error: { code: '_BAD_MSG', class: 'permanent' } })
  await reader.morePolls(10)
  expect(reader.offsetsOf(topic, 0)).toEqual(range(0, 100))
  await reader.reader.assign([{ ...partition, offset: 200 }])
  await reader.until(() => reader.seen.length === 200, 'what lies behind')
  expect(reader.offsetsOf(topic, 0)).toEqual([...range(0, 100), ...range(200, 300)])
})
