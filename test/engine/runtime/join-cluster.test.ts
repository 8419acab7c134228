import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { joinRuns, joinStorm } from '../../support/join-runs.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 3)

describe('joins on the model cluster: no row is older than what was written before, or was seen before', () => {
  test.each(Object.keys(joinRuns))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> =>
        expect((await joinStorm(joinRuns[name]!, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
