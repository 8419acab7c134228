import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { points } from '../../../engine/component/points.ts'
import { aggregateStorm, type AggregateRun } from '../../support/aggregate-storm.ts'

// STORMS=200 for a long look.
const storms = Number(process.env.STORMS ?? 3)

const forever = { spec: { kind: 'none' }, setting: '' } as const
const minute = {
  spec: { kind: 'hopping', size: 60, every: 60, grace: 20 },
  setting: 'window: { tumbling: 60ms, grace: 20ms }, emit: close,',
} as const
const updated = { ...minute, setting: 'window: { tumbling: 60ms, grace: 20ms },' } as const
const hopping = {
  spec: { kind: 'hopping', size: 80, every: 30, grace: 0 },
  setting: 'window: { hopping: 80ms, every: 30ms }, emit: close,',
} as const
const session = {
  spec: { kind: 'session', gap: 25, grace: 10 },
  setting: 'window: { session: 25ms, grace: 10ms }, emit: close,',
} as const
const sliding = {
  spec: { kind: 'sliding', size: 40, grace: 30 },
  setting: 'window: { sliding: 40ms, grace: 30ms },',
} as const
const shaken = { unknown: 0.3, aborted: 0.2, slowest: 120 }
const rough = { move: 0.01, take: 0.01, expire: 0.004, fence: 0.003, crash: 0.006 }

const runs: Readonly<Record<string, AggregateRun>> = {
  'left alone': { ...forever, weather: {} },
  'closed windows, left alone': { ...minute, weather: {} },
  crashes: { ...forever, weather: { crash: 0.02 } },
  'closed windows, crashes': { ...minute, weather: { crash: 0.02 } },
  'updated windows, crashes': { ...updated, weather: { crash: 0.02 } },
  'partitions asked back': { ...updated, weather: { move: 0.04 } },
  'partitions taken': { ...minute, weather: { take: 0.03 } },
  'workers fenced': { ...minute, weather: { fence: 0.02, expire: 0.01 } },
  'unknown outcomes': { ...forever, weather: { crash: 0.01 }, faults: { unknown: 0.5, slowest: 120 } },
  'sinks without answer': { ...minute, weather: { crash: 0.01 }, sinks: { noAnswer: 0.1, refused: 0.05 } },
  'everything, hopping': { ...hopping, weather: rough, faults: shaken },
  'everything, sessions': { ...session, weather: rough, faults: shaken, sinks: { slowest: 300 } },
  'everything, sliding': { ...sliding, weather: rough, faults: shaken },
  letters: { ...forever, weather: { bad: 0.1, release: 0.03 } },
  'letters and crashes': { ...forever, weather: { ...rough, bad: 0.15, release: 0.03 }, faults: shaken },
  'letters, slow branches': {
    ...forever,
    weather: { crash: 0.008, bad: 0.2, release: 0.2 },
    sinks: { slowest: 3000 },
  },
  'exactly once': { ...forever, exactlyOnce: true, weather: rough, faults: shaken },
  'exactly once, closed windows': { ...minute, exactlyOnce: true, weather: rough, faults: shaken },
  'exactly once, updated windows': { ...updated, exactlyOnce: true, weather: rough, faults: shaken },
  'exactly once, letters': {
    ...forever,
    exactlyOnce: true,
    weather: { ...rough, bad: 0.1, release: 0.03 },
    faults: shaken,
  },
  ...Object.fromEntries(
    points.flatMap((point) => [
      [`crash at ${point}`, { ...minute, weather: { crashAt: point, move: 0.02 } }],
      [`exactly once, crash at ${point}`, { ...updated, exactlyOnce: true, weather: { crashAt: point } }],
    ]),
  ),
}

describe('aggregates on the model cluster: state a fold over a beginning, all that is owed is sent', () => {
  test.each(Object.keys(runs))(
    '%s',
    async (name) => {
      const holds = async (seed: number): Promise<void> =>
        expect((await aggregateStorm(runs[name]!, seed)).wrong).toEqual([])
      const seeds = fc.integer({ min: 0, max: 1e9 })
      await fc.assert(fc.asyncProperty(seeds, holds), { numRuns: storms, endOnFailure: true })
    },
    600_000,
  )
})
