import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { drainMs, durationText } from '../lint-rule.ts'
import { numberSetting } from '../plan-graph.ts'

/** ML029 */
export const slowLookup: LintRule = {
  code: 'ML029',
  title: 'A lookup that outlasts a hand-over',
  severity: 'warning',
  explanation:
    'A worker that gives up a partition waits half the session time-out (22.5s with Kafka’s defaults) for what is under way. ' +
    'A lookup that may take longer than that is given up unfinished by every rebalance, and holds up its key meanwhile.',
  remedy:
    'Lower `within` to what a healthy table needs, with room: a table that is away is waited for in any case.',
  example: {
    topology: `name: orders
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { known: { type: enrich, from: orders, table: users, key: userId, as: user, within: 60s } }
sinks: { show: { type: console, from: known } }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('enrich')) {
      const within = numberSetting(node, 'within')
      if (within === undefined || within < drainMs) continue
      const message = `A lookup may take ${durationText(within)}, and a rebalance waits ${durationText(drainMs)}.`
      yield { node: node.name, field: 'within', message }
    }
  },
}
