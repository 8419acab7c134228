import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { durationText } from '../lint-rule.ts'
import { numberSetting } from '../plan-graph.ts'

/** ML038 */
export const unknownFirst: LintRule = {
  code: 'ML038',
  title: 'A sequence whose beginning nobody knows',
  severity: 'warning',
  explanation:
    'A `resequence` without `first` cannot know whether the first record that it sees of a key is the first of its sequence. ' +
    'Each new key waits for the whole of `within`, and then begins with the lowest number that came by then: what comes later ' +
    'with a lower number goes to `late`, and no gap is told before it.',
  remedy:
    'Say `first: 0` or `first: 1`, as the producer counts. Allow the finding where sequences begin anywhere, or where the ' +
    'topology is to begin in the middle of them.',
  example: {
    topology: `name: sessions
sources: { events: { type: topic, topic: session-events, format: json } }
processors: { turns: { type: resequence, from: events, by: sessionSeq, within: 30s } }
sinks:
  ordered: { type: table, from: turns, table: session_events }
  gaps: { type: console, from: turns.gaps }
  late: { type: console, from: turns.late }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('resequence')) {
      if (node.config.first !== undefined) continue
      const within = durationText(numberSetting(node, 'within') ?? 0)
      yield {
        node: node.name,
        message: `"${node.name}" is not told the first number: each new key waits ${within}, and begins with what came by then.`,
      }
    }
  },
}
