import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { isDedupe, isForPeople } from '../plan-graph.ts'

/** ML010 */
export const effectBeforeDedupe: LintRule = {
  code: 'ML010',
  title: 'An effect before the duplicates are dropped',
  severity: 'warning',
  explanation:
    'One way from a source leads through a `dedupe`, another leads past it to a sink that is not idempotent: there, ' +
    'every duplicate has an effect of its own.',
  remedy: 'Let the sink read from the `dedupe`, or from a node behind it.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 2d } } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  alerts: { type: topic, from: events, topic: alerts }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      if (sink.definition.idempotent || isForPeople(sink)) continue
      for (const source of graph.undeduped(sink)) {
        const dedupe = graph.processors.find(
          (node) => isDedupe(node) && graph.upstream(node).includes(source),
        )
        if (dedupe === undefined) continue
        const message = `Records of "${source.name}" come to "${sink.name}" past "${dedupe.name}": each duplicate is written there too.`
        yield { node: sink.name, field: 'from', message }
      }
    }
  },
}
