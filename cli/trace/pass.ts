import type { CommitBackend } from '../../engine/component/contracts/commit.ts'
import type { Log, OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { TableRow } from '../../engine/component/contracts/tables.ts'
import type { Verdict } from '../../engine/component/lineage.ts'
import { packRecords, plainRecord, type PackedRecords } from '../../engine/component/packed-records.ts'
import { sentenceOf } from '../../engine/errors.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { runPass } from '../reconcile/pass.ts'
import type { PartitionRange } from '../reconcile/reader.ts'
import type { Project } from '../project/project.ts'
import { tellingPlan, type Step } from './steps.ts'

/** What a sink would do with a record. */
export type SinkAct =
  | { readonly node: string; readonly act: 'row'; readonly row: TableRow }
  | { readonly node: string; readonly act: 'record'; readonly record: OutgoingRecord }
  | { readonly node: string; readonly act: 'dropped'; readonly reason: string }
  | { readonly node: string; readonly act: 'refused'; readonly error: string }

/** What a record goes through when the topology is run on it. */
export interface Course {
  readonly steps: Step[]
  readonly acts: SinkAct[]
  /** Undefined where the record did not come into the graph. */
  verdict: Verdict | undefined
  /** Milliseconds since 1970; undefined where the record did not come into the graph. */
  eventTime: number | undefined
}

export interface CourseOptions {
  readonly plan: TopologyPlan
  readonly project: Project
  /** One record each, of one partition. They run in their order, and nothing else does. */
  readonly records: readonly PackedRecords[]
  /** The same partition of the topics of the plan, that there are tasks of it. */
  readonly topics: readonly string[]
  /** Hands over the state that the topology has committed; without it nodes begin with none. */
  readonly restore: CommitBackend['restore'] | undefined
  readonly now: number
  readonly signal: AbortSignal
  readonly trouble: (sentence: string) => void
}

/** Runs a topology over single records of one partition, without any effect, and says what became of each. */
export async function coursesOf(options: CourseOptions): Promise<Course[]> {
  const { plan, project, records, topics, restore, now, signal, trouble } = options
  const courses = new Map<string, Course>()
  for (const one of records)
    courses.set(placeOf(one.topic, one.offsets[0]!), {
      steps: [],
      acts: [],
      verdict: undefined,
      eventTime: undefined,
    })
  const at = ({ topic, offset }: { readonly topic: string; readonly offset: number }): Course =>
    courses.get(placeOf(topic, offset))!
  const { partition } = records[0]!
  await runPass({
    ...{ now, signal, trouble },
    plan: tellingPlan(plan, (place, step) => at(place).steps.push(step)),
    log: pickedLog(project.log, records),
    tables: project.tables,
    schemas: project.schemas,
    ranges: topics.map((topic) => rangeOf(topic, partition, records)),
    ...(restore && { restore }),
    read: () => undefined,
    settled: (place, verdict) => {
      at(place).verdict = verdict
      at(place).eventTime = place.eventTime
    },
    row: (row, place, node) => at(place).acts.push({ node, act: 'row', row }),
    appended: (record, place, node) => at(place).acts.push({ node, act: 'record', record: copied(record) }),
    dropped: (reason, node, place) => at(place).acts.push({ node, act: 'dropped', reason }),
    refused: (error, node, place) => at(place).acts.push({ node, act: 'refused', error: sentenceOf(error) }),
  })
  return [...courses.values()].map(tidied)
}

/** What failed was tried again: the last time counts. */
function tidied(course: Course): Course {
  const acts = course.acts.filter((act, n) => {
    const isRefusal = act.act === 'refused'
    return !isRefusal || !course.acts.slice(n + 1).some((later) => later.node === act.node)
  })
  const steps = course.steps.filter(
    (step, n) =>
      step.verdict !== 'failed' || !course.steps.slice(n + 1).some((later) => later.node === step.node),
  )
  return { ...course, steps, acts }
}

function placeOf(topic: string, offset: number): string {
  return `${topic}@${offset}`
}

function rangeOf(topic: string, partition: number, records: readonly PackedRecords[]): PartitionRange {
  const offsets = records.filter((one) => one.topic === topic).map((one) => one.offsets[0]!)
  if (offsets.length === 0) return { topic, partition, first: 0, end: 0 }
  return { topic, partition, first: Math.min(...offsets), end: Math.max(...offsets) + 1 }
}

/** The topics, with nothing in them but these records. */
function pickedLog(log: Log, picked: readonly PackedRecords[]): Log {
  return {
    ensureTopic: async (topic) => (await log.partitionsOf(topic)) ?? 0,
    partitionsOf: (topic) => log.partitionsOf(topic),
    read: (group, topics, policy) => log.read(group, topics, policy),
    append: () => Promise.resolve([]),
    write: () => Promise.resolve([]),
    fetch: ({ topic, partition }, offset) => {
      const there = picked
        .filter((one) => one.topic === topic && one.offsets[0]! >= offset)
        .sort((left, right) => left.offsets[0]! - right.offsets[0]!)
      const records = packRecords(
        ...([topic, partition] as const),
        there.map((one) => plainRecord(one, 0)),
        offset,
        there.map((one) => one.offsets[0]!),
      )
      return Promise.resolve({ records, next: (there.at(-1)?.offsets[0] ?? offset) + 1 })
    },
    bounds: () => Promise.resolve({ first: 0, end: 0 }),
    committed: () => Promise.resolve(undefined),
  }
}

function copied(record: OutgoingRecord): OutgoingRecord {
  const copy = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes))
  return { ...record, key: copy(record.key), value: copy(record.value), headers: [] }
}
