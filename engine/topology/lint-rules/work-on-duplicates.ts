import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

const costly = new Set(['enrich', 'throttle'])

/** ML019 */
export const workOnDuplicates: LintRule = {
  code: 'ML019',
  title: 'Work that is done for duplicates too',
  severity: 'warning',
  explanation:
    'An `enrich` or `throttle` stands before a `dedupe`: each duplicate is looked up, and takes a place in the rate, before ' +
    'it is dropped. The `dedupe` compares the record as it came in, so that nothing is gained by it.',
  remedy: 'Put the `dedupe` first.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors:
  known: { type: enrich, from: events, table: users, key: userId, as: user }
  unique: { type: dedupe, from: known, by: eventId, window: 2d } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const dedupe of graph.ofType('dedupe')) {
      for (const node of graph.upstream(dedupe)) {
        if (!costly.has(node.type)) continue
        yield {
          node: node.name,
          message: `"${node.name}" works for duplicates too, before "${dedupe.name}" drops them.`,
        }
      }
    }
  },
}
