import type { ColumnInfo } from '../../component/contracts/tables.ts'
import type { FieldTree } from '../facts.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { recordSetting, tablesOf } from '../plan-graph.ts'
import type { SinkNode } from '../plan-types.ts'
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
      // Tables of one sink mostly differ in how long they keep rows: what is the same of them is said once.
      const found = new Map<string, { readonly empty: readonly EmptyColumn[]; readonly tables: string[] }>()
      for (const name of tablesOf(node)) {
        const empty = emptyColumns(node, facts.table(name)?.columns ?? [], shape)
        if (empty.length === 0) continue
        const key = JSON.stringify(empty)
        const same = found.get(key)
        if (same === undefined) found.set(key, { empty, tables: [name] })
        else same.tables.push(name)
      }
      for (const { empty, tables } of found.values())
        yield { node: node.name, field: placeOf(node, empty), message: sentence(node.name, tables, empty) }
    }
  },
}

interface EmptyColumn {
  readonly column: string
  readonly field: string
}

function emptyColumns(node: SinkNode, columns: readonly ColumnInfo[], shape: FieldTree): EmptyColumn[] {
  return columns.flatMap(({ name, kind }) => {
    const field = kind === 'regular' ? columnField(node, name) : undefined
    return typeof field === 'string' && fieldAt(shape, field) === undefined ? [{ column: name, field }] : []
  })
}

/** Where the field was named wrongly, or else the table that wants it. */
function placeOf(node: SinkNode, empty: readonly EmptyColumn[]): string {
  const named = recordSetting(node, 'columns')
  return empty.some(({ column }) => column in named) ? 'columns' : 'table'
}

function sentence(sink: string, tables: readonly string[], empty: readonly EmptyColumn[]): string {
  const one = empty.length === 1
  const columns = quoted(empty.map(({ column }) => column))
  const fields = quoted(empty.map(({ field }) => field))
  const where = `${tables.length === 1 ? 'the table' : 'the tables'} ${quoted(tables)}`
  const pairs = (value: string): string => empty.map(({ column }) => `${column}: ${value}`).join(', ')
  const lacking = `the records that come to it have no ${one ? 'field' : 'fields'} ${fields}`
  const named = `\`columns: { ${pairs('FIELD')} }\``
  const left = `\`columns: { ${pairs('null')} }\``
  return `The sink "${sink}" leaves the ${one ? 'column' : 'columns'} ${columns} of ${where} empty in every row: ${lacking}. Name the ${one ? 'field' : 'fields'} with ${named}, or say that ${one ? 'it stays' : 'they stay'} empty with ${left}.`
}
