import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'

/** ML033 */
export const nothingExactlyOnce: LintRule = {
  code: 'ML033',
  title: 'Exactly once, and no topic to write',
  severity: 'warning',
  explanation:
    '`delivery: exactly-once` puts what `topic` sinks write into the commit of the records that it was made of. Other sinks are ' +
    'outside of Kafka’s transactions and are written before the commit as ever: a crash between the two writes them again.',
  remedy:
    'Leave `delivery` out: tables are idempotent, and hold each effect once in any case. Or write a topic, and let another ' +
    'topology bring it to the sink.',
  example: {
    topology: `name: audit
delivery: exactly-once
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_user } }`,
  },
  *check({ plan, graph }: LintSubject): Iterable<RuleFinding> {
    if (plan.delivery !== 'exactly-once') return
    if (graph.sinks.some(({ type }) => type === 'topic')) return
    const names = quoted(graph.sinks.map(({ name }) => name))
    const message = `Exactly-once delivery is for topic sinks, and there is none: ${names} may be written again after a crash.`
    yield { node: undefined, field: 'delivery', message }
  },
}
