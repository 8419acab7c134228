// node-rdkafka: the standard API, produce() with delivery reports, polled while the queue is full.
import kafka from 'node-rdkafka'
import { librdkafkaWriting } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'
import { writtenRecords } from './written-records.ts'

const task = readTask()
const clock = stopwatch(task.seconds)
const pool = writtenRecords(10_000)
const burst = 1000
const queueLimit = 100_000
let sent = 0
let acknowledged = 0
let bytes = 0

const producer = new kafka.Producer(
  { ...librdkafkaWriting, 'metadata.broker.list': task.bootstrap, dr_cb: true },
  {},
)
producer.on('delivery-report', (error, report) => {
  if (error) throw new Error(error.message)
  acknowledged++
  bytes += report.size
})
producer.on('ready', write)
producer.connect()

function write(): void {
  if (clock.over()) return flush()
  while (sent - acknowledged < queueLimit - burst) {
    for (let n = 0; n < burst; n++) {
      const record = pool[sent++ % pool.length]!
      producer.produce(task.topic, null, record.value, record.key)
    }
    producer.poll()
    if (clock.over()) return flush()
  }
  producer.poll()
  setTimeout(write, 1)
}

function flush(): void {
  producer.flush(30_000, (error) => {
    if (error) throw new Error(error.message)
    waitForReports()
  })
}

function waitForReports(): void {
  producer.poll()
  if (acknowledged === sent) finish({ records: acknowledged, bytes })
  setTimeout(waitForReports, 5)
}
