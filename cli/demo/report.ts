import { join, relative } from 'node:path'
import type { CommandArgs } from '../command-line/command.ts'
import { commandIn } from '../project/package-root.ts'
import { openKeys, parkedTopics } from '../letters/parked.ts'
import type { Project } from '../project/project.ts'
import { findRoot } from '../../project/root.ts'
import { command as query } from '../query.ts'
import { textTable } from '../terminal/text-table.ts'
import { describeText } from '../../engine/topology/describe.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'

export interface DemoResult {
  readonly args: CommandArgs
  readonly project: Project
  readonly plans: readonly TopologyPlan[]
  readonly summaries: ReadonlyMap<string, WorkerSummary>
  readonly seconds: number
  /** The store as it is to be named on the command line. */
  readonly store: string
}

/** What the last stored event says, for the queries. */
interface Sample {
  readonly store: string
  readonly entityType: string
  readonly entityId: string
  readonly userId: string
  readonly action: string
  readonly timestamp: number
}

/** Columns of a terminal that most people have. */
const tableWidth = 116

/** Tells what the demo did: numbers, dead letters, the three questions answered, the topologies, and what to try. */
export async function reportDemo(result: DemoResult): Promise<void> {
  const { out } = result.args
  tellNumbers(result)
  await tellDeadLetters(result)
  const sample = await lastEvent(result.project)
  if (sample !== undefined) await tellAnswers(result, sample)
  for (const plan of result.plans) out(`\n${describeText(plan)}`)
  tellNext(result, sample)
}

/** What each topology read, dropped and stored, and how fast. */
export function tellNumbers({ args, summaries, seconds }: DemoResult): void {
  const rows = [...summaries].map(([name, one]) => [
    name,
    ...[one.consumed, one.duplicates, one.dropped, one.deadLettered, one.stored].map(grouped),
  ])
  args.out('')
  for (const line of textTable(
    ['topology', 'read', 'duplicates', 'dropped', 'dead letters', 'stored'],
    rows,
  )) {
    args.out(line)
  }
  const memory = Math.round(process.resourceUsage().maxRSS / 1024)
  const records = Math.max(...[...summaries.values()].map(({ consumed }) => consumed))
  args.out(
    `${seconds.toFixed(1)} s, ${grouped(Math.round(records / seconds))} events/s, at most ${memory} MB of memory`,
  )
}

async function tellDeadLetters(result: DemoResult): Promise<void> {
  const { args, project } = result
  const flags = demoFlags(result)
  const reasons = new Map<string, number>()
  for (const topic of await parkedTopics(project, { topology: undefined, topic: undefined })) {
    for (const { letters } of await openKeys(project, topic)) {
      for (const { info } of letters) {
        const reason = info.follower ? 'waits behind an earlier event of its file' : info.message
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
    }
  }
  if (reasons.size === 0) return
  args.out('\nDead letters (each holds back the later events of its key, in order):')
  const rows = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 8)
  for (const [reason, count] of rows) args.out(`  ${grouped(count).padStart(7)}  ${reason}`)
  args.out(`  ${commandIn(args.cwd)} dlq list ${flags}`)
}

/** The latest event that can be read, of any partition. */
async function lastEvent({ log, schemas }: Project): Promise<Sample | undefined> {
  const topic = 'audit-events'
  const codec = await schemas.codec('audit.AuditEvent')
  let last: Sample | undefined
  for (let partition = 0; partition < ((await log.partitionsOf(topic)) ?? 0); partition++) {
    const { first, end } = await log.bounds({ topic, partition })
    const { records } = await log.fetch({ topic, partition }, Math.max(first, end - 50), 50)
    await codec.prepare(records)
    for (let row = 0; row < records.count; row++) {
      const event = decodeOrNothing(() =>
        codec.decode(records.bytes, records.valueStarts[row]!, records.valueEnds[row]!),
      )
      if (event !== undefined && isWhole(event) && event.timestamp >= (last?.timestamp ?? 0)) last = event
    }
  }
  return last
}

/** Those that were broken on the way are parked: nothing is stored of them. */
function isWhole({ userId, action, timestamp }: Sample): boolean {
  return userId !== '' && action !== 'exploded' && timestamp <= Date.now()
}

function decodeOrNothing(decode: () => unknown): Sample | undefined {
  try {
    return decode() as Sample
  } catch {
    return undefined
  }
}

async function tellAnswers(result: DemoResult, sample: Sample): Promise<void> {
  const day = 86_400_000
  const between = (days: number): string[] => [
    `from=${new Date(sample.timestamp - days * day).toISOString().slice(0, 10)}`,
    `to=${new Date(sample.timestamp + day).toISOString().slice(0, 10)}`,
  ]
  const entity = [`store=${sample.store}`, `entityType=${sample.entityType}`, `entityId=${sample.entityId}`]
  const questions: readonly (readonly [string, readonly string[]])[] = [
    [`What happened to ${sample.entityId}?`, ['audit-by-entity', ...entity, ...between(365)]],
    [`What did ${sample.userId} do?`, ['audit-by-user', `userId=${sample.userId}`, ...between(365)]],
    [`What happened in ${sample.store}?`, ['audit-by-store', `store=${sample.store}`, ...between(7)]],
  ]
  const columns = ['event_time', 'action', 'entity_id', 'user_id', 'user']
  const none = 'Nothing in that time.'
  for (const [question, read] of questions) await askDemo(result, { question, read, columns, none })
}

/** Something to ask, and how its answer is shown. */
export interface DemoQuestion {
  readonly question: string
  /** What `millrace query` asks for it. */
  readonly read: readonly string[]
  /** The columns that tell most. */
  readonly columns: readonly string[]
  /** Why there may be nothing to show: a sentence. */
  readonly none: string
}

/** Asks as `millrace query` does, and shows what tells most; or why there is nothing. */
export async function askDemo(
  result: DemoResult,
  { question, read, columns: wanted, none }: DemoQuestion,
): Promise<void> {
  const answer: string[] = []
  const { args, project, store } = result
  const values = { store, project: project.root, limit: '4', output: 'json' }
  await query.run({
    ...args,
    positionals: read,
    values,
    out: (line) => answer.push(line),
    err: () => undefined,
  })
  const { rows } = JSON.parse(answer.join('')) as {
    readonly rows: readonly Readonly<Record<string, unknown>>[]
  }
  args.out(`\n${question}   (${commandIn(args.cwd)} query ${read.join(' ')} ${demoFlags(result)})`)
  const columns = wanted.filter((name) => name in (rows[0] ?? {}))
  const cells = rows.map((row) => columns.map((name) => cellOf(row[name])))
  const lines = rows.length === 0 ? [none] : textTable(columns, cells, tableWidth)
  for (const line of lines) args.out(`  ${line}`)
}

function cellOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '-')
}

function tellNext(result: DemoResult, sample: Sample | undefined): void {
  const { args, project } = result
  const flags = demoFlags(result)
  const file = relative(args.cwd, join(project.root, 'topologies', 'audit-store.yaml'))
  const me = commandIn(args.cwd)
  const next = [
    [`${me} query ${flags}`, 'the questions that can be asked'],
    [`${me} dlq list ${flags}`, 'what was parked, and why'],
    [`${me} explain ${file}`, 'what is guaranteed, and by which step'],
    [`${me} describe ${file} -o svg`, 'the topology as a picture'],
    [`${me} demo --repo DIR`, 'the same on another history'],
  ]
  if (sample !== undefined)
    next.unshift([`${me} query audit-by-user userId=${sample.userId} ${flags}`, 'what this one did'])
  args.out('\nTry next:')
  for (const line of textTable(['', ''], next).slice(1)) args.out(`  ${line}`)
}

/** What finds the demo's store, and the project where that is not the one here. */
export function demoFlags({ args, project, store }: DemoResult): string {
  if (findRoot({ cwd: args.cwd }) === project.root) return `--store ${store}`
  return `--store ${store} --project ${relative(args.cwd, project.root)}`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
