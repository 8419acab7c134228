import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { schemasNamed } from '../plan-graph.ts'
import { recordsOf } from '../record-types.ts'

/** ML047 */
export const typeNeverComes: LintRule = {
  code: 'ML047',
  title: 'A record type that never comes',
  severity: 'error',
  explanation:
    'A `filter` or `branch` asks for records of a type that its source does not read, or that an `upcast` before it has made ' +
    'another of: nothing would ever come out there.',
  remedy: 'Add the type to the `schema` of the source, or name the one that comes.',
  example: {
    topology: `name: orders
sources: { events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.OrderCancelled] } }
processors: { shipped: { type: filter, from: events, schema: shop.OrderShipped } }
sinks: { show: { type: console, from: shipped } }`,
    facts: {
      schemas: {
        'shop.OrderCreated': { orderId: 'string' },
        'shop.OrderCancelled': { orderId: 'string' },
        'shop.OrderShipped': { orderId: 'string' },
      },
    },
  },
  *check({ graph, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const node of [...graph.ofType('filter'), ...graph.ofType('branch')]) {
      const shape = shapes.input(node)
      const coming = shape && recordsOf(shape)
      if (coming === undefined) continue
      for (const [field, schema] of schemasNamed(node)) {
        if (coming.has(schema)) continue
        const message = `No ${schema} comes to "${node.name}": its records are ${[...coming.keys()].join(', ')}.`
        yield { node: node.name, field, message }
      }
    }
  },
}
