import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs, storm } from '../../support/model-runs.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 4)

describe('workers on the model cluster: nothing lost, no id twice, order, letters whole, state a fold', () => {
  test.each(Object.keys(runs))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> => expect((await storm(name, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
