import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

/** ML017 */
export const skipLoses: LintRule = {
  code: 'ML017',
  title: 'Failed records are lost',
  severity: 'warning',
  explanation:
    'With `errors: { then: skip }` a record that could not be processed is gone after its last attempt; only a counter and ' +
    'the log tell. The records after it go on, so that the order of its key has a hole.',
  remedy:
    'Use `then: park`, which keeps the record and the order of its key, or allow the finding where a loss is fine.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_user } }
errors: { then: skip }`,
  },
  *check({ plan }: LintSubject): Iterable<RuleFinding> {
    if (plan.errors.then !== 'skip') return
    const message = `A record that fails ${plan.errors.attempts} times is lost (errors: then: skip).`
    yield { node: undefined, field: 'errors', message }
  },
}
