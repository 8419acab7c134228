import { describe, expect, test } from '@jest/globals'
import { readTopologyText } from '../../../engine/config/load.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import { describeText } from '../../../engine/topology/describe.ts'
import { limitsOf } from '../../../engine/runtime/failures.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { sources } from '../../../sources/index.ts'

const reading = (errors: string) =>
  readTopologyText(
    'audit.yaml',
    `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
processors: { known: { type: enrich, from: events, table: users, key: userId, as: user } }
sinks: { users: { type: table, from: known, table: audit_by_user } }
errors: ${errors}
`,
    { sources, processors, sinks },
    {},
  )

const problem = (errors: string): string => {
  const [first, ...rest] = reading(errors).problems
  expect(rest).toEqual([])
  return `${first!.line}:${first!.message}`
}

describe('the errors of a topology', () => {
  test('a node has its own limits, and those of the topology for all else', () => {
    const plan = planReading(
      reading('{ attempts: 3, within: 1m, nodes: { known: { within: 10s, backoff: { first: 1s } } } }'),
    )
    const usual = { attempts: 3, answerWithin: 300_000 }
    expect(limitsOf(plan.errors, 'users')).toEqual({
      ...usual,
      within: 60_000,
      backoff: { first: 100, longest: 30_000 },
    })
    expect(limitsOf(plan.errors, 'known')).toEqual({
      ...usual,
      within: 10_000,
      backoff: { first: 1000, longest: 30_000 },
    })
    const text = describeText(plan)
    expect(text).toContain('errors   3 attempts within 1m, waits of 100ms to 30s, then park')
    expect(text).toContain('known: within 10s, waits of 1s to 30s')
  })

  test.each([
    [
      '{ nodes: { knwon: { attempts: 1 } } }',
      '5:errors.nodes names "knwon", and no processor or sink has that name: did you mean "known"?',
    ],
    [
      '{ nodes: { events: { attempts: 1 } } }',
      '5:errors.nodes names "events", and no processor or sink has that name: there are known and users.',
    ],
    ['{ nodes: { known: { then: skip } } }', expect.stringMatching(/^5:.*"then"/)],
    ['{ within: 0s }', expect.stringMatching(/^5:"within" of "errors": expected more than nothing/)],
    ['{ answerWithin: soon }', expect.stringMatching(/^5:"answerWithin" of "errors": expected a duration/)],
    ['{ breaker: { after: 0 } }', expect.stringMatching(/^5:"after" of "errors.breaker" must be at least 1/)],
    ['{ parking: { keys: 0 } }', expect.stringMatching(/^5:"keys" of "errors.parking" must be at least 1/)],
    [
      '{ parking: { bytes: 0B } }',
      expect.stringMatching(/^5:"bytes" of "errors.parking": expected more than nothing/),
    ],
    ['{ retryTopic: { delays: [1m] } }', expect.stringMatching(/^5:.*retryTopic/)],
  ])('%s is refused', (errors, says) => {
    expect(problem(errors)).toEqual(says)
  })
})
