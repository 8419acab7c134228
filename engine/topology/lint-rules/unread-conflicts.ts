import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

/** ML014 */
export const unreadConflicts: LintRule = {
  code: 'ML014',
  title: 'Conflicts that nobody sees',
  severity: 'info',
  explanation:
    'A record with a known id and another body is no duplicate: somebody gives ids twice, or changed an event. A `dedupe` ' +
    'sends it to its side output `conflicts`; where nobody reads that, the record is dropped and counted.',
  remedy: 'Send `node.conflicts` to a topic or table, or watch the counter, and allow the finding.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 2d } } # lint-allow ML008 the cost is known
sinks: { users: { type: table, from: unique, table: audit_by_user } }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('dedupe')) {
      if (graph.readers(node.name, 'conflicts').length > 0) continue
      const message = `Nobody reads "${node.name}.conflicts": a record with a known id and another body is dropped and counted.`
      yield { node: node.name, message }
    }
  },
}
