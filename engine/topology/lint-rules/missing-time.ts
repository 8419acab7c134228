import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { recordSetting } from '../plan-graph.ts'
import { fieldAt } from '../value-shapes.ts'

/** ML031 */
export const missingTime: LintRule = {
  code: 'ML031',
  title: 'An event time that may be missing',
  severity: 'info',
  explanation:
    'The `timestamp` field of a source may be null, as its schema says. Such a record counts by the time at which it was ' +
    'produced or appended: its window, its bucket and its retention are those of another moment, and a copy of it that is ' +
    'sent later gets another row.',
  remedy:
    'Name the field in a `validate` behind the source, which refuses records without it, or make it required in the schema.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent, timestamp: at } }
sinks: { users: { type: table, from: events, table: audit_by_user } }`,
    facts: { schemas: { 'audit.AuditEvent': { userId: 'string', at: 'long? timestamp-millis' } } },
  },
  *check({ graph, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const source of graph.sources) {
      const path = source.definition.eventTime?.(source.config)
      const shape = shapes.output(source)
      const field = path === undefined || shape === undefined ? undefined : fieldAt(shape, path)
      if (path === undefined || field === undefined || field === 'unknown' || field.optional !== true)
        continue
      const open = graph.sinks.filter(
        (sink) =>
          graph.sourcesOf(sink).includes(source) &&
          !graph
            .upstream(sink)
            .some((node) => node.type === 'validate' && demands(recordSetting(node, 'fields')[path])),
      )
      if (open.length === 0) continue
      const message = `"${path}" may be null: such a record gets into ${quoted(open.map(({ name }) => name))} with the time at which it was written.`
      yield { node: source.name, field: 'timestamp', message }
    }
  },
}

function demands(rule: unknown): boolean {
  return rule !== undefined && (rule as { readonly optional?: boolean }).optional !== true
}
