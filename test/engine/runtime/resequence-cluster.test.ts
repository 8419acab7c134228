import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { resequenceRuns, resequenceStorm } from '../../support/resequence-runs.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 3)

describe('sequences on the model cluster: numbers ascend, gaps and records leave nothing out', () => {
  test.each(Object.keys(resequenceRuns))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> =>
        expect((await resequenceStorm(resequenceRuns[name]!, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
