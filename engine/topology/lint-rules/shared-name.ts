import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

/** ML036 */
export const sharedName: LintRule = {
  code: 'ML036',
  title: 'Two topologies with one name',
  severity: 'error',
  explanation:
    'The name of a topology is its consumer group, and what its state and its letters are called. Two files with one name share ' +
    'the partitions of what they read, so that each gets a part of the records, and each goes on from the offsets and the state ' +
    'of the other.',
  remedy: 'Give one of them a name of its own; that of a topology which runs already is to be kept.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { show: { type: console, from: events } }`,
    facts: { names: { audit: ['topologies/audit.yaml', 'topologies/audit-copy.yaml'] } },
  },
  *check({ plan, facts }: LintSubject): Iterable<RuleFinding> {
    const files = facts.named(plan.name)
    if (files.length < 2) return
    const message = `The name "${plan.name}" is that of ${files.length} topologies, which take records and state from each other: ${files.join(', ')}.`
    yield { node: undefined, field: 'name', message }
  },
}
