import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { textSetting, topicsOf } from '../plan-graph.ts'

/** ML004 */
export const dedupeScope: LintRule = {
  code: 'ML004',
  title: 'Duplicates are known within a partition only',
  severity: 'info',
  explanation:
    'A `dedupe` knows the ids of its own partition. Two records of one id are seen as duplicates only if they have ' +
    'the same key, and so come to the same partition. Where the id is the key, that is certain; otherwise the rule ' +
    'says what is taken for granted.',
  remedy:
    'Make sure that whoever sends a record again gives it the same key; then allow the finding with that reason. Where ' +
    'it does not hold, write the topic anew with the id as key, and dedupe there.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 2d } } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'entityId' } } },
  },
  *check({ plan, graph, facts }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('dedupe')) {
      const by = textSetting(node, 'by') ?? 'its id'
      for (const topic of new Set(graph.sourcesOf(node).flatMap((source) => topicsOf(plan, source)))) {
        const key = facts.topic(topic)?.key
        if (key === by) continue
        const partitions = facts.topic(topic)?.partitions
        if (partitions === 1) continue
        const assumed =
          key === undefined
            ? `one ${by} always has the same key in the topic ${quoted([topic])}`
            : `one ${by} always has the same ${key}, the key of the topic ${quoted([topic])}`
        yield {
          node: node.name,
          field: 'by',
          message: `Taken for granted: ${assumed}. Twins with different keys are both let through.`,
        }
      }
    }
  },
}
