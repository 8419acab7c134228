import type { ColumnInfo } from '../../component/contracts/tables.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { recordSetting, tablesOf } from '../plan-graph.ts'
import type { SinkNode } from '../plan-types.ts'
import { fieldAt } from '../value-shapes.ts'
import { columnField, computedColumns } from './table-columns.ts'

/** ML005 */
export const tableKey: LintRule = {
  code: 'ML005',
  title: 'A row that the table cannot take',
  severity: 'error',
  explanation:
    'A `table` sink names a column that the table does not have, or leaves a column of the primary key without a ' +
    'field: every row would be refused.',
  remedy: 'Correct `columns`, name the `bucket` and `hash` columns, or change the table by a migration.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent } }
sinks: { users: { type: table, from: events, table: audit_by_user } }`,
    facts: {
      schemas: { 'audit.AuditEvent': { eventId: 'string', user: 'string' } },
      tables: { audit_by_user: ['user_id!', 'event_id+'] },
    },
  },
  *check({ graph, facts, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.sinks.filter(({ type }) => type === 'table')) {
      for (const name of tablesOf(node)) {
        const columns = facts.table(name)?.columns
        if (columns === undefined) continue
        yield* unknownColumns(node, name, columns)
        const shape = shapes.input(node)
        if (shape === undefined) continue
        for (const column of columns.filter(({ kind }) => kind !== 'regular')) {
          const field = columnField(node, column.name)
          if (field === undefined || (field !== null && fieldAt(shape, field) !== undefined)) continue
          const why =
            field === null ? 'is left alone' : `gets the field "${field}", which the records do not have`
          const message = `The key column "${column.name}" of the table "${name}" ${why}.`
          yield { node: node.name, field: field === null ? 'columns' : 'table', message }
        }
      }
    }
  },
}

function* unknownColumns(
  node: SinkNode,
  table: string,
  columns: readonly ColumnInfo[],
): Iterable<RuleFinding> {
  const known = columns.map(({ name }) => name)
  for (const column of [...Object.keys(recordSetting(node, 'columns')), ...computedColumns(node)]) {
    if (known.includes(column)) continue
    const field =
      ['bucket', 'hash'].find((setting) => recordSetting(node, setting).column === column) ?? 'columns'
    const message = `The table "${table}" has no column "${column}": it has ${known.join(', ')}.`
    yield { node: node.name, field, message }
  }
}
