// A loop by hand: node-rdkafka, avsc, a Set of ids, cassandra-driver. Each poll's rows go into unlogged batches of one
// partition, many of them at once.
import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { Client, types } from 'cassandra-driver'
import kafka from 'node-rdkafka'
import { librdkafkaReading } from '../../clients/workload.ts'
import type { AuditEvent } from '../audit-events.ts'
import { insertInto, rowsOf, type AuditRow } from '../audit-rows.ts'
import { Latencies } from '../latencies.ts'
import { finish, readTask } from './child.ts'

const headerBytes = 5

// As good as 32 at once, and cheaper than single inserts, of which 256 and 1,024 at once were tried.
const batchRows = 20
const inFlight = 96

const task = readTask()
const { contactPoint, datacenter, keyspace, enrich } = task.cassandra!
const live = task.countFrom !== undefined
const type = avro.Type.forSchema(JSON.parse(readFileSync(task.schema, 'utf8')) as avro.Schema)
const client = new Client({
  contactPoints: [contactPoint],
  localDataCenter: datacenter,
  keyspace,
  encoding: { useUndefinedAsUnset: true },
  queryOptions: { consistency: types.consistencies.localQuorum, prepare: true, isIdempotent: true },
})
const seen = new Set<string>()
const knownUsers = new Map<string, Promise<unknown>>()
const latencies = new Latencies(3 * (task.countFrom ?? 0))
let records = 0
let stored = 0
let running = 0
const waiting: (() => void)[] = []

await client.connect()
const consumer = new kafka.KafkaConsumer(
  {
    ...librdkafkaReading,
    'metadata.broker.list': task.bootstrap,
    'group.id': task.group,
    'partition.assignment.strategy': 'cooperative-sticky',
    ...(live && { 'fetch.wait.max.ms': 10 }),
  },
  { 'auto.offset.reset': 'earliest' },
)
consumer.setDefaultConsumeTimeout(20)
consumer.on('ready', () => {
  consumer.subscribe([task.input])
  if (live) eachAtOnce()
  else poll(Promise.resolve())
})
consumer.connect()

/** Two polls are written at once, and committed one after the other. */
function poll(before: Promise<void>): void {
  consumer.consume(1000, (error, messages) => {
    if (error) throw new Error(error.message)
    const offsets = positionsAfter(messages)
    const rows = writeAll(messages.map(decode).filter((event) => event !== undefined))
    const written = Promise.all([before, rows]).then(() => {
      if (offsets.length > 0) consumer.commitSync(offsets)
    })
    records += messages.length
    if (records < task.total) void before.then(() => poll(written))
    else void written.then(() => finish({ records }))
  })
}

/** With few records, each is written as it comes. */
function eachAtOnce(): void {
  let committedAt = performance.now()
  consumer.on('data', (message) => {
    const event = decode(message)
    records++
    if (event === undefined) return
    void writeAll([event]).then(() => {
      stored++
      if (stored === task.total || performance.now() - committedAt > 200) {
        committedAt = performance.now()
        // Not exact: a crash may lose what is written just now. It is the cheapest that such a loop can do.
        consumer.commit()
      }
      if (stored === task.total) setTimeout(() => finish({ records, latency: latencies.summary() }), 500)
    })
  })
  consumer.consume()
}

function decode({ value }: kafka.Message): AuditEvent | undefined {
  const event = type.fromBuffer(value!.subarray(headerBytes)) as AuditEvent
  if (seen.has(event.eventId)) return undefined
  seen.add(event.eventId)
  return event
}

async function writeAll(events: readonly AuditEvent[]): Promise<void> {
  const groups = new Map<string, AuditRow[]>()
  const now = Date.now()
  for (const event of events) {
    const user = enrich ? await userOf(event.userId) : undefined
    for (const row of rowsOf(event, user, undefined, now)) {
      const group = groups.get(row.partition)
      if (group === undefined || group.length >= batchRows) {
        if (group !== undefined) groups.set(`${row.partition} ${groups.size}`, group)
        groups.set(row.partition, [row])
      } else group.push(row)
    }
  }
  await Promise.all([...groups.values()].map(writeGroup))
}

/** Answers from memory after the first time. */
async function userOf(id: string): Promise<unknown> {
  let user = knownUsers.get(id)
  if (user === undefined) {
    const found = client.execute('SELECT name, department FROM users WHERE user_id = ?', [id])
    user = found.then((result) => {
      const row = result.first()
      return row === null ? undefined : { name: String(row['name']), department: String(row['department']) }
    })
    knownUsers.set(id, user)
  }
  return user
}

async function writeGroup(rows: readonly AuditRow[]): Promise<void> {
  if (running >= inFlight) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  const queries = rows.map(({ table, values }) => ({ query: insertInto(table), params: [...values] }))
  const [first] = queries
  if (queries.length === 1) await client.execute(first!.query, first!.params)
  else await client.batch(queries, { logged: false, prepare: true })
  running--
  waiting.shift()?.()
  if (live) for (const { values } of rows) latencies.add(Date.now() - Number(values[4]))
}

/** Where each partition of a poll goes on. */
function positionsAfter(messages: readonly kafka.Message[]): kafka.TopicPartitionOffset[] {
  const next = new Map<number, number>()
  for (const { partition, offset } of messages) next.set(partition, offset + 1)
  return [...next].map(([partition, offset]) => ({ topic: task.input, partition, offset }))
}
