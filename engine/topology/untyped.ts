import { textsSetting } from './plan-graph.ts'
import type { OutputRef, PlanNode, TopologyPlan } from './plan-types.ts'

/**
 * The node, with its output, from which records without type come to a node for certain: a topic that is read without schema,
 * an aggregate, the gaps of a sequence. Undefined where each of them has one, as far as can be known.
 */
export function untypedBefore({ nodes }: TopologyPlan, node: PlanNode): string | undefined {
  const seen = new Set<PlanNode>()
  const find = (one: PlanNode): string | undefined => {
    if (seen.has(one)) return undefined
    seen.add(one)
    for (const ref of one.from) {
      if (ref.table !== undefined) continue
      const feeder = nodes.get(ref.node)!
      const found = hasNone(feeder, ref) ? nameOf(ref) : find(feeder)
      if (found !== undefined) return found
    }
    return undefined
  }
  return find(node)
}

function hasNone(node: PlanNode, { output }: OutputRef): boolean {
  if (node.kind === 'source') return node.type === 'topic' && textsSetting(node, 'schema').length === 0
  // Its other outputs carry records as they came.
  if (node.type === 'aggregate') return output === undefined
  return node.type === 'resequence' && output === 'gaps'
}

function nameOf({ node, output }: OutputRef): string {
  return output === undefined ? node : `${node}.${output}`
}
