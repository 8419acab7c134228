import type { TableInfo } from '../../component/contracts/tables.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { textSetting } from '../plan-graph.ts'
import type { PlanNode } from '../plan-types.ts'

/** ML007 */
export const enrichKey: LintRule = {
  code: 'ML007',
  title: 'A lookup that does not name the whole key',
  severity: 'error',
  explanation:
    'An `enrich` reads single rows, so that it needs a field for each column of the primary key, and takes columns that ' +
    'the table has. Otherwise the worker would refuse to start.',
  remedy: 'Give `key` as a mapping of key columns to fields, and correct `columns`.',
  example: {
    topology: `name: orders
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { known: { type: enrich, from: orders, table: users, key: userId, as: user } }
sinks: { show: { type: console, from: known } }`,
    facts: { tables: { users: ['store!', 'user_id+', 'name'] } },
  },
  *check({ graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('enrich')) {
      const table = facts.table(textSetting(node, 'table') ?? '')
      if (table === undefined) continue
      yield* wrongKey(node, table)
      const known = table.columns.map(({ name }) => name)
      const { columns } = node.config
      for (const column of Array.isArray(columns) ? (columns as string[]) : []) {
        if (known.includes(column)) continue
        const message = `The table "${table.name}" has no column "${column}": it has ${known.join(', ')}.`
        yield { node: node.name, field: 'columns', message }
      }
    }
  },
}

function* wrongKey(node: PlanNode, table: TableInfo): Iterable<RuleFinding> {
  const needed = table.columns.filter(({ kind }) => kind !== 'regular').map(({ name }) => name)
  const { key } = node.config
  const given = typeof key === 'string' ? needed.slice(0, 1) : Object.keys(key ?? {})
  const missing = needed.filter((name) => !given.includes(name))
  const foreign = given.filter((name) => !needed.includes(name))
  if (missing.length === 0 && foreign.length === 0) return
  const wrong =
    missing.length > 0 ? `no field is named for ${quoted(missing)}` : `${quoted(foreign)} is no column of it`
  const message = `The key of the table "${table.name}" is ${needed.join(', ')}, and ${wrong}.`
  yield { node: node.name, field: 'key', message }
}
