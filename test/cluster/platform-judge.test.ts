// Who judges the platform finds nothing in what is right, and each fault in what is not.
import { expect, test } from '@jest/globals'
import { expectedVisits } from '../support/platform/expected-rows.ts'
import { idealFacts } from '../support/platform/ideal.ts'
import { judge } from '../support/platform/judge.ts'
import { mutants } from '../support/platform/mutants.ts'

const facts = idealFacts({ seed: 3, events: 6000, begin: Date.UTC(2026, 0, 5, 8) })

test('a platform without a fault', () => {
  expect(judge(facts)).toEqual([])
})

test.each(Object.entries(mutants))('%s', (_name, { change, noticed }) => {
  const found = judge(change(facts))
  expect(found.filter((finding) => noticed.test(finding))).not.toEqual([])
})

test('an event that is late counts in no order, where its number was given up', () => {
  const [first, ...others] = facts.topics['business.orders.in-order']!
  const given = { ...first!, event: { key: first!.key, from: 1, to: 1 } }
  const topics = {
    ...facts.topics,
    'business.orders.in-order': others,
    'business.orders.gaps': [given],
    'business.orders.late': [first!],
  }
  const found = judge({ ...facts, topics })
  expect(found.filter((finding) => !/^orders(_by_customer)?: /.test(finding))).toEqual([])
  expect(found).not.toEqual([])
})

test('a visit that may go on may be missing', () => {
  const over = expectedVisits(facts).over
  expect(over).not.toEqual(expectedVisits(facts).all)
  expect(judge({ ...facts, tables: { ...facts.tables, funnel_per_hour: over } })).toEqual([])
})
