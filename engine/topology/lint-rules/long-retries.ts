import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import type { NodeErrorSettings } from '../plan-types.ts'
import { drainMs, durationText } from '../lint-rule.ts'

/** ML022 */
export const longRetries: LintRule = {
  code: 'ML022',
  title: 'Retries that outlast a hand-over',
  severity: 'info',
  explanation:
    'A worker that gives up a partition waits half the session time-out (22.5s with Kafka’s defaults) for what is under ' +
    'way. A record that is still being tried by then is given up unfinished, and the next worker begins with the first ' +
    'attempt: in a time of many rebalances it is never parked.',
  remedy:
    'Lower `attempts` or `backoff: { longest: … }`, or say `within: 20s`, so that all waits together are below 20 seconds.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_user } }
errors: { attempts: 12 }`,
  },
  *check({ plan }: LintSubject): Iterable<RuleFinding> {
    const { nodes, ...all } = plan.errors
    const limits = [all, ...Object.values(nodes).map((own) => ({ ...all, ...own }))]
    const longest = limits
      .map((each) => ({ ...each, waits: waitsOf(each) }))
      .sort((a, b) => b.waits - a.waits)[0]!
    if (longest.waits <= drainMs) return
    const message = `${longest.attempts} attempts may wait ${durationText(Math.round(longest.waits / 1000) * 1000)} in all: longer than the ${durationText(drainMs)} that a rebalance leaves.`
    yield { node: undefined, field: 'errors', message }
  },
}

/** All waits of a record that fails to the end, milliseconds. */
function waitsOf({ attempts, within, backoff }: NodeErrorSettings): number {
  let waits = 0
  for (let n = 0; n < attempts - 1; n++) waits += Math.min(backoff.first * 2 ** n, backoff.longest)
  return Math.min(waits, within ?? Number.POSITIVE_INFINITY)
}
