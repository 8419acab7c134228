import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML027 */
export const retryOrder: LintRule = {
  code: 'ML027',
  title: 'A retry topic, and the order of its keys',
  severity: 'warning',
  explanation:
    'A sink writes a side output, such as `valid.invalid`, into a topic that the topology reads again. The later records of ' +
    'the key do not wait for the one that makes the detour: it is overtaken, and an old state may overwrite a newer one.',
  remedy:
    'Let the node fail the record (`otherwise: fail`), so that it is parked and its followers wait behind it; `millrace dlq ' +
    'release` sends them through again in order. Allow the finding where order does not matter.',
  example: {
    topology: `name: orders
sources: { orders: { type: topic, topic: [orders, orders-retry], format: json } }
processors:
  valid: { type: validate, from: orders, fields: { total: { min: 0 } }, otherwise: side }
sinks:
  rows: { type: table, from: valid, table: orders }
  # lint-allow ML011 readers know duplicates
  # lint-allow ML020 somebody mends the rule, and the loop ends
  again: { type: topic, from: valid.invalid, topic: orders-retry }`,
  },
  *check({ plan, graph }: LintSubject): Iterable<RuleFinding> {
    const read = new Set(graph.sources.flatMap((source) => topicsOf(plan, source)))
    for (const sink of graph.sinks) {
      const topic = sink.definition.topic?.(sink.config)
      const side = sink.from.find(({ output }) => output !== undefined)
      if (topic === undefined || side === undefined || !read.has(topic)) continue
      const message = `What "${side.node}.${side.output}" sends to the topic "${topic}" comes in again behind later records of its key.`
      yield { node: sink.name, field: 'topic', message }
    }
  },
}
