import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'

/** ML025 */
export const positionsPassedOver: LintRule = {
  code: 'ML025',
  title: 'Records that are passed over',
  severity: 'warning',
  explanation:
    'With `outOfRange: earliest` or `latest` a worker that was away for longer than its topic keeps records goes on as if ' +
    'nothing were missing; one line in the log tells. `latest` passes over what is still there, too. With `begin: latest` ' +
    'everything that is written before the first start is passed over, and also the first records of partitions that are ' +
    'added later: they are written before the group hears of the partition.',
  remedy:
    'Leave `outOfRange: fail` and `begin: earliest`, which lose nothing silently, or allow the finding where a hole is fine.',
  example: {
    topology: `name: clicks
sources: { events: { type: topic, topic: clicks, format: json, outOfRange: latest } }
sinks: { out: { type: console, from: events } }`,
  },
  *check({ plan }: LintSubject): Iterable<RuleFinding> {
    for (const { kind, name: node, config } of plan.nodes.values()) {
      if (kind !== 'source') continue
      const { begin, outOfRange } = config
      if (outOfRange === 'earliest' || outOfRange === 'latest') {
        const also = outOfRange === 'latest' ? ', and so are those that are still in the topic' : ''
        const message = `Records that retention deletes before they are read are passed over${also} (outOfRange: ${outOfRange}).`
        yield { node, field: 'outOfRange', message }
      }
      if (begin === 'latest') {
        const message =
          'Records that are written before the group first reads a partition are passed over, also in partitions that are added ' +
          'later (begin: latest).'
        yield { node, field: 'begin', message }
      }
    }
  },
}
