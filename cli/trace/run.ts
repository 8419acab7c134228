import type { CommitBackend } from '../../engine/component/contracts/commit.ts'
import type { ValueCodec } from '../../engine/component/codec.ts'
import { keyOf, valueOf, type PackedRecords } from '../../engine/component/packed-records.ts'
import { fatalError, sentenceOf } from '../../engine/errors.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { codecsOf } from '../project/source-codecs.ts'
import { changelogState } from '../cluster/changelog-state.ts'
import { usage } from '../command-line/flags.ts'
import { keyText } from '../letters/parked.ts'
import type { Project } from '../project/project.ts'
import { topicsToRead } from '../reconcile/run.ts'
import type { PartitionRange } from '../reconcile/reader.ts'
import { coursesOf, type Course } from './pass.ts'
import { tracedLetters, type TracedLetter } from './letters.ts'
import { tracedOutput } from './outputs.ts'
import type { SinkTrace, TracedPosition, Tracing } from './report.ts'
import { tracedRow } from './rows.ts'
import { scanTopics, type Wanted } from './scan.ts'
import type { FirstSince } from './times.ts'

export interface TraceOptions {
  readonly plan: TopologyPlan
  readonly project: Project
  readonly wanted: Wanted
  readonly firstSince: FirstSince
  /** Record times that bound the search, milliseconds since 1970. */
  readonly since: number | undefined
  readonly until: number | undefined
  /** How many records at the end of each partition are searched. */
  readonly last: number | undefined
  /** Which of the records that are found are told; all, if this is not given. */
  readonly includes?: (one: PackedRecords) => boolean
  /** How many positions are told. */
  readonly limit: number
  /** Whether values are told. */
  readonly values: boolean
  readonly signal: AbortSignal
  readonly trouble: (sentence: string) => void
  readonly progress: (what: string, share: number) => void
}

/** Finds the records of an event in the topics of a topology, and says what became of each. Nothing is changed. */
export async function traceEvent(options: TraceOptions): Promise<Tracing> {
  const { plan, project, wanted, limit, signal, progress, includes = () => true } = options
  const topics = [...new Set(topicsToRead(plan, 'trace'))]
  if (wanted.kind === 'position' && !topics.includes(wanted.topic))
    throw usage(`${plan.file} does not read ${wanted.topic}: it reads ${topics.join(', ')}.`)
  const codecs = await codecsOf(plan, project)
  const ranges = await rangesOf(options, topics)
  const scanned = await scanTopics({
    ...{ log: project.log, wanted, ranges, codecs, signal },
    progress: (share) => progress('looking for the event', share),
  })
  const found = scanned.found.filter(includes)
  const told = found.slice(0, limit)
  const positions: TracedPosition[] = []
  for (const records of byPartition(told))
    positions.push(...(await tracePartition(options, topics, codecs, records)))
  return {
    ...{ topology: plan.name, wanted, positions },
    searched: {
      records: scanned.read,
      undecodable: scanned.undecodable,
      passedOver: scanned.passedOver,
      ranges: ranges.map(({ topic, partition, first, end, begins, ends }) => ({
        ...{ topic, partition, first, end },
        ...{ gone: first === begins ? begins : 0, before: first - begins, after: ends - end },
      })),
    },
    more: found.length - told.length,
  }
}

interface SearchedRange extends PartitionRange {
  /** What the partition holds. */
  readonly begins: number
  readonly ends: number
}

async function rangesOf(
  { project: { log }, wanted, firstSince, since, until, last }: TraceOptions,
  topics: readonly string[],
): Promise<SearchedRange[]> {
  const ranges: SearchedRange[] = []
  for (const topic of topics) {
    const partitions = await log.partitionsOf(topic)
    if (partitions === undefined)
      throw fatalError(
        'TOPIC_UNKNOWN',
        `There is no topic ${topic}: correct the topology, or choose its environment.`,
      )
    for (let partition = 0; partition < partitions; partition++) {
      const bounds = await log.bounds({ topic, partition })
      const whole = { topic, partition, begins: bounds.first, ends: bounds.end }
      if (wanted.kind === 'position') {
        if (wanted.topic !== topic || wanted.partition !== partition) continue
        const first = Math.min(Math.max(wanted.offset, bounds.first), bounds.end)
        ranges.push({ ...whole, first, end: Math.min(wanted.offset + 1, bounds.end) })
        continue
      }
      const at = async (time: number | undefined): Promise<number | undefined> =>
        time === undefined ? undefined : ((await firstSince({ topic, partition }, time)) ?? bounds.end)
      const end = Math.min(bounds.end, (await at(until)) ?? bounds.end)
      const first = Math.max(bounds.first, (await at(since)) ?? 0, last === undefined ? 0 : end - last)
      ranges.push({ ...whole, first: Math.min(first, end), end })
    }
  }
  return ranges
}

function byPartition(records: readonly PackedRecords[]): PackedRecords[][] {
  const found = new Map<string, PackedRecords[]>()
  for (const one of records) {
    const name = `${one.topic}/${one.partition}`
    const list = found.get(name) ?? []
    found.set(name, list)
    list.push(one)
  }
  return [...found.values()]
}

/** The records of one partition, in their order. */
async function tracePartition(
  options: TraceOptions,
  topics: readonly string[],
  codecs: ReadonlyMap<string, ValueCodec>,
  records: readonly PackedRecords[],
): Promise<TracedPosition[]> {
  const { plan, project, progress } = options
  const { decodeMetadata } = await import('../../engine/runtime/commit-metadata.ts')
  const { topic, partition } = records[0]!
  const committed = await project.log.committed(plan.name, { topic, partition })
  const frontier = committed?.offset ?? 0
  const settled = decodeMetadata(frontier, committed?.metadata ?? '')
  const offsets = new Set(records.map((one) => one.offsets[0]!))
  const letters = await tracedLetters(project.log, plan.name, { topic, partition, offsets })
  progress('running the topology on it', 0)
  const courses = await runAll(options, topics, records)
  const positions: TracedPosition[] = []
  for (const [n, one] of records.entries()) {
    const offset = one.offsets[0]!
    const isCommitted = offset < frontier || settled.has(offset)
    const course = courses[n]!
    positions.push(await traceOne(options, one, course, letters.get(offset) ?? [], isCommitted))
    if (options.values) Object.assign(positions.at(-1)!, { value: decoded(codecs.get(topic)!, one) })
  }
  return positions
}

/** Each record runs alone, with the committed state: what the others of the event have left in it is there. */
async function runAll(
  { plan, project, signal, trouble }: TraceOptions,
  topics: readonly string[],
  records: readonly PackedRecords[],
): Promise<Course[]> {
  const { partition } = records[0]!
  const withPartition: string[] = []
  for (const topic of topics)
    if (((await project.log.partitionsOf(topic)) ?? 0) > partition) withPartition.push(topic)
  const restore = stateOf(project)
  const shared = { plan, project, topics: withPartition, restore, now: Date.now(), signal, trouble }
  const courses: Course[] = []
  for (const one of records) courses.push(...(await coursesOf({ ...shared, records: [one] })))
  return courses
}

/** What the topology has committed: in a cluster its changelogs say so. */
function stateOf(project: Project): CommitBackend['restore'] {
  if (project.environment !== undefined) return changelogState(project.log)
  return (task, stores, apply) => project.backend.restore(task, stores, apply)
}

async function traceOne(
  options: TraceOptions,
  record: PackedRecords,
  course: Course,
  letters: readonly TracedLetter[],
  committed: boolean,
): Promise<TracedPosition> {
  const { topic, partition } = record
  const { project, firstSince, progress, values } = options
  const sinks: SinkTrace[] = []
  for (const act of course.acts) {
    const { node } = act
    if (act.act === 'row')
      sinks.push({ node, did: 'row', row: await tracedRow(project.tables, project.catalogue, act.row) })
    else if (act.act === 'record') {
      const output = await tracedOutput(project.log, firstSince, act.record, (share) =>
        progress(`looking for what ${node} wrote`, share),
      )
      sinks.push({ node, did: 'record', output })
    } else if (act.act === 'dropped') sinks.push({ node, did: 'dropped', reason: act.reason })
    else sinks.push({ node, did: 'refused', error: act.error })
  }
  return {
    ...{ topic, partition, offset: record.offsets[0]!, key: keyText(keyOf(record, 0)) },
    ...{ timestamp: record.timestamps[0]!, eventTime: course.eventTime ?? null, committed, letters, sinks },
    verdict: course.verdict ?? null,
    steps: values ? course.steps : course.steps.map(withoutValue),
  }
}

function withoutValue(step: Course['steps'][number]): Course['steps'][number] {
  const { value, ...rest } = step
  void value
  return rest
}

function decoded(codec: ValueCodec, record: PackedRecords): unknown {
  const value = valueOf(record, 0)
  if (value === null) return null
  try {
    return codec.decode(value, 0, value.length)
  } catch (error) {
    return { problem: sentenceOf(error) }
  }
}
