import type { StoreRef } from '../component/contracts/commit.ts'
import { sourceTopic, storesOf } from './plan-facts.ts'
import type { SubTopology, TopologyPlan } from './plan-types.ts'

/** How the topics that a topology keeps for itself are named. */
export interface InternalNames {
  readonly parked: (group: string, topic: string) => string
  readonly deadLetter: (topic: string) => string
  readonly changelog: (group: string, store: string) => string
}

/** A state store of a node: one for each partition of what its sub-topology reads. */
export interface DescribedStore extends StoreRef {
  /** The node whose state it is. */
  readonly node: string
  /** The topic that keeps its changes in a cluster; in the embedded store they are beside the topics. */
  readonly changelog: string
}

/** A topic that nobody but the topology writes. */
export interface InternalTopic {
  readonly name: string
  readonly holds: 'changes of state' | 'parked records' | 'dead letters'
  /** The store whose changes it keeps, or the topic whose records were parked. */
  readonly of: string
  /** It has as many partitions as this topic. */
  readonly partitionsOf: string
  /** `compact`: the last change of each key. `delete`: until the topology deletes it itself. */
  readonly cleanup: 'compact' | 'delete'
}

/** A sub-topology with what it reads and keeps: one task runs it for each partition. */
export interface DescribedPart {
  readonly number: number
  readonly sources: readonly string[]
  readonly nodes: readonly string[]
  /** The topics that it reads: partitions of the first are given out, those of the others go with them. */
  readonly topics: readonly string[]
  readonly stores: readonly DescribedStore[]
  readonly internalTopics: readonly InternalTopic[]
}

/** The sub-topologies of a plan, with their stores and the topics that they keep for themselves. */
export function structureOf(plan: TopologyPlan, names: InternalNames): DescribedPart[] {
  return plan.subTopologies.map((sub) => partOf(plan, sub, names))
}

function partOf(plan: TopologyPlan, sub: SubTopology, names: InternalNames): DescribedPart {
  const { number, sources, nodes } = sub
  const topics = sources.map((name) => sourceTopic(plan, name)).filter((topic) => topic !== undefined)
  const stores = nodes.flatMap((node) =>
    storesOf(plan, { ...sub, nodes: [node] }).map((store) => ({
      ...store,
      node,
      changelog: names.changelog(plan.name, store.name),
    })),
  )
  return {
    number,
    sources,
    nodes,
    topics,
    stores,
    internalTopics: internalTopics(plan, topics, stores, names),
  }
}

function internalTopics(
  { name: group }: TopologyPlan,
  topics: readonly string[],
  stores: readonly DescribedStore[],
  names: InternalNames,
): InternalTopic[] {
  const [driver = ''] = topics
  const changelogs = stores.map(({ name, kind, changelog }) => ({
    name: changelog,
    holds: 'changes of state' as const,
    of: name,
    partitionsOf: driver,
    cleanup: kind === 'ids' ? ('delete' as const) : ('compact' as const),
  }))
  const letters = topics.flatMap((topic) =>
    [
      { name: names.parked(group, topic), holds: 'parked records' as const },
      { name: names.deadLetter(topic), holds: 'dead letters' as const },
    ].map((one) => ({ ...one, of: topic, partitionsOf: topic, cleanup: 'delete' as const })),
  )
  return [...changelogs, ...letters]
}

/** What a store holds, for people. */
export function storeText({ kind }: Pick<StoreRef, 'kind'>): string {
  return kind === 'ids' ? 'ids in time buckets' : 'values by key'
}

/** `a task for each partition of orders`; where there are several topics, they go together. */
export function taskText({ topics }: Pick<DescribedPart, 'topics'>): string {
  const [driver = 'its source', ...others] = topics
  return `a task for each partition of ${driver}${others.length === 0 ? '' : `, with that of ${others.join(', ')}`}`
}

/** What is kept, as lines for people: tasks, state, topics. */
export function keptLines(parts: readonly DescribedPart[]): string[] {
  const tasks = parts.map((part) => (parts.length > 1 ? `${part.number}: ${taskText(part)}` : taskText(part)))
  const state = parts
    .flatMap(({ stores }) => stores)
    .map((store) => [store.name, `${storeText(store)}; in a cluster their changes are in ${store.changelog}`])
  const topics = parts
    .flatMap(({ internalTopics }) => internalTopics)
    .filter(({ holds }) => holds !== 'changes of state')
    .map(({ name, holds, of }) => [name, `${holds} of ${of}`])
  return [...block('tasks', tasks), ...block('state', columns(state)), ...block('topics', columns(topics))]
}

/** The first line has the word in front of it, the others stand below. */
function block(word: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? word : '').padEnd(9) + line)
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `${first.padEnd(width)}  ${second}`)
}
