import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { tablesOf } from '../plan-graph.ts'

/** ML015 */
export const tableWrittenTwice: LintRule = {
  code: 'ML015',
  title: 'A table with two writers',
  severity: 'warning',
  explanation:
    'Two sinks of a topology write the same table. They run concurrently and in no order to each other: where both write ' +
    'one row, the cell with the higher timestamp stays, whichever that is.',
  remedy: 'Let one sink read from both nodes (`from: [a, b]`), or give each a table of its own.',
  example: {
    topology: `name: audit
sources:
  web: { type: topic, topic: audit-web, format: json }
  shop: { type: topic, topic: audit-shop, format: json }
sinks:
  a: { type: table, from: web, table: audit_by_user }
  b: { type: table, from: shop, table: audit_by_user }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    const writers = new Map<string, string[]>()
    for (const sink of graph.sinks) {
      for (const table of tablesOf(sink)) writers.set(table, [...(writers.get(table) ?? []), sink.name])
    }
    for (const [table, names] of writers) {
      if (names.length < 2) continue
      yield {
        node: names.at(-1)!,
        field: 'table',
        message: `The table "${table}" is written by ${quoted(names)}, in no order to each other.`,
      }
    }
  },
}
