import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

/** ML039 */
export const standingTimers: LintRule = {
  code: 'ML039',
  title: 'Timers that stand still with their topic',
  severity: 'warning',
  explanation:
    'A `schedule` by event time without `idle` goes by the records alone: if nothing comes into a partition, time stands still ' +
    'there, and what is due waits for the next record, of whatever key, for as long as it takes.',
  remedy:
    'Give `idle` (time goes on with the clock after so long without records), or take `clock: wall`. Allow the finding where ' +
    'every partition always has records, or where nothing but the records is to count.',
  example: {
    topology: `name: unpaid
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { overdue: { type: schedule, from: orders, after: 30m } }
sinks: { reminders: { type: console, from: overdue } }`,
  },
  *check({ graph }: LintSubject): Iterable<RuleFinding> {
    for (const node of graph.ofType('schedule')) {
      if (node.config.clock !== 'event' || node.config.idle !== undefined) continue
      yield {
        node: node.name,
        message: `Timers of "${node.name}" wait for records where none come: say idle, or clock: wall.`,
      }
    }
  },
}
