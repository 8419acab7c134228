import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Intervals } from '../../../engine/runtime/intervals.ts'

type Step =
  | { readonly act: 'add'; readonly start: number; readonly length: number }
  | { readonly act: 'drop'; readonly below: number }

const steps = fc.array(
  fc.oneof(
    fc.record({
      act: fc.constant('add' as const),
      start: fc.nat(60),
      length: fc.integer({ min: -1, max: 12 }),
    }),
    fc.record({ act: fc.constant('drop' as const), below: fc.nat(70) }),
  ),
  { maxLength: 30 },
)

function play(script: readonly Step[]): { readonly ranges: Intervals; readonly model: Set<number> } {
  const ranges = new Intervals()
  let model = new Set<number>()
  for (const step of script) {
    if (step.act === 'add') {
      ranges.add(step.start, step.start + step.length)
      for (let offset = step.start; offset < step.start + step.length; offset++) model.add(offset)
    } else {
      ranges.dropBelow(step.below)
      model = new Set([...model].filter((offset) => offset >= step.below))
    }
  }
  return { ranges, model }
}

describe('intervals', () => {
  test('hold the same offsets as a set', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { ranges, model } = play(script)
        for (let offset = 0; offset < 80; offset++) expect(ranges.has(offset)).toBe(model.has(offset))
      }),
      { numRuns: 500 },
    )
  })

  test('are sorted, not empty, and do not touch', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const pairs = play(script).ranges.pairs()
        for (const [start, end] of pairs) expect(start).toBeLessThan(end)
        for (let n = 1; n < pairs.length; n++) expect(pairs[n - 1]![1]).toBeLessThan(pairs[n]![0])
      }),
      { numRuns: 500 },
    )
  })

  test('a copy is another one, and `first` takes the lowest', () => {
    const { ranges } = play([1, 5, 9].map((start) => ({ act: 'add', start, length: 2 }) as const))
    const copy = ranges.copy()
    copy.add(0, 20)
    expect(ranges.pairs()).toEqual([
      [1, 3],
      [5, 7],
      [9, 11],
    ])
    expect(ranges.first(2).pairs()).toEqual([
      [1, 3],
      [5, 7],
    ])
  })
})
