import { expect, test } from '@jest/globals'
import { Readiness } from '../../cli/run/worker-health.ts'
import type { MergeWait } from '../../engine/runtime/merger.ts'
import type { Worker } from '../../engine/runtime/worker.ts'

const ledger = { frontier: 7, open: 0 }
const input = (topic: string, mergeWait?: MergeWait) => ({
  parking: {},
  isHeld: false,
  ledger,
  partition: { topic, partition: 3 },
  mergeWait,
})
const readiness = (...inputs: readonly object[]): Readiness =>
  new Readiness([
    {
      plan: { name: 'history' },
      ready: true,
      state: 'RUNNING',
      tasks: [{ id: 'history/0/3', inputs }],
      breakers: new Map(),
    },
  ] as unknown as Worker[])

test('a merge that waits for a partition of which nobody hears is degraded, and says for which', () => {
  const waits = readiness(
    input('payments', { records: 40, since: 1000, isAwaited: false }),
    input('logins', { records: 0, since: undefined, isAwaited: true }),
    input('others'),
  )
  expect(waits.check(60_999)).toEqual({ ok: true, reasons: [], degraded: [] })
  expect(waits.check(61_000)).toEqual({
    ok: true,
    reasons: [],
    degraded: [
      '40 records of payments/3 have waited for a minute to be merged: nothing comes from logins/3, and whether that is ' +
        'its end its broker does not say.',
    ],
  })
})

test('one that waits for nobody is not', () => {
  const calm = readiness(
    input('payments', { records: 40, since: 1000, isAwaited: false }),
    input('logins', { records: 2, since: 1000, isAwaited: false }),
  )
  expect(calm.check(1e9)).toEqual({ ok: true, reasons: [], degraded: [] })
})

test('a partition that stands still with records under way is not ready after a minute', () => {
  const still = readiness({ ...input('orders'), ledger: { frontier: 7, open: 2 } })
  expect(still.check(0).ok).toBe(true)
  expect(still.check(60_000).reasons).toEqual(['orders/3 has stood still at offset 7 for a minute.'])
})
