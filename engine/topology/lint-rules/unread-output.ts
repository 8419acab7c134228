import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { isDedupe, schemasNamed } from '../plan-graph.ts'
import type { PlanNode } from '../plan-types.ts'
import { recordsOf } from '../record-types.ts'
import type { ValueShapes } from '../value-shapes.ts'

/** ML013 */
export const unreadOutput: LintRule = {
  code: 'ML013',
  title: 'An output that nobody reads',
  severity: 'warning',
  explanation:
    'Records that go to an output which no node reads are dropped: they are counted, and settled as if stored.',
  remedy:
    'Let a node read the output (`from: node.output`), even if only a `console`, or allow the finding where the records ' +
    'are to be dropped.',
  example: {
    topology: `name: split
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { kinds: { type: branch, from: orders, field: kind, to: { carts: cart, paid: order }, default: rest } }
sinks:
  carts: { type: table, from: kinds.carts, table: carts }
  rest: { type: console, from: kinds.rest }`,
  },
  *check({ graph, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.processors) {
      const outputs = node.definition.outputs?.(node.config) ?? []
      for (const output of isDedupe(node) ? [] : outputs) {
        if (graph.readers(node.name, output).length > 0) continue
        yield {
          node: node.name,
          message: `Nobody reads "${node.name}.${output}": what goes there is dropped.`,
        }
      }
      if (graph.readers(node.name, undefined).length > 0) continue
      // A branch with a default sends nothing to its main output.
      if (node.definition.sideOnly === true && node.config.default !== undefined) continue
      if (namesAllTypes(node, shapes)) continue
      yield {
        node: node.name,
        message: `Nobody reads the main output of "${node.name}": what goes there is dropped.`,
      }
    }
  },
}

/** True for a branch by record type that has an output for each that comes. */
function namesAllTypes(node: PlanNode, shapes: ValueShapes): boolean {
  const shape = shapes.input(node)
  const coming = node.type === 'branch' && shape !== undefined ? recordsOf(shape) : undefined
  const named = new Set(schemasNamed(node).map(([, schema]) => schema))
  return coming !== undefined && [...coming.keys()].every((name) => named.has(name))
}
