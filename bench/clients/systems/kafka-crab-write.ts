// kafka-crab-js: send() of 5,000 records, eight at a time, each waiting for its deliveries.
import { librdkafkaWriting } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'
import type { KafkaCrab } from './kafka-crab-client.ts'
import { openPeer } from './peer-package.ts'
import { writtenRecords } from './written-records.ts'

const { KafkaClient } = await openPeer<KafkaCrab>('kafka-crab-js')
const task = readTask()
const clock = stopwatch(task.seconds)
const messages = writtenRecords(5_000).map(({ key, value }) => ({ key, payload: value }))
const batchBytes = messages.reduce((sum, { payload }) => sum + payload.length, 0)
const client = new KafkaClient({ brokers: task.bootstrap, clientId: 'bench', diagnostics: false })
const producer = client.createProducer({ configuration: librdkafkaWriting })
let records = 0
let bytes = 0
await Promise.all(Array.from({ length: 8 }, write))
finish({ records, bytes })

async function write(): Promise<void> {
  while (!clock.over()) {
    const deliveries = await producer.send({ topic: task.topic, messages })
    records += deliveries.length
    bytes += batchBytes
  }
}
