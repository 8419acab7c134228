import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { byteText, drainMs, durationText } from '../lint-rule.ts'
import { numberSetting } from '../plan-graph.ts'

const assumedRecordBytes = 1000

/** ML018 */
export const slowDrain: LintRule = {
  code: 'ML018',
  title: 'More under way than can be finished',
  severity: 'info',
  explanation:
    'A worker that gives up a partition finishes what is under way within half the session time-out (22.5s with Kafka’s ' +
    'defaults). A `throttle` lets less through in that time than the budget lets in: the rest is cancelled, and read again ' +
    'by the next worker. Nothing is lost, but each rebalance repeats work.',
  remedy: 'Lower `budget: { partition: … }` to what the throttle passes in 20 seconds.',
  example: {
    topology: `name: mails
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { slowly: { type: throttle, from: orders, rate: 10 } }
sinks: { show: { type: console, from: slowly } }`,
  },
  *check({ plan, graph }: LintSubject): Iterable<RuleFinding> {
    const held = plan.budget.partitionBytes / assumedRecordBytes
    for (const node of graph.ofType('throttle')) {
      const rate = numberSetting(node, 'rate')
      if (rate === undefined || (held / rate) * 1000 <= drainMs) continue
      const seconds = durationText(Math.round(held / rate) * 1000)
      const message =
        `The budget of ${byteText(plan.budget.partitionBytes)} holds about ${Math.round(held)} records of 1 kB, for which ` +
        `${rate} a second take ${seconds}: a rebalance waits ${durationText(drainMs)} and repeats the rest.`
      yield { node: node.name, field: 'rate', message }
    }
  },
}
