import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { recordSetting, textSetting } from '../plan-graph.ts'

/** ML023 */
export const unstableHash: LintRule = {
  code: 'ML023',
  title: 'A hash over looked-up values',
  severity: 'error',
  explanation:
    'The `hash` of a `table` sink tells two bodies of one event apart, and is part of the row’s key. A value that `enrich` ' +
    'looked up may be another one when the record is processed again after a crash: the same event then gets a second row.',
  remedy: 'Make the hash of fields of the event only; enriched values belong in a cell outside the key.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
processors: { known: { type: enrich, from: events, table: users, key: userId, as: user } }
sinks: { users: { type: table, from: known, table: audit_by_user, hash: { of: [eventId, user.name] } } }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const sink of graph.sinks) {
      const { of } = recordSetting(sink, 'hash')
      const hashed = Array.isArray(of) ? (of as string[]) : []
      for (const node of graph.upstream(sink)) {
        const as = node.type === 'enrich' ? textSetting(node, 'as') : undefined
        const unstable = hashed.filter((path) => path === as || path.startsWith(`${as}.`))
        if (as === undefined || unstable.length === 0) continue
        const message = `The hash holds ${quoted(unstable)}, which "${node.name}" looks up: a replay may make another row.`
        yield { node: sink.name, field: 'hash', message }
      }
    }
  },
}
