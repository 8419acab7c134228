import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { throttle } from '../../processors/throttle.ts'
import { FakeClock, turn } from '../support/fake-clock.ts'
import { start } from '../support/fake-scope.ts'

test('passes no more than burst and rate allow, all of them, and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 60 }),
      async (rate, burst, count) => {
        const clock = new FakeClock()
        const began = clock.now()
        const records = Array.from({ length: count }, (_, n) => ({ value: { n }, key: `k${n % 3}` }))
        const { output } = start(throttle, { rate, burst }, records, { clock })
        const passedAt: number[] = []
        await clock.runAll(async () => {
          await turn()
          while (passedAt.length < output.length) passedAt.push(clock.now() - began)
        })
        expect(output).toEqual(records.map(({ value }) => value))
        for (const [n, at] of passedAt.entries()) {
          expect(n + 1).toBeLessThanOrEqual(burst + (at * rate) / 1000 + 1e-6)
          // Not much slower either: timers count whole milliseconds.
          expect(at).toBeLessThanOrEqual(Math.max(0, n + 1 - burst) * Math.max(1, Math.ceil(1000 / rate) + 1))
        }
      },
    ),
    { numRuns: 50 },
  )
})
