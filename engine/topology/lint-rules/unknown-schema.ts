import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { schemasNamed } from '../plan-graph.ts'

/** ML001 */
export const unknownSchema: LintRule = {
  code: 'ML001',
  title: 'A schema that is not there',
  severity: 'error',
  explanation: 'A node names a schema that is not in `schemas/`: the worker would refuse to start.',
  remedy:
    'Correct the name, which is the full name of a record (`audit.AuditEvent`), or add its `.avsc` file.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvnt } }
sinks: { show: { type: console, from: events } }`,
    facts: { schemas: { 'audit.AuditEvent': { eventId: 'string' } } },
  },
  *check({ graph, facts }: LintSubject): Iterable<RuleFinding> {
    const known = facts.schemas()
    if (known === undefined) return
    for (const node of [...graph.sources, ...graph.processors, ...graph.sinks]) {
      for (const [field, schema] of schemasNamed(node)) {
        if (known.includes(schema)) continue
        const message = `There is no schema "${schema}": ${known.length === 0 ? 'schemas/ is empty' : `there are ${known.slice(0, 8).join(', ')}`}.`
        yield { node: node.name, field, message }
      }
    }
  },
}
