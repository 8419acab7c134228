import type { FieldTree } from '../facts.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { readBy } from '../read-fields.ts'
import { fieldAt } from '../value-shapes.ts'

/** ML046 */
export const typesContradict: LintRule = {
  code: 'ML046',
  title: 'A field that is one thing in one record type and another in the next',
  severity: 'error',
  explanation:
    'A node reads a field of records of several types, in which it is of types that cannot be taken for each other: a text in ' +
    'one and a number in the other. What it compares, counts or writes would depend on who wrote the record.',
  remedy:
    'Put an `upcast` before it where the types are MAJORs of one record, or a `filter` or `branch` with the types apart.',
  example: {
    topology: `name: orders
sources:
  events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.v2.OrderCreated] }
processors: { large: { type: filter, from: events, field: total, atLeast: 100 } }
sinks: { show: { type: console, from: large } }`,
    facts: {
      schemas: {
        'shop.OrderCreated': { orderId: 'string', total: 'double' },
        'shop.v2.OrderCreated': { orderId: 'string', total: 'string' },
      },
    },
  },
  *check({ graph, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const node of [...graph.sources, ...graph.processors, ...graph.sinks]) {
      const shape = node.kind === 'source' ? shapes.output(node) : shapes.input(node)
      if (shape === undefined) continue
      for (const { path, field } of readBy(node)) {
        const clash = clashAt(shape, path)
        if (clash === undefined) continue
        const message = `"${node.name}" reads the field "${path}", which is ${clash[0]} and ${clash[1]}.`
        yield { node: node.name, ...(field === undefined ? {} : { field }), message }
      }
    }
  },
}

function clashAt(shape: FieldTree, path: string): FieldTree['clash'] {
  const found = fieldAt(shape, path)
  return found === undefined || found === 'unknown' ? undefined : found.clash
}
