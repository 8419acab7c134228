import { expect, test } from '@jest/globals'
import { durationText, Eta, progressOf, progressText } from '../../../cli/replay/progress.ts'

const bounds = [
  { topic: 'orders', partition: 0, start: 100, end: 200 },
  { topic: 'orders', partition: 1, start: 0, end: 0 },
  { topic: 'customers', partition: 0, start: 0, end: 50, table: true as const },
]

const at = (...offsets: readonly (number | undefined)[]) => ({
  committed: () =>
    Promise.resolve(offsets.map((offset) => (offset === undefined ? undefined : { offset, metadata: '' }))),
})

test('it is counted from the start of each partition to its end; tables only have to be read', async () => {
  const progress = (...offsets: readonly (number | undefined)[]) => progressOf(at(...offsets), 'g', bounds)
  expect(await progress(undefined, undefined, undefined)).toEqual({
    done: 0,
    all: 100,
    complete: false,
    begun: false,
  })
  expect(await progress(150, 0, 10)).toEqual({ done: 50, all: 100, complete: false, begun: true })
  expect(await progress(200, undefined, 49)).toMatchObject({ done: 100, complete: false })
  expect(await progress(200, undefined, 50)).toMatchObject({ complete: true })
  expect(await progress(900, 0, 50)).toMatchObject({ done: 100, complete: true })
})

test('how long the rest takes is said by how fast it was lately', () => {
  const eta = new Eta(30_000)
  expect(eta.perSecond).toBeUndefined()
  // Slow at first: forgotten after half a minute.
  eta.saw(0, 0)
  for (let second = 1; second <= 60; second++) eta.saw(second * 1000, second <= 20 ? 0 : (second - 20) * 100)
  expect(eta.perSecond).toBeCloseTo(100, 0)
  const progress = { done: 4000, all: 10_000, complete: false, begun: true }
  expect(progressText(progress, eta, false)).toBe('40 %  4000 of 10000 offsets, 100/s, 60 s left')
  expect(progressText(progress, new Eta(), true)).toMatch(/^█+░+ 40 % {2}4000 of 10000 offsets$/)
  expect(progressText({ ...progress, done: 0, all: 0 }, new Eta(), false)).toBe('100 %  0 of 0 offsets')
})

test('durations in words', () => {
  expect([0.2, 89, 90, 5400, 12_000, 200_000].map(durationText)).toEqual([
    ...['1 s', '89 s', '2 min', '1 h 30 min', '3 h 20 min', '2 d 7 h'],
  ])
})
