import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML034 */
export const rekeyedOrder: LintRule = {
  code: 'ML034',
  title: 'An order that ends at a new key',
  severity: 'info',
  explanation:
    'Records keep their order within the key of the source topic. A `topic` sink that gives them another key puts records of ' +
    'one new key together that came from several partitions, each at its own pace: they lie in the topic in no certain order. ' +
    'The rule speaks where `schemas/catalogue.yaml` declares the key of the source topic.',
  remedy:
    'Give the source topic that key where producers can, or see to it that readers order by a number or time of the ' +
    'event; then allow the finding.',
  example: {
    topology: `name: by-user
sources: { orders: { type: topic, topic: orders, format: json } }
sinks:
  users: { type: topic, from: orders, topic: orders-by-user, key: userId } # lint-allow ML011 readers know orders by id`,
    facts: { topics: { orders: { key: 'orderId', partitions: 6 } } },
  },
  *check({ plan, graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      if (sink.type !== 'topic' || sink.config.key === undefined) continue
      const given = [sink.config.key].flat().filter((field) => typeof field === 'string')
      for (const topic of new Set(graph.sourcesOf(sink).flatMap((source) => topicsOf(plan, source)))) {
        const { key, partitions } = facts.topic(topic) ?? {}
        if (key === undefined || partitions === 1 || given.includes(key)) continue
        const message = `"${topic}" is in order by "${key}", and the records leave with the key ${quoted(given)}: those of one new key come in no certain order.`
        yield { node: sink.name, field: 'key', message }
      }
    }
  },
}
