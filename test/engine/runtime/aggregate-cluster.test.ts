import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { aggregateRuns, aggregateStorm } from '../../support/aggregate-runs.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 3)

describe('aggregates on the model cluster: state a fold over a beginning, all that is owed is sent', () => {
  test.each(Object.keys(aggregateRuns))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> =>
        expect((await aggregateStorm(aggregateRuns[name]!, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
