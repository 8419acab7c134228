import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { durationText } from '../lint-rule.ts'
import { tablesOf } from '../plan-graph.ts'

/** ML030 */
export const latestExpires: LintRule = {
  code: 'ML030',
  title: 'A last state that expires',
  severity: 'warning',
  explanation:
    'A `table` sink with `mode: latest` keeps the last state of each key, and its table has a `default_time_to_live`: a key that ' +
    'has not changed for that long disappears, though it still exists. Cells expire one by one, so that a row first loses ' +
    'those that changed least.',
  remedy:
    'Make the table without `default_time_to_live`; what ended is a field of the state, or is deleted by whoever knows.',
  example: {
    topology: `name: users
sources: { changes: { type: topic, topic: user-changes, format: json } }
sinks: { users: { type: table, from: changes, table: users, mode: latest, sequence: version } }`,
    facts: { tables: { users: ['user_id!', 'name'] }, expiring: { users: 2_592_000 } },
  },
  *check({ graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      if (sink.config.mode !== 'latest') continue
      for (const name of tablesOf(sink)) {
        const seconds = facts.table(name)?.defaultTtl ?? 0
        if (seconds === 0) continue
        const message = `The table "${name}" forgets what has not changed for ${durationText(seconds * 1000)} (default_time_to_live).`
        yield { node: sink.name, field: 'table', message }
      }
    }
  },
}
