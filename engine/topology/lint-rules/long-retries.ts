import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
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
  remedy: 'Lower `attempts` or `backoff: { longest: … }`, so that all waits together are below 20 seconds.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_user } }
errors: { attempts: 12 }`,
  },
  *check({ plan }: LintSubject): Iterable<RuleFinding> {
    const { attempts, backoff } = plan.errors
    let waits = 0
    for (let n = 0; n < attempts - 1; n++) waits += Math.min(backoff.first * 2 ** n, backoff.longest)
    if (waits <= drainMs) return
    const message = `${attempts} attempts may wait ${durationText(Math.round(waits / 1000) * 1000)} in all: longer than the ${durationText(drainMs)} that a rebalance leaves.`
    yield { node: undefined, field: 'errors', message }
  },
}
