import type { Passed } from '../component/points.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'

/** What cases reached of a topology. */
export interface CoverageReport {
  readonly topology: string
  readonly nodes: number
  readonly outputs: number
  /** Nodes that no record came to. */
  readonly unreachedNodes: readonly string[]
  /** Outputs that no record came out of: `node` for a main output, `node.output` for a side output. */
  readonly unreachedOutputs: readonly string[]
}

/** Adds up which outputs of a topology records came out of, over all its cases. */
export class Coverage {
  readonly #plan: TopologyPlan
  readonly #passed = new Set<string>()

  constructor(plan: TopologyPlan) {
    this.#plan = plan
  }

  passed({ node, output, records }: Passed): void {
    if (records > 0) this.#passed.add(nameOf(node, output))
  }

  report(): CoverageReport {
    const nodes = [...this.#plan.nodes.values()]
    const outputs = nodes.flatMap((node) => {
      if (node.kind === 'sink') return []
      if (node.kind === 'source') return [node.name]
      const sides = (node.definition.outputs?.(node.config) ?? []).map((side) => nameOf(node.name, side))
      return node.definition.sideOnly === true ? sides : [node.name, ...sides]
    })
    const reached = nodes.filter(({ kind, name, from }) =>
      kind === 'source'
        ? this.#passed.has(name)
        : from.some((one) => this.#passed.has(nameOf(one.node, one.output))),
    )
    return {
      topology: this.#plan.name,
      nodes: nodes.length,
      outputs: outputs.length,
      unreachedNodes: nodes.filter((node) => !reached.includes(node)).map(({ name }) => name),
      unreachedOutputs: outputs.filter((name) => !this.#passed.has(name)),
    }
  }
}

function nameOf(node: string, output: string | undefined): string {
  return output === undefined ? node : `${node}.${output}`
}
