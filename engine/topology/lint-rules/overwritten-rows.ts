import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { isDedupe, recordSetting, tablesOf, textSetting } from '../plan-graph.ts'
import { columnField } from './table-columns.ts'

/** ML035 */
export const overwrittenRows: LintRule = {
  code: 'ML035',
  title: 'Events that share a row',
  severity: 'warning',
  explanation:
    'A `table` sink with `mode: insert` is for immutable events, a row each. The primary key of this table holds neither the ' +
    'id by which a `dedupe` tells events apart, nor a `hash`: two events with the same key become one row, with the cells of ' +
    'whichever is later, and where one of them has no value, with those of the other.',
  remedy:
    'Put the id into the clustering key by a migration, or use `mode: latest` with a `sequence` where one row for each key is meant.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: {
      topics: { 'audit-events': { key: 'eventId' } },
      tables: { audit_by_user: ['user_id!', 'at+', 'action'] },
    },
  },
  *check({ graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      if (sink.type !== 'table' || sink.config.mode !== 'insert') continue
      const ids = graph
        .upstream(sink)
        .filter(isDedupe)
        .map((node) => textSetting(node, 'by'))
      // A map may give the id another name.
      if (ids.length === 0 || graph.upstream(sink).some(({ type }) => type === 'map')) continue
      for (const name of tablesOf(sink)) {
        const key = (facts.table(name)?.columns ?? []).filter(({ kind }) => kind !== 'regular')
        const told = key.some(({ name: column }) => {
          const field = columnField(sink, column)
          if (field === undefined) return recordSetting(sink, 'hash').column === column
          return field !== null && ids.includes(field)
        })
        if (key.length === 0 || told) continue
        const message = `The key of the table "${name}" (${key.map((column) => column.name).join(', ')}) does not hold ${quoted([...new Set(ids)].map(String))}: events that agree in it overwrite each other.`
        yield { node: sink.name, field: 'table', message }
      }
    }
  },
}
