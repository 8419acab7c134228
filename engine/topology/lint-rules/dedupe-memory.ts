import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { byteText, durationText } from '../lint-rule.ts'
import { numberSetting, topicsOf } from '../plan-graph.ts'

const bytesPerId = 48

/** ML008 */
export const dedupeMemory: LintRule = {
  code: 'ML008',
  title: 'What a dedupe window costs',
  severity: 'info',
  explanation:
    `A \`dedupe\` holds about ${bytesPerId} bytes for each id within its window, in the memory of the worker and in the ` +
    'changelog. The rule multiplies that by the `rate` of the topics, where `schemas/catalogue.yaml` declares it. That is the rate at the ' +
    'peak, so the answer is the most that it can be.',
  remedy:
    'Choose the window from the longest time after which a producer still sends a record again: its delivery time-out, ' +
    'the age of its spool, how far a relay goes back. Longer only costs.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId', rate: 500 } } },
  },
  *check({ plan, graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('dedupe')) {
      const window = numberSetting(node, 'window')
      if (window === undefined) continue
      const topics = graph.sourcesOf(node).flatMap((source) => topicsOf(plan, source))
      const rates = topics.map((topic) => facts.topic(topic)?.rate)
      const known = rates.every((rate) => rate !== undefined)
      const rate = known ? rates.reduce((sum, one) => sum + one, 0) : 1000
      const ids = (rate * window) / 1000
      const what = `${Math.round(ids).toLocaleString('en')} ids, about ${byteText(ids * bytesPerId)} over all workers`
      const message = known
        ? `A window of ${durationText(window)} holds at most ${what}: if the peak of ${rate} records a second lasts as long.`
        : `A window of ${durationText(window)} holds ${what}, for every 1000 records a second (no rate is declared).`
      yield { node: node.name, field: 'window', message }
    }
  },
}
