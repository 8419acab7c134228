import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'cassandra-driver'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroValueEncoder } from '../../engine/avro/value-codec.ts'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import { Writer } from '../../native/writer.ts'
import { measure } from '../clients/measure.ts'
import { kafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import { AuditHistory, auditEvent, packEvents, userId, userRow, users } from './audit-events.ts'
import { rowsFault, type ExpectedRows } from './check-rows.ts'
import { eventOfRecord } from './orders.ts'
import type { Bench, Course, Scenario } from './scenario.ts'
import { auditSystems } from './systems-audit.ts'
import { byHandProgram } from './systems-dedup.ts'
import type { CassandraTask, Task } from './task.ts'
import { newTopic, stateFolder, uncommitted } from './topics.ts'
import { fillTopic } from './wire.ts'

const partitions = 6
const root = join(import.meta.dirname, '../..')
const schemaFile = join(root, 'schemas/audit-events/AuditEvent.v1.avsc')
const eventsPerSecond = 1_000

/** Everything that was in the topic before, as fast as it goes. */
function history(enrich: boolean): Scenario {
  return {
    name: enrich ? 'audit-enriched' : 'audit',
    title: `The audit topology into Cassandra${enrich ? ', with the user looked up' : ''}`,
    systems: auditSystems(false),
    async open(bench) {
      const { schemaId, encoder } = await auditSchema()
      const admin = kafkaAdmin(bench.servers.bootstrap)
      const input = await newTopic(admin, 'bench-audit', partitions)
      const total = bench.options.sizes.audit
      const events = new AuditHistory(total, encoder)
      bench.say(`filling a topic with ${total.toLocaleString('en-US')} audit events`)
      await fillTopic(bench.servers.bootstrap, input, events)
      const expected: ExpectedRows = {
        total,
        isSent: (n) => eventOfRecord(n) === n,
        timeOf: (n) => events.timeOf(n),
      }
      const begin = (): Promise<Course> => beginAudit(bench, { input, total, schemaId, enrich }, expected)
      if (bench.servers.cassandraIsCold) await warmUp(bench, begin)
      return { begin, close: () => admin.reset() }
    },
  }
}

/** A JVM is slow at first: it is not the first system that shall pay for that. */
async function warmUp(bench: Bench, begin: () => Promise<Course>): Promise<void> {
  bench.say('warming Cassandra up')
  const course = await begin()
  try {
    const { invoke } = await byHandProgram('audit-by-hand.ts')
    await measure({ ...invoke(course.task), repeatSeconds: 0, limitSeconds: 600 }, bench.folder)
  } finally {
    await course.end()
  }
}

/** A thousand events a second, and how late their rows are. */
const latency: Scenario = {
  name: 'audit-latency',
  title: `The audit topology into Cassandra at ${eventsPerSecond.toLocaleString('en-US')} events a second, from the event to its acknowledged row`,
  systems: auditSystems(true),
  async open(bench) {
    const { schemaId, encoder } = await auditSchema()
    const { warmUpSeconds, latencySeconds } = bench.options.sizes
    const total = (warmUpSeconds + latencySeconds) * eventsPerSecond
    return {
      async begin() {
        const admin = kafkaAdmin(bench.servers.bootstrap)
        const input = await newTopic(admin, 'bench-audit', partitions)
        const times = new Float64Array(total)
        const expected = { total, isSent: () => true, timeOf: (n: number) => times[n]! }
        const countFrom = warmUpSeconds * eventsPerSecond
        const what = { input, total, schemaId, enrich: true, countFrom }
        const course = await beginAudit(bench, what, expected)
        return {
          ...course,
          alongside: (stop) => produceSteadily(bench.servers.bootstrap, input, encoder, times, stop),
          end: async () => {
            await course.end()
            await admin.reset()
          },
        }
      },
      close: () => Promise.resolve(),
    }
  },
}

async function auditSchema(): Promise<{ readonly schemaId: number; readonly encoder: ValueEncoder }> {
  const registry = await openDirectoryRegistry(join(root, 'schemas'))
  const schema = await registry.latest('audit.AuditEvent')
  return { schemaId: schema.id, encoder: avroValueEncoder(schema) }
}

type What = Pick<Task, 'input' | 'total' | 'schemaId' | 'countFrom'> & { readonly enrich: boolean }

/** One run into a keyspace of its own, judged by its rows. */
async function beginAudit(bench: Bench, { enrich, ...what }: What, expected: ExpectedRows): Promise<Course> {
  const { bootstrap } = bench.servers
  const cassandra = await bench.servers.cassandra()
  const { contactPoint, datacenter } = cassandra
  const admin = kafkaAdmin(bootstrap)
  const group = admin.uniqueGroup('bench')
  const keyspace = await cassandra.newKeyspace('audit')
  const client = new Client({ contactPoints: [contactPoint], localDataCenter: datacenter, keyspace })
  await makeTables(client)
  const state = stateFolder(bench)
  const place: CassandraTask = { contactPoint, datacenter, keyspace, enrich }
  const common = { bootstrap, output: '', partitions, group, schema: schemaFile, keys: 70_000 }
  return {
    task: { ...common, ...what, state: state.path, cassandra: place },
    async fault({ records }) {
      if (records !== what.total) return `it read ${records} records of ${what.total}`
      const fault = await rowsFault(client, place, expected)
      return fault ?? (await uncommitted(bootstrap, group, what.input, partitions))
    },
    async end() {
      state.end()
      await client.shutdown()
      await cassandra.reset()
      await admin.reset()
    },
  }
}

/** The migrations in cql/ as they are, and the users. */
async function makeTables(client: Client): Promise<void> {
  const folder = join(root, 'cql')
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.cql'))
    .sort()) {
    const text = readFileSync(join(folder, file), 'utf8').replaceAll(/^\s*--.*$/gm, '')
    for (const statement of text.split(';').filter((one) => one.trim() !== ''))
      await client.execute(statement)
  }
  for (let n = 0; n < users; n++) {
    const { name, department } = userRow(n)
    const insert = 'INSERT INTO users (user_id, name, department) VALUES (?, ?, ?)'
    await client.execute(insert, [userId(n), name, department], { prepare: true })
  }
}

/** Writes `times.length` events, ten every ten milliseconds, and notes when each happened. */
async function produceSteadily(
  bootstrap: string,
  topic: string,
  encoder: ValueEncoder,
  times: Float64Array,
  stop: AbortSignal,
): Promise<void> {
  const writer = await Writer.open({ settings: { 'bootstrap.servers': bootstrap, 'linger.ms': 0 } })
  try {
    const began = performance.now()
    for (let sent = 0; sent < times.length && !stop.aborted; await delay(10)) {
      const due = Math.min(times.length, Math.floor(((performance.now() - began) / 1000) * eventsPerSecond))
      if (due <= sent) continue
      const now = Date.now()
      times.fill(now, sent, due)
      const events = Array.from({ length: due - sent }, (_, n) => auditEvent(sent + n, now))
      sent = due
      const { failed } = await writer.write(topic, packEvents(events, encoder))
      if (failed.length > 0) throw failed[0]!.error
    }
  } finally {
    await writer.close()
  }
}

export const auditScenarios: readonly Scenario[] = [history(false), history(true), latency]
