import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, type types } from 'cassandra-driver'
import type { CassandraAddresses } from '../servers/cassandra.ts'
import { auditEvent, type Written } from './events.ts'
import type { Findings } from './judge.ts'
import { projectRoot } from './proof.ts'
import type { Oracle } from './oracle.ts'

const day = 86_400_000

/** The audit topology of the project with a probe beside its tables, reading the topic of a proof. */
export function auditTopology(): { yaml: string; windowMs: number } {
  const yaml = readFileSync(join(projectRoot, 'topologies/audit-store.yaml'), 'utf8')
  const changed = yaml
    .replace(/^name: .*\n/m, '')
    .replace('topic: audit-events', 'topic: $TOPIC')
    .replace(/^sinks:\n/m, 'sinks:\n  probe: { type: probe, from: known, file: $PROBE, id: eventId }\n')
    .concat('budget: { partition: 64KiB, total: 192KiB }\n')
  if (!changed.includes('$TOPIC') || !changed.includes('$PROBE'))
    throw new Error('The audit topology has changed: there is no place for the topic or the probe.')
  return { yaml: changed, windowMs: 7 * day }
}

/** What an environment says of Cassandra. */
export function cassandraEnvironment(
  { contactPoint, datacenter }: CassandraAddresses,
  keyspace: string,
): string {
  return `cassandra:
  contactPoints: ${contactPoint}
  datacenter: ${datacenter}
  keyspace: ${keyspace}
  consistency: LOCAL_QUORUM
`
}

/** Makes the tables, as a user does. */
export async function migrate(environment: string): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      'main.ts',
      'cql',
      'apply',
      '--env',
      environment,
      '--project',
      '.',
    ],
    { cwd: projectRoot, env: { ...process.env, STATE: join(environment, '..', 'state-0') } },
  )
}

/** The tables of each class of events, and how long their rows are kept; undefined = for ever. */
const classes: Readonly<Record<string, { suffix: string; retentionMs: number | undefined }>> = {
  standard: { suffix: '', retentionMs: 365 * day },
  short: { suffix: '_short', retentionMs: 30 * day },
  permanent: { suffix: '_permanent', retentionMs: undefined },
}

/** How far a row's remaining time may be off, milliseconds: the clock goes on while rows are read. */
const slackMs = 120_000

/** Each table has exactly one row for each event that must have an effect, with its values, its time and its end. */
export async function judgeTables(
  { contactPoint, datacenter }: CassandraAddresses,
  keyspace: string,
  { effects }: Oracle,
): Promise<Findings> {
  const client = new Client({ contactPoints: [contactPoint], localDataCenter: datacenter, keyspace })
  const wrong: Findings = []
  try {
    for (const by of ['entity', 'user', 'store']) {
      for (const [name, { suffix, retentionMs }] of Object.entries(classes)) {
        const table = `audit_by_${by}${suffix}`
        const expected = new Map(
          effects
            .filter((event) => auditEvent(event)['retentionClass'] === name)
            .map((event) => [event.id, event]),
        )
        wrong.push(...(await judgeTable(client, table, expected, retentionMs)).slice(0, 5))
      }
    }
    return wrong
  } finally {
    await client.shutdown()
  }
}

async function judgeTable(
  client: Client,
  table: string,
  expected: Map<string, Written>,
  retentionMs: number | undefined,
): Promise<Findings> {
  const wrong: Findings = []
  const columns = 'event_id, store, entity_type, entity_id, event_time, action, user_id, after, hash'
  const query = `SELECT ${columns}, WRITETIME(action) AS written, TTL(action) AS left FROM ${table}`
  const seen = new Set<string>()
  for await (const row of await client.execute(query, [], { fetchSize: 5000 })) {
    const id = row['event_id'] as string
    const event = expected.get(id)
    if (event === undefined) wrong.push(`${table}: a row of ${id}, which should have none`)
    else if (seen.has(id)) wrong.push(`${table}: two rows of ${id}`)
    else wrong.push(...judgeRow(`${table}: ${id}`, row, event, retentionMs))
    seen.add(id)
  }
  for (const id of expected.keys()) if (!seen.has(id)) wrong.push(`${table}: no row of ${id}`)
  return wrong
}

function judgeRow(what: string, row: types.Row, event: Written, retentionMs: number | undefined): Findings {
  const { store, entityType, entityId, action, userId, after } = auditEvent(event)
  const found = [
    row['store'],
    row['entity_type'],
    row['entity_id'],
    row['action'],
    row['user_id'],
    row['after'],
  ]
  const wrong: Findings = []
  if (JSON.stringify(found) !== JSON.stringify([store, entityType, entityId, action, userId, after]))
    wrong.push(`${what} has other values: ${found.join(', ')}`)
  if ((row['event_time'] as Date).getTime() !== event.at) wrong.push(`${what} has another event time`)
  if (String(row['written']) !== String(event.at * 1000)) wrong.push(`${what} has another write time`)
  const left = row['left'] as number | null
  if (retentionMs === undefined || left === null) {
    if ((retentionMs === undefined) !== (left === null)) wrong.push(`${what} ends in ${left} s`)
  } else if (Math.abs(event.at + retentionMs - Date.now() - left * 1000) > slackMs)
    wrong.push(`${what} ends in ${left} s, which is another time than it should`)
  return wrong
}
