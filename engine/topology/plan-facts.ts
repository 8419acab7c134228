import type { StoreRef } from '../component/contracts/commit.ts'
import type { SubTopology, TopologyPlan } from './plan-types.ts'

/**
 * What the topics of letters take, bytes: whatever a source may hold, and a letter's header on top. As much as a consumer
 * receives by default.
 */
export const largestLetter = 64 * 1024 * 1024

/** The topic that a source node reads; undefined for a node that is no source or reads none. */
export function sourceTopic(plan: TopologyPlan, name: string): string | undefined {
  const node = plan.nodes.get(name)
  if (node?.kind !== 'source') return undefined
  return node.definition.topics(node.config, { topology: plan.name, node: name })[0]
}

/**
 * The topics of each sub-topology: first the one by which its partitions are given out, which is that of the first source
 * in the file, then those that go with it.
 */
export function drivesOf(plan: TopologyPlan): string[][] {
  return plan.subTopologies.map(({ sources }) =>
    sources.map((name) => sourceTopic(plan, name)).filter((topic) => topic !== undefined),
  )
}

/** The sources that are read as global tables: they are in no sub-topology. */
export function globalTables(plan: TopologyPlan): string[] {
  const edges = [...plan.nodes.values()].flatMap(({ from }) => from)
  return [...new Set(edges.filter(({ table }) => table === 'global').map(({ node }) => node))]
}

/** The sources of a sub-topology that are read as tables by partition. */
export function tableSources(plan: TopologyPlan, sub: Pick<SubTopology, 'nodes'>): string[] {
  const joined = new Set(
    [...plan.nodes.values()].flatMap(({ from }) =>
      from.flatMap(({ node, table }) => (table === 'partitioned' ? [node] : [])),
    ),
  )
  return sub.nodes.filter((name) => joined.has(name))
}

/** The state stores of a sub-topology: those of its nodes, and the rows of each table, by the name of its source. */
export function storesOf(plan: TopologyPlan, sub: Pick<SubTopology, 'nodes'>): StoreRef[] {
  const tables = new Set(tableSources(plan, sub))
  return sub.nodes.flatMap((name): readonly StoreRef[] => {
    const node = plan.nodes.get(name)
    if (tables.has(name)) return [{ name, kind: 'keyValue' }]
    return node?.kind === 'processor' ? (node.definition.stores?.(node.config, { node: name }) ?? []) : []
  })
}

/** Sources of a sub-topology whose records are put into the order of their event times. */
export interface MergedSources {
  readonly node: string
  readonly sources: readonly string[]
  readonly waitMs: number
}

/** What the nodes of a sub-topology merge. A source is merged once. */
export function mergesOf(plan: TopologyPlan, sub: Pick<SubTopology, 'nodes'>): MergedSources[] {
  return sub.nodes.flatMap((name) => {
    const node = plan.nodes.get(name)
    const merged = node?.kind === 'processor' ? node.definition.merges?.(node.config) : undefined
    if (node === undefined || merged === undefined) return []
    return [{ node: name, sources: node.from.map((from) => from.node), waitMs: merged.waitMs }]
  })
}

/** True where a node settles its records with its state, and owes what it sends: cuts are then beginnings. */
export function commitsFirst(plan: TopologyPlan, sub: SubTopology): boolean {
  return sub.nodes.some((name) => {
    const node = plan.nodes.get(name)
    return node?.kind === 'processor' && node.definition.commitsFirst === true
  })
}

/**
 * True where records get another key in a commit. Records of different keys settle in any order, and so those of the new key
 * keep theirs only where cuts are beginnings of the partitions.
 */
export function rekeysInCommits(
  { delivery, ownTopics }: TopologyPlan,
  { nodes }: Pick<SubTopology, 'nodes'>,
): boolean {
  return delivery === 'exactly-once' && ownTopics.some(({ sink }) => nodes.includes(sink))
}

/** A source and all nodes that its records come to, in the tasks that read it. */
export function fedBy({ nodes }: TopologyPlan, source: string): string[] {
  const fed = new Set([source])
  // Nodes may be named before those that feed them.
  for (let known = 0; known < fed.size;) {
    known = fed.size
    for (const { name, from } of nodes.values())
      if (from.some(({ node, table }) => table === undefined && fed.has(node))) fed.add(name)
  }
  return [...fed]
}

/** True where some node keeps state. */
export function isStateful(plan: TopologyPlan): boolean {
  return plan.subTopologies.some((sub) => storesOf(plan, sub).length > 0)
}

/** The tables that its nodes write, or look rows up in. */
export function tablesOfPlan({ nodes }: TopologyPlan): string[] {
  const tables = [...nodes.values()].flatMap((node) => {
    if (node.kind === 'source') return []
    const table = node.definition.table?.(node.config)
    const all = node.kind === 'sink' ? node.definition.tables?.(node.config) : undefined
    return all ?? (table === undefined ? [] : [table])
  })
  return [...new Set(tables)]
}
