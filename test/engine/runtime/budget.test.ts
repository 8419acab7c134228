import { expect, test } from '@jest/globals'
import { Budget } from '../../../engine/runtime/budget.ts'

test('what is under way leaves so much less for the next poll', () => {
  const budget = new Budget(100, 1000)
  const share = budget.share()
  share.add(700)
  expect([budget.available, budget.availableFirst]).toEqual([300, 300])
  share.add(700)
  expect([budget.available, budget.availableFirst, share.exhausted]).toEqual([0, 0, true])
  share.add(-1320)
  expect([budget.available, share.exhausted, share.relaxed]).toEqual([920, false, true])
})

test('a quarter is kept for what is critical, and counts for both', () => {
  const budget = new Budget(1000, 1000, true)
  const [one, critical] = [budget.share(), budget.share()]
  one.add(750)
  expect([budget.available, budget.availableFirst]).toEqual([0, 250])
  critical.add(200)
  expect([budget.available, budget.availableFirst]).toEqual([0, 50])
  one.add(-400)
  expect([budget.available, budget.availableFirst]).toEqual([200, 450])
})
