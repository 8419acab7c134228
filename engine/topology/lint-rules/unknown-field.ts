import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { readBy } from '../read-fields.ts'
import { fieldAt } from '../value-shapes.ts'

/** ML002 */
export const unknownField: LintRule = {
  code: 'ML002',
  title: 'A field that no record has',
  severity: 'error',
  explanation:
    'A node reads a field that the values which come to it do not have, as their schema and the nodes before it say. ' +
    'A `dedupe` would refuse every record, a `filter` would keep none or all, an event time would be lost.',
  remedy: 'Correct the path, or add the field to the schema.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent } }
processors: { mine: { type: filter, from: events, field: storeId, equals: s1 } }
sinks: { show: { type: console, from: mine } }`,
    facts: { schemas: { 'audit.AuditEvent': { eventId: 'string', store: 'string' } } },
  },
  *check({ graph, shapes }: LintSubject): Iterable<RuleFinding> {
    for (const node of [...graph.sources, ...graph.processors, ...graph.sinks]) {
      const shape = node.kind === 'source' ? shapes.output(node) : shapes.input(node)
      if (shape === undefined) continue
      for (const { path, field } of readBy(node)) {
        if (fieldAt(shape, path, { throughLists: node.type === 'redact' }) !== undefined) continue
        const names = [...(shape.fields?.keys() ?? [])]
        const known = names.length > 12 ? `${names.slice(0, 12).join(', ')} …` : names.join(', ')
        const message = `"${node.name}" reads the field "${path}", which its records do not have: they have ${known}.`
        yield { node: node.name, ...(field === undefined ? {} : { field }), message }
      }
    }
  },
}
