import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { durationText } from '../lint-rule.ts'
import { numberSetting } from '../plan-graph.ts'

const deliveryTimeoutMs = 120_000

/** ML009 */
export const shortWindow: LintRule = {
  code: 'ML009',
  title: 'A window shorter than a producer’s retries',
  severity: 'warning',
  explanation:
    'A Kafka producer sends a record again for up to `delivery.timeout.ms`, two minutes if not set otherwise. A `dedupe` ' +
    'with a shorter window has forgotten the id by then, and lets the duplicate through.',
  remedy: 'Choose a window of more than two minutes; hours or days where producers have a spool or a relay.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 30s } } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('dedupe')) {
      const window = numberSetting(node, 'window')
      if (window === undefined || window >= deliveryTimeoutMs) continue
      const message = `The window of ${durationText(window)} is shorter than the 2m for which a producer may send a record again.`
      yield { node: node.name, field: 'window', message }
    }
  },
}
