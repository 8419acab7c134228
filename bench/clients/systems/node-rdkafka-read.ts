// node-rdkafka: consume(1000, callback), one call after the other.
import kafka from 'node-rdkafka'
import { librdkafkaReading } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'

const task = readTask()
const batch = 1000
const clock = stopwatch(task.seconds)
let records = 0
let bytes = 0
let left = task.total

const consumer = new kafka.KafkaConsumer(
  { ...librdkafkaReading, 'metadata.broker.list': task.bootstrap, 'group.id': 'bench-node-rdkafka' },
  {},
)
consumer.setDefaultConsumeTimeout(20)
consumer.on('ready', () => {
  start()
  next()
})
consumer.connect()

function start(): void {
  const offsets = Array.from({ length: task.partitions }, (_, partition) => ({
    topic: task.topic,
    partition,
    offset: 0,
  }))
  consumer.assign(offsets)
  left = task.total
}

function next(): void {
  consumer.consume(batch, (error, messages) => {
    if (error) throw new Error(error.message)
    for (const message of messages) {
      bytes += message.size
      if (task.scenario === 'read-headers') bytes += traceBytes(message.headers)
    }
    records += messages.length
    left -= messages.length
    if (clock.over()) finish({ records, bytes })
    if (left <= 0) start()
    next()
  })
}

function traceBytes(headers: kafka.MessageHeader[] | undefined): number {
  for (const header of headers ?? []) {
    const value = header.trace as unknown as Buffer | undefined
    if (value !== undefined) return value.length
  }
  return 0
}
