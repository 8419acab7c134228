import { castsBetween, noWayText } from '../../component/casts.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { castTargets, topicSetting } from '../plan-graph.ts'
import { recordsOf } from '../record-types.ts'

/** ML049 */
export const missingCast: LintRule = {
  code: 'ML049',
  title: 'A cast that nobody has written',
  severity: 'error',
  explanation:
    'An `upcast` or `downcast` gets records of a MAJOR from which no file beside the schemas leads to the one that they should ' +
    'become: the worker would stop at the first of them.',
  remedy:
    'Write `schemas/{topic}/{Name}.v1-v2.ts` with the functions `up` and `down`, or leave the MAJOR out of the `schema` of the source.',
  example: {
    topology: `name: orders
sources: { events: { type: topic, topic: orders, schema: [shop.OrderCreated, shop.v2.OrderCreated] } }
processors: { newest: { type: upcast, from: events } }
sinks: { show: { type: console, from: newest } }`,
    facts: {
      schemas: { 'shop.OrderCreated': { total: 'double' }, 'shop.v2.OrderCreated': { total: 'string' } },
      casts: [],
    },
  },
  *check({ graph, shapes, facts }: LintSubject): Iterable<RuleFinding> {
    const files = facts.casts()
    if (files === undefined) return
    for (const node of [...graph.ofType('upcast'), ...graph.ofType('downcast')]) {
      const shape = shapes.input(node)
      const records = shape && recordsOf(shape)
      if (records === undefined) continue
      const topic = graph.sourcesOf(node).map(topicSetting)[0] ?? ''
      for (const [from, to] of castTargets(node, [...records.keys()])) {
        if (castsBetween(files, { from, to, topic }) !== undefined) continue
        yield { node: node.name, message: `"${node.name}": ${noWayText(from, to)}.` }
      }
    }
  },
}
