import type { TopologyPlan } from './plan-types.ts'

/** Sources that can be read to their ends together. */
export interface ReadStage {
  readonly sources: readonly string[]
  readonly topics: readonly string[]
}

/**
 * The sources of a topology in stages: those of a later one read topics of its own, which are written while the stages
 * before are read. Where there is no repartition, all are in one.
 */
export function stagesOf(plan: TopologyPlan): ReadStage[] {
  const sources = [...plan.nodes.values()].filter(({ kind }) => kind === 'source')
  const byStage = Map.groupBy(sources, ({ name }) => stageOf(plan, name))
  return [...byStage.keys()]
    .sort((a, b) => a - b)
    .map((stage) => {
      const names = byStage.get(stage)!.map(({ name }) => name)
      return { sources: names, topics: names.flatMap((name) => topicsOfSource(plan, name)) }
    })
}

function stageOf(plan: TopologyPlan, source: string): number {
  const own = plan.ownTopics.find((one) => one.source === source)
  if (own === undefined) return 0
  return 1 + Math.max(...sourcesAbove(plan, own.sink).map((one) => stageOf(plan, one)))
}

/** The sources whose records reach a node. */
function sourcesAbove(plan: TopologyPlan, name: string): string[] {
  const node = plan.nodes.get(name)!
  if (node.kind === 'source') return [name]
  return [...new Set(node.from.flatMap((from) => sourcesAbove(plan, from.node)))]
}

function topicsOfSource(plan: TopologyPlan, name: string): readonly string[] {
  const node = plan.nodes.get(name)
  return node?.kind === 'source'
    ? node.definition.topics(node.config, { topology: plan.name, node: name })
    : []
}
