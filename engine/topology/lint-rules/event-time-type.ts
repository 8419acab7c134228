import type { FieldTree } from '../facts.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { fieldAt } from '../value-shapes.ts'

/** ML021 */
export const eventTimeType: LintRule = {
  code: 'ML021',
  title: 'An event time that is none',
  severity: 'error',
  explanation:
    'The `timestamp` field of a source must hold milliseconds since 1970 or a text such as `2026-01-31T12:00:00Z`. ' +
    'Microseconds would be read as a date thousands of years ahead, days as minutes after 1970; other types are refused.',
  remedy: 'Name a field of type `long` (`timestamp-millis`) or `string`.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent, timestamp: at } }
sinks: { show: { type: console, from: events } }`,
    facts: { schemas: { 'audit.AuditEvent': { eventId: 'string', at: 'long timestamp-micros' } } },
  },
  *check({ graph, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const source of graph.sources) {
      const path = source.definition.eventTime?.(source.config)
      const shape = shapes.output(source)
      if (path === undefined || shape === undefined) continue
      const field = fieldAt(shape, path)
      if (field === undefined || field === 'unknown' || field.open === true || isTime(field)) continue
      const type = field.logical === undefined ? field.type : `${field.type} (${field.logical})`
      const message = `The event time "${path}" is ${type}: milliseconds since 1970 or a text are needed.`
      yield { node: source.name, field: 'timestamp', message }
    }
  },
}

function isTime({ type, logical }: FieldTree): boolean {
  if (logical !== undefined) return logical === 'timestamp-millis' || logical === 'local-timestamp-millis'
  return type
    .split(' or ')
    .some((one) => ['long', 'double', 'string', 'timestamp', 'text', 'bigint'].includes(one))
}
