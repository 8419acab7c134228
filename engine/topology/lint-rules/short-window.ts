import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { durationText } from '../lint-rule.ts'
import { numberSetting, topicsOf } from '../plan-graph.ts'

const deliveryTimeoutMs = 120_000

/** ML009 */
export const shortWindow: LintRule = {
  code: 'ML009',
  title: 'A window shorter than a producer’s retries',
  severity: 'warning',
  explanation:
    'A Kafka producer sends a record again for up to `delivery.timeout.ms`, two minutes if not set otherwise. A `dedupe` ' +
    'with a shorter window has forgotten the id by then, and lets the duplicate through. Producers with a spool or a relay send ' +
    'records again for longer: `redelivery` of a topic in `schemas/catalogue.yaml` says for how long, and is then what counts.',
  remedy: 'Choose a window of more than two minutes; hours or days where producers have a spool or a relay.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors:
  # lint-allow ML008 the cost is known
  # lint-allow ML032 all clocks are right
  unique: { type: dedupe, from: events, by: eventId, window: 30s }
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ plan, graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('dedupe')) {
      const window = numberSetting(node, 'window')
      if (window === undefined) continue
      const topics = graph.sourcesOf(node).flatMap((source) => topicsOf(plan, source))
      for (const topic of new Set(topics)) {
        const declared = facts.topic(topic)?.redelivery
        const needed = declared ?? deliveryTimeoutMs
        if (window >= needed) continue
        const which =
          declared === undefined ? 'a producer may send a record' : `records of "${topic}" may be sent`
        const message = `The window of ${durationText(window)} is shorter than the ${durationText(needed)} for which ${which} again.`
        yield { node: node.name, field: 'window', message }
        // Once is enough where nothing is declared.
        if (declared === undefined) break
      }
    }
  },
}
