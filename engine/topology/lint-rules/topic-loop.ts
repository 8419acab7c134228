import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML020 */
export const topicLoop: LintRule = {
  code: 'ML020',
  title: 'A topic that feeds itself',
  severity: 'warning',
  explanation:
    'A sink writes the topic that one of its sources reads: each record comes in again, and a loop that nothing ends fills ' +
    'the topic.',
  remedy: 'Write another topic, or filter such that records leave the loop, and allow the finding.',
  example: {
    topology: `name: again
sources: { orders: { type: topic, topic: orders, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: orders, by: orderId, window: 2d } } # lint-allow ML008 the cost is known
sinks:
  back: { type: topic, from: unique, topic: orders }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { orders: { key: 'orderId' } } },
  },
  *check({ plan, graph }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      const topic = sink.definition.topic?.(sink.config)
      const source = graph
        .sourcesOf(sink)
        .find((one) => topic !== undefined && topicsOf(plan, one).includes(topic))
      if (source === undefined) continue
      const message = `"${sink.name}" writes the topic "${topic}", which "${source.name}" reads: records go round.`
      yield { node: sink.name, field: 'topic', message }
    }
  },
}
