import type { Log } from '../../engine/component/contracts/log.ts'
import { ByteSink } from '../../engine/cql/bytes.ts'
import { fatalError } from '../../engine/errors.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { beyondComparison, type BeyondComparison } from './beyond.ts'
import { RecordCourses } from './events.ts'
import { joinPart } from './join.ts'
import { parkedPositions, type LetterState, type ParkedPositions } from './letters.ts'
import { runPass } from './pass.ts'
import type { PartitionRange } from './reader.ts'
import {
  differenceOf,
  emptyCounts,
  type Difference,
  type Reconciliation,
  type TableCounts,
} from './result.ts'
import { LookedUp } from './looked-up.ts'
import { writeExpected, writeFound } from './rows.ts'
import type { TableScan } from './scan.ts'
import { codecsOf, otherTypes } from '../project/source-codecs.ts'
import { Spill, spillParts, withSpillFolder } from './spill.ts'
import type { PassedRecord } from '../trace/told-sinks.ts'
import { comparedTables, expectedRow, tableKey, type ComparedTable } from './tables.ts'
import type { Project } from '../project/project.ts'

export interface ReconcileOptions {
  readonly plan: TopologyPlan
  readonly project: Project
  readonly scan: TableScan
  /** What of the topics is compared; all that is there, if this is not given. */
  readonly part?: { readonly ranges: readonly PartitionRange[]; readonly fetch: Log['fetch'] }
  /** How many differences are told one by one. */
  readonly limit: number
  readonly signal: AbortSignal
  readonly trouble: (sentence: string) => void
  /** What is being done, and its share from 0 to 1. */
  readonly progress: (what: string, share: number) => void
}

/** Everything that the parts of a run share. */
interface Run extends ReconcileOptions {
  readonly topics: readonly string[]
  readonly tables: readonly ComparedTable[]
  readonly beyond: readonly BeyondComparison[]
  /** By `topic/partition`: the offset up to which everything is settled. */
  readonly committed: ReadonlyMap<string, number>
  readonly letters: ReadonlyMap<string, ParkedPositions>
  readonly expected: Spill
  readonly found: Spill
  readonly counts: readonly TableCounts[]
}

/**
 * Compares the topics of a topology with its tables. The order of the steps is what makes the answer hold beside a worker
 * that is at work: first what is committed and parked, whose rows must be there from then on; then the tables; then the
 * topics up to their end, which know a record for every row that the tables had. What is compared lies on disk, divided
 * by key, and one part of it in memory at a time.
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const { plan, project } = options
  const own = new Set(plan.ownTopics.map(({ topic }) => topic))
  const topics = [...new Set(topicsToRead(plan, 'reconcile'))].filter((topic) => !own.has(topic))
  const beyond = beyondComparison(plan, project.catalogue)
  const tables = comparedTables(plan, project.catalogue, beyond)
  const partitions = await partitionsOf(options, topics)
  const committed = new Map<string, number>()
  for (const { topic, partition } of partitions) {
    const position = await project.log.committed(plan.name, { topic, partition })
    committed.set(`${topic}/${partition}`, position?.offset ?? 0)
  }
  const letters = new Map<string, ParkedPositions>()
  for (const topic of topics) letters.set(topic, await parkedPositions(project.log, plan.name, topic))
  return withSpillFolder(options.scan.spillDir, async (folder) => {
    const run: Run = {
      ...options,
      ...{ topics, tables, committed, letters, beyond: [...beyond.values()] },
      expected: new Spill(folder, 'expected'),
      found: new Spill(folder, 'found'),
      counts: tables.map(({ schema }) => emptyCounts(schema.name)),
    }
    try {
      await scanTables(run)
      const ranges = await boundsOf(options, partitions)
      const courses = new RecordCourses(ranges, committed)
      const summary = await pass(run, ranges, courses)
      stopped(options.signal)
      return compare(run, courses, summary.duplicates)
    } finally {
      run.expected.close()
      run.found.close()
    }
  })
}

/** The topics that a topology reads. Throws CONFIG_INVALID for `command` where a source reads none. */
export function topicsToRead(plan: TopologyPlan, command: string): string[] {
  return [...plan.nodes.values()].flatMap((node) => {
    if (node.kind !== 'source') return []
    if (node.type === 'topic')
      return [...node.definition.topics(node.config, { topology: plan.name, node: node.name })]
    throw fatalError(
      'CONFIG_INVALID',
      `${plan.file}: the source ${node.name} reads no topic (it is of type ${node.type}), and ${command} reads topics again: name the topology that reads its topic.`,
    )
  })
}

async function partitionsOf(
  { project }: ReconcileOptions,
  topics: readonly string[],
): Promise<{ topic: string; partition: number }[]> {
  const all: { topic: string; partition: number }[] = []
  for (const topic of topics) {
    const count = await project.log.partitionsOf(topic)
    if (count === undefined)
      throw fatalError(
        'TOPIC_UNKNOWN',
        `There is no topic ${topic}: correct the topology, or choose its environment.`,
      )
    for (let partition = 0; partition < count; partition++) all.push({ topic, partition })
  }
  return all
}

async function boundsOf(
  { project, part }: ReconcileOptions,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<PartitionRange[]> {
  const ranges: PartitionRange[] = []
  for (const partition of partitions) {
    const { topic, partition: number } = partition
    const known = part?.ranges.find((range) => range.topic === topic && range.partition === number)
    ranges.push(known ?? { ...partition, ...(await project.log.bounds(partition)) })
  }
  return ranges
}

async function scanTables({ tables, found, scan, counts, progress, signal }: Run): Promise<void> {
  const sink = new ByteSink()
  for (const [index, table] of tables.entries()) {
    const what = `scanning ${table.schema.name}`
    await scan.scan(table.schema, {
      visit: (row) => {
        sink.length = 0
        writeFound(sink, row, table.columns)
        found.add(tableKey(table, row.key), sink.buffer.subarray(0, sink.length))
        counts[index]!.found++
      },
      progress: (share) => progress(what, share),
      signal,
    })
    stopped(signal)
  }
}

async function pass(
  run: Run,
  ranges: readonly PartitionRange[],
  courses: RecordCourses,
): Promise<{ readonly duplicates: number }> {
  const { plan, project, part, topics, expected, counts, progress, signal, trouble } = run
  const all = ranges.reduce((sum, { first, end }) => sum + end - first, 0)
  const byName = new Map(run.tables.map((table) => [table.schema.name, table]))
  const now = Math.floor(Date.now() / 1000)
  const sink = new ByteSink()
  const codecs = await codecsOf(plan, project)
  return runPass({
    ...{ plan, ranges, signal, trouble },
    log: part === undefined ? project.log : fetching(project.log, part.fetch),
    tables: project.tables,
    schemas: project.schemas,
    now: now * 1000,
    read: async (records) => {
      courses.take(records, await otherTypes(codecs.get(records.topic), records))
      progress('reading the topics', all === 0 ? 1 : courses.count / all)
    },
    settled: (at, verdict) => courses.settle(at, verdict),
    row: (row, at) => {
      const table = byName.get(row.table)
      if (table === undefined) return
      const { topic, partition, offset, eventTime } = at
      const source = { topic: topics.indexOf(topic), partition, offset, eventTime, now }
      const made = expectedRow(table, row, { ...source, required: isRequired(run, at) })
      sink.length = 0
      writeExpected(sink, made.row)
      expected.add(made.key, sink.buffer.subarray(0, sink.length))
    },
    dropped: (reason, node) => {
      const sinkNode = plan.nodes.get(node)
      const name = sinkNode?.kind === 'sink' ? sinkNode.definition.table?.(sinkNode.config) : undefined
      const table = name === undefined ? undefined : byName.get(name)
      if (table !== undefined && reason === 'expired') counts[table.number]!.expired++
    },
  })
}

/** A log to read from, whose records come from elsewhere. */
function fetching(log: Log, fetch: Log['fetch']): Log {
  return {
    ensureTopic: (topic, options) => log.ensureTopic(topic, options),
    partitionsOf: (topic) => log.partitionsOf(topic),
    read: (group, topics, policy) => log.read(group, topics, policy),
    append: (records) => log.append(records),
    write: (batch, options) => log.write(batch, options),
    fetch,
    bounds: (partition) => log.bounds(partition),
    committed: (group, partition) => log.committed(group, partition),
  }
}

/** Whether the rows of a record must be stored: it is committed, and neither parked nor given up. */
function isRequired(
  { committed, letters }: Run,
  { topic, partition, offset }: Omit<PassedRecord, 'eventTime'>,
): boolean {
  if (offset >= (committed.get(`${topic}/${partition}`) ?? 0)) return false
  const state = letters.get(topic)?.get(partition, offset)
  return state === undefined || state === 'released'
}

function compare(run: Run, courses: RecordCourses, duplicates: number): Reconciliation {
  const { expected, found, tables, topics, letters, limit, plan } = run
  expected.close()
  found.close()
  const join = { expected, found, tables, horizon: courses.horizon(), now: Math.floor(Date.now() / 1000) }
  const differences: Difference[] = []
  const lookedUp = new LookedUp(tables)
  for (let part = 0; part < spillParts; part++) {
    for (const { table, key, rows, verdict, lookedUp: cells } of joinPart(part, join)) {
      lookedUp.count(table, cells)
      const counts = run.counts[table.number]!
      if (rows.some(({ required }) => required)) counts.expected++
      if (verdict.kind === 'equal' || verdict.kind === 'absent') continue
      counts[verdict.kind]++
      if (verdict.kind !== 'older' && differences.length < limit)
        differences.push(differenceOf(table, key, verdict, rows, topics))
    }
    run.progress('comparing', (part + 1) / spillParts)
  }
  const { failed, lost } = failedRecords(run, courses, differences)
  const letterCount = (state: LetterState): number =>
    [...letters.values()].reduce((sum, one) => sum + one.count(state), 0)
  return {
    topology: plan.name,
    events: {
      ...{ read: courses.count, duplicates, failed, lost, uncommitted: courses.uncommitted },
      parked: letterCount('open'),
      released: letterCount('released'),
      discarded: letterCount('discarded'),
    },
    tables: run.counts,
    notCompared: run.beyond,
    lookedUp: lookedUp.counts,
    differences,
  }
}

/** Records that fail must be parked, where the topology parks; those that are not, and are committed, are lost. */
function failedRecords(
  { plan, committed, letters, limit }: Run,
  courses: RecordCourses,
  differences: Difference[],
): { readonly failed: number; readonly lost: number } {
  let failed = 0
  let lost = 0
  for (const { topic, partition, offset } of courses.failed()) {
    failed++
    const known = letters.get(topic)?.get(partition, offset) !== undefined
    if (known || plan.errors.then !== 'park' || offset >= (committed.get(`${topic}/${partition}`) ?? 0))
      continue
    lost++
    if (differences.length < limit)
      differences.push({
        kind: 'lost',
        table: null,
        key: null,
        position: `${topic}/${partition}@${offset}`,
        cells: [],
      })
  }
  return { failed, lost }
}

function stopped(signal: AbortSignal): void {
  if (signal.aborted)
    throw fatalError('HALTED', 'The comparison was stopped before its end: nothing can be said.')
}
