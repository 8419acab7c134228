import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { tablesOf } from '../plan-graph.ts'
import { fieldAt } from '../value-shapes.ts'
import { columnField } from './table-columns.ts'

/** ML006 */
export const emptyColumn: LintRule = {
  code: 'ML006',
  title: 'A column that stays empty',
  severity: 'warning',
  explanation:
    'A column of a table gets the field of its name in camelCase, or the one that `columns` says, and the records have ' +
    'no such field: the column stays unset in every row.',
  remedy: 'Name the right field under `columns`, or `column: null` where it is to stay empty.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent } }
sinks: { users: { type: table, from: events, table: audit_by_user } }`,
    facts: {
      schemas: { 'audit.AuditEvent': { eventId: 'string', userId: 'string', timestamp: 'long' } },
      tables: { audit_by_user: ['user_id!', 'event_id+', 'event_time'] },
    },
  },
  *check({ graph, facts, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.sinks.filter(({ type }) => type === 'table')) {
      const shape = shapes.input(node)
      if (shape === undefined) continue
      for (const name of tablesOf(node)) {
        const empty = (facts.table(name)?.columns ?? [])
          .filter(({ kind }) => kind === 'regular')
          .map((column) => ({ column: column.name, field: columnField(node, column.name) }))
          .filter(({ field }) => typeof field === 'string' && fieldAt(shape, field) === undefined)
        if (empty.length === 0) continue
        const columns = quoted(empty.map(({ column }) => column))
        const fields = quoted(empty.map(({ field }) => field!))
        const message = `In the table "${name}" ${columns} will stay empty: the records have no field ${fields}.`
        yield { node: node.name, field: 'table', message }
      }
    }
  },
}
