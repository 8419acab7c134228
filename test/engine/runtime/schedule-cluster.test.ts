import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { scheduleRuns, scheduleStorm } from '../../support/schedule-runs.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 3)

describe('timers on the model cluster: what is due is sent, and nothing else is', () => {
  test.each(Object.keys(scheduleRuns))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> =>
        expect((await scheduleStorm(scheduleRuns[name]!, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
