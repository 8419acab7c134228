// kafka-crab-js: a web stream of batches of up to 1,000.
import { librdkafkaReading, partitions } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'
import type { KafkaCrab } from './kafka-crab-client.ts'
import { openPeer } from './peer-package.ts'

const { KafkaClient } = await openPeer<KafkaCrab>('kafka-crab-js')
const task = readTask()
const clock = stopwatch(task.seconds)
const withHeaders = task.scenario === 'read-headers'
const client = new KafkaClient({ brokers: task.bootstrap, clientId: 'bench', diagnostics: false })
let records = 0
let bytes = 0
for (let pass = 1; ; pass++) await readTopic(pass)

async function readTopic(pass: number): Promise<void> {
  const { consumer, stream } = client.createWebStreamConsumer({
    groupId: `bench-kafka-crab-${process.pid}-${pass}`,
    enableAutoCommit: false,
    batchSize: 1000,
    batchTimeout: 2,
    configuration: { ...librdkafkaReading, 'auto.offset.reset': 'earliest' },
  })
  const beginning = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    offset: { position: 'Beginning' },
  }))
  await consumer.subscribe([{ topic: task.topic, partitionOffset: beginning }])
  let left = task.total
  for await (const messages of stream) {
    for (const message of messages) {
      bytes += message.payload.length
      if (withHeaders) bytes += message.headers?.trace?.length ?? 0
    }
    records += messages.length
    left -= messages.length
    if (clock.over()) finish({ records, bytes })
    if (left <= 0) break
  }
  await consumer.disconnect()
}
