// A loop by hand: node-rdkafka, avsc, a Set of ids. Its state is gone with the process.
import { readFileSync } from 'node:fs'
import avro from 'avsc'
import kafka from 'node-rdkafka'
import { librdkafkaReading, librdkafkaWriting } from '../../clients/workload.ts'
import { finish, readTask } from './child.ts'

const commitMs = 200
const headerBytes = 5

const task = readTask()
const type = avro.Type.forSchema(JSON.parse(readFileSync(task.schema, 'utf8')) as avro.Schema)
const seen = new Set<string>()
let records = 0
let committedAt = performance.now()

const producer = new kafka.Producer(
  { ...librdkafkaWriting, 'metadata.broker.list': task.bootstrap, dr_cb: true },
  { partitioner: 'murmur2_random' },
)
producer.on('delivery-report', (error) => {
  if (error) throw new Error(error.message)
})
const consumer = new kafka.KafkaConsumer(
  {
    ...librdkafkaReading,
    'metadata.broker.list': task.bootstrap,
    'group.id': task.group,
    'partition.assignment.strategy': 'cooperative-sticky',
  },
  { 'auto.offset.reset': 'earliest' },
)
consumer.setDefaultConsumeTimeout(20)
consumer.on('ready', () => {
  consumer.subscribe([task.input])
  next()
})
producer.on('ready', () => consumer.connect())
producer.connect()

function next(): void {
  consumer.consume(1000, (error, messages) => {
    if (error) throw new Error(error.message)
    for (const message of messages) dispatch(message)
    records += messages.length
    producer.poll()
    if (records >= task.total) commit(() => finish({ records }))
    else if (messages.length > 0 && performance.now() - committedAt > commitMs) commit(next)
    else next()
  })
}

function dispatch({ key, value, timestamp }: kafka.Message): void {
  const { eventId } = type.fromBuffer(value!.subarray(headerBytes)) as { readonly eventId: string }
  if (seen.has(eventId)) return
  seen.add(eventId)
  for (;;) {
    try {
      producer.produce(task.output, null, value, key, timestamp)
      return
    } catch (error) {
      if ((error as { readonly code?: number }).code !== kafka.CODES.ERRORS.ERR__QUEUE_FULL) throw error
      producer.poll()
    }
  }
}

/** The offsets follow once all that was written before is acknowledged. */
function commit(then: () => void): void {
  producer.flush(30_000, (error) => {
    if (error) throw new Error(error.message)
    producer.poll()
    consumer.commitSync(null)
    committedAt = performance.now()
    then()
  })
}
