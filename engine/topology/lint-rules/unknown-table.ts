import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { tablesOf, textSetting } from '../plan-graph.ts'

/** ML003 */
export const unknownTable: LintRule = {
  code: 'ML003',
  title: 'A table that no migration creates',
  severity: 'error',
  explanation:
    'A sink or an `enrich` names a table that no file in `cql/` creates: the worker would refuse to start.',
  remedy: 'Correct the name, or add a migration.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_usr } }`,
    facts: { tables: { audit_by_user: ['user_id!', 'event_id+', 'action'] } },
  },
  *check({ graph, facts }: LintSubject): Iterable<RuleFinding> {
    const known = facts.tables()
    if (known === undefined) return
    const used = [
      ...graph.ofType('enrich').map((node) => ({ node, tables: [textSetting(node, 'table')] })),
      ...graph.sinks.map((node) => ({ node, tables: tablesOf(node) })),
    ]
    for (const { node, tables } of used) {
      for (const table of tables) {
        if (table === undefined || known.includes(table)) continue
        const field = table === node.config.table ? 'table' : 'variants'
        const hint = known.length === 0 ? 'cql/ has none yet' : `there are ${known.slice(0, 8).join(', ')}`
        yield { node: node.name, field, message: `No migration creates the table "${table}": ${hint}.` }
      }
    }
  },
}
