import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { StoredState } from '../../engine/embedded/reset.ts'
import { byteText, quoted } from '../../engine/topology/lint-rule.ts'
import { PlanGraph, topicsOf } from '../../engine/topology/plan-graph.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { openKeys, parkedTopics, type ParkedTopic } from '../letters/parked.ts'
import type { Project } from '../project/project.ts'

/** What a topology has left in its environment, which a reset takes away. */
export interface Traces {
  readonly positions: readonly ForgottenPosition[]
  readonly state: readonly (StoredState | StoredTopic)[]
  /** Parked letters that are open. */
  readonly letters: number
  /** The end of each parked partition. */
  readonly parked: readonly (TopicPartition & { readonly offset: number })[]
}

/** State that lies in a topic. */
export interface StoredTopic {
  readonly store: string
  /** The changelog, which is deleted. */
  readonly topic: string
  /** Changes in it, with markers of transactions. */
  readonly changes: number
}

/** A committed position. */
export interface ForgottenPosition extends TopicPartition {
  readonly committed: number
  /** The first record that is there. */
  readonly first: number
  /** Where its source begins without a position: the same as its `begin`, a time as text; null where no source reads it. */
  readonly begin: string | null
}

/** Looks for what is there in the embedded store. Only reads. */
export async function tracesOf(project: Project, plan: TopologyPlan): Promise<Traces> {
  const { embedded } = project
  return {
    positions: await positionsOf(project, plan, embedded.groups.positionsOf(plan.name)),
    state: embedded.stateOf(plan.name),
    ...(await lettersOf(project, plan)),
  }
}

/** The open letters of a topology, and where its parked partitions end. */
export async function lettersOf(
  project: Project,
  plan: TopologyPlan,
): Promise<Pick<Traces, 'letters' | 'parked'>> {
  const topics = await parkedTopics(project, { topology: plan.name, topic: undefined })
  const keys = (await Promise.all(topics.map((topic) => openKeys(project, topic)))).flat()
  const letters = keys.reduce((sum, key) => sum + key.letters.length, 0)
  return { letters, parked: await endsOf(project, topics) }
}

/** What was committed of the sources, with where they begin; `all` is what the group has committed. */
export async function positionsOf(
  { log }: Project,
  plan: TopologyPlan,
  all: readonly (TopicPartition & { readonly offset: number })[],
): Promise<ForgottenPosition[]> {
  const begins = beginsOf(plan)
  const isOwn = (topic: string): boolean => topic.endsWith('.parked') && !begins.has(topic)
  const committed = all.filter(({ topic }) => !isOwn(topic))
  return Promise.all(
    committed.map(async ({ topic, partition, offset }) => {
      const known = ((await log.partitionsOf(topic)) ?? 0) > partition
      const first = known ? (await log.bounds({ topic, partition })).first : 0
      return { topic, partition, committed: offset, first, begin: begins.get(topic) ?? null }
    }),
  )
}

async function endsOf({ log }: Project, topics: readonly ParkedTopic[]): Promise<Traces['parked']> {
  const partitions = topics.flatMap(({ name: topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
  return Promise.all(partitions.map(async (one) => ({ ...one, offset: (await log.bounds(one)).end })))
}

/** Where the sources of a topology begin, by topic. */
function beginsOf(plan: TopologyPlan): Map<string, string> {
  return new Map(
    new PlanGraph(plan).sources.flatMap((source) => {
      const { begin = 'earliest' } = source.config
      const text = typeof begin === 'number' ? new Date(begin).toISOString() : String(begin)
      return topicsOf(plan, source).map((topic) => [topic, text] as const)
    }),
  )
}

/** What has to be known before it is done: sentences. */
export function warningsOf(plan: TopologyPlan, { positions, letters }: Traces): string[] {
  const again = new PlanGraph(plan).sinks.filter(({ type }) => type === 'topic').map(({ name }) => name)
  const gone = positions.filter(({ begin, first }) => begin === 'earliest' && first > 0)
  const places = gone.map(({ topic, partition, first }) => `${topic}/${partition} begins at ${first}`)
  const stuck = [...new Set(positions.filter(({ begin }) => begin === 'none').map(({ topic }) => topic))]
  return [
    ...(again.length === 0
      ? []
      : [
          `What ${quoted(again)} has written stays there, and is written again: readers of the topic get it twice.`,
        ]),
    ...(gone.length === 0
      ? []
      : [`What retention has deleted does not come again, and its ids are forgotten: ${places.join(', ')}.`]),
    ...(stuck.length === 0
      ? []
      : [
          `${plan.name} will not start before it has offsets in ${stuck.join(', ')} (begin: none): see millrace offsets set.`,
        ]),
    ...(letters === 0
      ? []
      : [`${letterText(letters)} given up: what they are about comes again if the topic still has it.`]),
  ]
}

/** `1 parked letter is`, `3 parked letters are`. */
export function letterText(count: number): string {
  return count === 1 ? '1 parked letter is' : `${count} parked letters are`
}

/** What becomes of each trace, as rows for people. */
export function traceRows({ positions, state }: Traces): string[][] {
  return [
    ...positions.map((one) => [`${one.topic}/${one.partition}`, `was at ${one.committed}, ${nextText(one)}`]),
    ...state.map((one) => [
      `state of ${one.store}`,
      'topic' in one
        ? `${one.topic} with ${one.changes} ${one.changes === 1 ? 'change' : 'changes'}, deleted`
        : `${byteText(one.bytes)} in ${one.blocks} ${one.blocks === 1 ? 'block' : 'blocks'}, forgotten`,
    ]),
  ]
}

function nextText({ first, begin }: ForgottenPosition): string {
  if (begin === null) return 'forgotten: this file does not read it'
  if (begin === 'earliest') return `begins at ${first}`
  if (begin === 'latest') return 'begins with what is written next (begin: latest)'
  if (begin === 'none') return 'begins nowhere (begin: none)'
  return `begins with what is of ${begin} or later`
}
