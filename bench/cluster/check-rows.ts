import { types, type Client } from 'cassandra-driver'
import { auditEvent, userRow, users, type AuditEvent } from './audit-events.ts'
import { auditColumns, auditTables, bucketOf, hashOf, retentionMs, type AuditTable } from './audit-rows.ts'
import type { CassandraTask } from './task.ts'

/** What the tables must hold: these events, at these times. */
export interface ExpectedRows {
  readonly total: number
  /** Whether the n-th event was sent: repetitions have no number of their own. */
  readonly isSent: (n: number) => boolean
  readonly timeOf: (n: number) => number
}

/** Reads all three tables and compares each cell; answers what is wrong, in words, or undefined. */
export async function rowsFault(
  client: Client,
  { keyspace, enrich }: CassandraTask,
  expected: ExpectedRows,
): Promise<string | undefined> {
  for (const table of auditTables) {
    const fault = await tableFault(client, `${keyspace}.${table}`, table, enrich, expected)
    if (fault !== undefined) return `${table}: ${fault}`
  }
  return undefined
}

async function tableFault(
  client: Client,
  name: string,
  table: AuditTable,
  enrich: boolean,
  expected: ExpectedRows,
): Promise<string | undefined> {
  const seen = new Uint8Array(expected.total)
  let wrong: string | undefined
  let rows = 0
  const all = client.stream(
    `SELECT ${auditColumns.join(', ')}, writetime(action) AS written, ttl(action) AS remaining FROM ${name}`,
    [],
    {
      prepare: false,
      fetchSize: 5000,
      autoPage: true,
      readTimeout: 60_000,
    },
  )
  for await (const row of all as unknown as AsyncIterable<types.Row>) {
    const n = Number(String(row['event_id']).slice('event-'.length))
    if (seen[n] !== 0) return `the event ${n} is there twice, or was never sent`
    seen[n] = 1
    rows++
    wrong ??= rowFault(row, table, enrich, auditEvent(n, expected.timeOf(n)))
  }
  let missing = 0
  for (let n = 0; n < expected.total; n++) if (expected.isSent(n) !== (seen[n] === 1)) missing++
  return missing > 0 ? `${missing} events are missing or too many, beside ${rows}` : wrong
}

function rowFault(row: types.Row, table: AuditTable, enrich: boolean, event: AuditEvent): string | undefined {
  const user = userRow(Number(/\d+/.exec(event.userId)?.[0]) % users)
  const cells: Readonly<Record<string, unknown>> = {
    store: event.store,
    entity_type: event.entityType,
    entity_id: event.entityId,
    bucket: bucketOf(table, event.timestamp),
    event_time: event.timestamp,
    hash: hashOf(event),
    action: event.action,
    user_id: event.userId,
    user: enrich ? user : null,
    before: event.before,
    after: event.after,
    source: event.source,
    correlation_id: event.correlationId,
    causation_id: null,
    written: event.timestamp * 1000,
  }
  for (const [column, value] of Object.entries(cells)) {
    const [found, wanted] = [plain(row[column]), plain(value)]
    if (found !== wanted) return `${event.eventId} has ${found} in ${column} instead of ${wanted}`
  }
  const end = Date.now() / 1000 + Number(row['remaining'])
  const late = end - (event.timestamp + retentionMs) / 1000
  // A row may wait for a while between its making and its writing.
  if (!(Math.abs(late) < 60)) return `${event.eventId} is kept ${Math.round(late)} s longer than it should be`
  return undefined
}

/** A text that equal cells have in common. */
function plain(value: unknown): string {
  if (value instanceof Date) return String(value.getTime())
  if (value instanceof types.Long) return value.toString()
  if (typeof value === 'object' && value !== null)
    return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  return typeof value === 'string' ? value : String((value as number | bigint | undefined) ?? null)
}
