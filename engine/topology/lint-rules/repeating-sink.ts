import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { isDedupe, isForPeople } from '../plan-graph.ts'

/** ML011 */
export const repeatingSink: LintRule = {
  code: 'ML011',
  title: 'A sink that repeats, without a dedupe',
  severity: 'warning',
  explanation:
    'Delivery is at least once. A sink that is not idempotent writes again whatever its producers sent twice, and nothing ' +
    'in this topology drops duplicates. (After a crash, up to one commit interval of records is written again in any case.)',
  remedy:
    'Put a `dedupe` before the sink, or see to it that its readers know duplicates, and allow the finding.',
  example: {
    topology: `name: relay
sources: { orders: { type: topic, topic: orders, format: json } }
sinks: { copy: { type: topic, from: orders, topic: orders-copy } }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      if (sink.definition.idempotent || isForPeople(sink) || graph.writesOwnTopic(sink)) continue
      const sources = graph
        .undeduped(sink)
        .filter(
          (source) =>
            !graph.processors.some((node) => isDedupe(node) && graph.upstream(node).includes(source)),
        )
      if (sources.length === 0) continue
      const from = sources.map(({ name }) => name).join(', ')
      const message = `"${sink.name}" writes again whatever comes twice from ${from}, and no dedupe stands before it.`
      yield { node: sink.name, message }
    }
  },
}
