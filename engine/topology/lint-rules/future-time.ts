import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { durationText } from '../lint-rule.ts'
import { numberSetting, recordSetting } from '../plan-graph.ts'

/** How far ahead the event time of a record may lie before it is refused (engine/runtime/event-time.ts). */
const furthestFutureMs = 24 * 3_600_000

/** ML032 */
export const futureTime: LintRule = {
  code: 'ML032',
  title: 'A wrong clock that empties the window',
  severity: 'info',
  explanation:
    'A `dedupe` forgets by stream time, which is that of the latest record. A record may lie up to a day ahead before the ' +
    'worker refuses it; so one producer with a wrong clock moves a window of a day or less past all ids that it holds, and the ' +
    'duplicates that then come are let through.',
  remedy:
    'Put a `validate` with `notAfter` for the event time before the `dedupe`, such as `fields: { at: { notAfter: 5m } }`, or choose ' +
    'a window of more than a day.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 1h } } # lint-allow ML008 the cost is known
sinks:
  users: { type: table, from: unique, table: audit_by_user }
  odd: { type: console, from: unique.conflicts }`,
    facts: { topics: { 'audit-events': { key: 'eventId' } } },
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('dedupe')) {
      const window = numberSetting(node, 'window')
      if (window === undefined || window > furthestFutureMs) continue
      const times = graph.sourcesOf(node).map((source) => source.definition.eventTime?.(source.config))
      const guards = graph.upstream(node).filter(({ type }) => type === 'validate')
      const open = times.find(
        (path) =>
          path !== undefined && !guards.some((guard) => limits(recordSetting(guard, 'fields')[path], window)),
      )
      if (open === undefined) continue
      const message = `One record whose "${open}" lies a day ahead makes "${node.name}" forget all ids of its window of ${durationText(window)}.`
      yield { node: node.name, field: 'window', message }
    }
  },
}

function limits(rule: unknown, window: number): boolean {
  const notAfter = (rule as { readonly notAfter?: unknown } | undefined)?.notAfter
  return typeof notAfter === 'number' && notAfter < window
}
