// @platformatic/kafka: send() of 2,000 records at a time, one after the other (it allows no more when idempotent).
import { compression } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'
import { openPeer } from './peer-package.ts'
import type { Platformatic } from './platformatic-client.ts'
import { writtenRecords } from './written-records.ts'

const { Producer, compatibilityPartitioner } = await openPeer<Platformatic>('@platformatic/kafka')
const task = readTask()
const clock = stopwatch(task.seconds)
const messages = writtenRecords(2_000).map((record) => ({ topic: task.topic, ...record }))
const batchBytes = messages.reduce((sum, { value }) => sum + value.length, 0)
const producer = new Producer({
  clientId: 'bench',
  bootstrapBrokers: [task.bootstrap],
  idempotent: true,
  acks: -1,
  compression,
  partitioner: compatibilityPartitioner,
})
let records = 0
let bytes = 0
while (!clock.over()) {
  await producer.send({ messages })
  records += messages.length
  bytes += batchBytes
}
finish({ records, bytes })
