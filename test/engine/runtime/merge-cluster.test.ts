import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeRuns, mergeStorm } from '../../support/merge-runs.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 3)

describe('merges on the model cluster: in the order of times, nothing lost, nothing held up', () => {
  test.each(Object.keys(mergeRuns))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> =>
        expect((await mergeStorm(mergeRuns[name]!, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
