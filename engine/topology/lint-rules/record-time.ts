import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

/** ML012 */
export const recordTime: LintRule = {
  code: 'ML012',
  title: 'A window over the time of the record, or an order',
  severity: 'info',
  explanation:
    'A `dedupe` forgets ids by stream time. Its source names no `timestamp` field, so that this is the time at which the ' +
    'record was produced or appended, not that of the event: a relay that sends old events again gives them new times. So it ' +
    'is with a `merge`, which puts its sources into the order of these times.',
  remedy: 'Name the field with the event time as `timestamp` of the source, where there is one.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 2d } } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.processors) {
      const effect =
        node.type === 'dedupe'
          ? `the window of "${node.name}" runs by the time of the record.`
          : `"${node.name}" puts its records into order by the time of the record.`
      if (node.type !== 'dedupe' && node.definition.merges === undefined) continue
      for (const source of graph.sourcesOf(node)) {
        if (source.definition.eventTime === undefined) continue
        if (source.definition.eventTime(source.config) !== undefined) continue
        yield { node: source.name, message: `"${source.name}" names no timestamp field: ${effect}` }
      }
    }
  },
}
