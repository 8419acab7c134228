import { deadLetterTopic, decodeParked } from '../../../engine/runtime/letters.ts'
import type { Output } from '../cluster/judge.ts'
import { effectsOf } from '../cluster/probe-effects.ts'
import type { ChaosEvent, Entry, GroupHistory, History, Row, Sum } from './history.ts'
import { readLedger } from './ledger.ts'
import type { ChaosRun } from './run.ts'
import type { TopologyName } from './topologies.ts'
import { textOf } from './topics.ts'

/** What is left of a run that is over. */
export async function collect(run: ChaosRun): Promise<History> {
  const attempts = Array.from({ length: run.plan.producers }, (_, n) => readLedger(run.ledgerOf(n))).flat()
  const events = new Map(attempts.map((attempt) => [attempt.attempt, attempt as ChaosEvent]))
  const groups: GroupHistory[] = []
  for (const name of run.plan.topologies) groups.push(await groupOf(run, name))
  return {
    partitions: run.plan.partitions,
    attempts,
    log: await logOf(run, events),
    groups,
    excuses: run.excuses,
    stuck: run.stuck,
  }
}

/** The source topic as it is: which attempt is where. What an attempt was, its ledger says. */
async function logOf(run: ChaosRun, events: ReadonlyMap<string, ChaosEvent>): Promise<Entry[]> {
  const log: Entry[] = []
  for await (const { record, partition, offset } of run.topics.records(run.name)) {
    const attempt = textOf(record.headers.find(({ name }) => name === 'attempt')?.value ?? null)
    const event = events.get(attempt)
    const stranger = { id: '', key: textOf(record.key), seq: 0, value: 0, action: 'garbage', at: 0 } as const
    log.push({ ...(event ?? stranger), attempt, partition, offset })
  }
  return log
}

async function groupOf(run: ChaosRun, name: TopologyName): Promise<GroupHistory> {
  const group = run.group(name)
  const base = { name, progress: run.progress.get(name) ?? [] }
  switch (name) {
    case 'seen':
    case 'once':
      return {
        ...base,
        effects: effectsOf(run.probeOf(name), run.name),
        parked: await run.topics.parked(group, run.name),
        dead: await deadOf(run, group),
        ...(name === 'once' && { outputs: await outputsOf(run) }),
      }
    case 'rows':
      return {
        ...base,
        effects: effectsOf(run.probeOf(name), run.name),
        rows: await rowsOf(run, 'chaos_rows'),
        latest: await rowsOf(run, 'chaos_latest'),
      }
    case 'sums':
      return { ...base, sums: await sumsOf(run) }
  }
}

async function deadOf(run: ChaosRun, group: string): Promise<string[]> {
  const dead: string[] = []
  for await (const { record } of run.topics.records(deadLetterTopic(run.name))) {
    const entry = decodeParked(record)
    if (entry.type === 'letter' && entry.info.group === group)
      dead.push(`${entry.info.partition}@${entry.info.offset}`)
  }
  return dead
}

async function outputsOf(run: ChaosRun): Promise<Output[]> {
  const outputs: Output[] = []
  for await (const { record } of run.topics.records(`${run.name}.once.out`))
    outputs.push({
      key: textOf(record.key),
      id: textOf(record.headers.find(({ name }) => name === 'id')?.value ?? null),
    })
  return outputs
}

async function sumsOf(run: ChaosRun): Promise<Sum[]> {
  const sums: Sum[] = []
  for await (const { record } of run.topics.records(`${run.name}.sums.out`)) {
    const { key, version, count, total } = JSON.parse(textOf(record.value)) as Sum
    sums.push({ key, version, count, total })
  }
  return sums
}

async function rowsOf({ world, keyspace }: ChaosRun, table: string): Promise<Row[]> {
  const { server } = world.cassandra!
  const rows: Row[] = []
  // A page is 5000 rows, and the admin of the test kit asks for one: token by token range it is not, key by key it is.
  for (const { key } of await server.cql(`SELECT DISTINCT key FROM ${table}`, keyspace)) {
    const found = await server.cql(
      `SELECT id, seq, value FROM ${table} WHERE key = '${String(key)}'`,
      keyspace,
    )
    for (const row of found)
      rows.push({
        key: String(key),
        id: String(row['id']),
        seq: Number(String(row['seq'])),
        value: Number(String(row['value'])),
      })
  }
  return rows
}
