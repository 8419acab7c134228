import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { CommitFaults } from '../../support/model-commits.ts'
import { Bench, withBench } from '../../support/harness.ts'
import { Judge } from '../../support/model-judge.ts'
import { Storm, type Weather } from '../../support/model-storm.ts'

const yaml = `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
  slow: { type: wait, from: unique, n: 4 }
sinks:
  out: { type: effect, from: slow }
  also: { type: effect, from: unique, order: batch }
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`
const nodes = ['slow', 'out', 'also']

interface Run {
  readonly weather: Weather
  readonly faults?: Partial<CommitFaults>
  readonly sinks?: { readonly noAnswer?: number; readonly refused?: number }
  readonly partitions?: number
  readonly mend?: boolean
}

async function storm(seed: number, run: Run): Promise<void> {
  const options = { partitions: run.partitions ?? 2, faults: { ...run.faults } }
  await withBench(new Bench(seed, yaml, options), async (bench) => {
    Object.assign(bench.world.faults, run.sinks)
    const judge = new Judge(bench)
    const weather = new Storm(bench, judge, run.weather, seed, nodes)
    await weather.blow()
    await weather.calm(run.mend ?? true)
    judge.effects()
    judge.letters()
    judge.ids('unique')
    judge.complete(['out', 'also'])
    expect(judge.wrong).toEqual([])
  })
}

const calm: Weather = {}
const rough: Weather = { move: 0.01, take: 0.01, expire: 0.004, fence: 0.003, crash: 0.004 }
const failing = { bad: 0.08, shaky: 0.1 }

describe('workers on the model cluster: nothing lost, no id twice, order, letters whole, state a fold', () => {
  test.each<[string, Run]>([
    ['one worker', { weather: { workers: 1 } }],
    ['partitions asked back', { weather: { ...calm, move: 0.03, workers: 3 } }],
    ['partitions taken', { weather: { ...calm, take: 0.03 } }],
    ['members expired', { weather: { ...calm, expire: 0.02 } }],
    ['workers fenced', { weather: { ...calm, fence: 0.02 } }],
    ['crashes', { weather: { ...calm, crash: 0.02 } }],
    ['unknown outcomes', { weather: calm, faults: { unknown: 0.5, aborted: 0.2, slowest: 120 } }],
    ['letters', { weather: { ...failing, release: 0.02 } }],
    ['letters, asked back', { weather: { ...failing, release: 0.02, move: 0.03 } }],
    ['letters and crashes', { weather: { ...failing, release: 0.02, crash: 0.02 } }],
    ['sinks without answer', { weather: { ...failing }, sinks: { noAnswer: 0.1, refused: 0.05 } }],
    ['everything', {
      weather: { ...rough, ...failing, release: 0.02, workers: 3, records: 120 },
      faults: { unknown: 0.2, aborted: 0.1, slowest: 80 },
      sinks: { noAnswer: 0.05, refused: 0.03 },
      partitions: 3,
    }],
    ['everything, letters left', {
      weather: { ...rough, ...failing, release: 0.01 },
      faults: { unknown: 0.2, aborted: 0.1, slowest: 80 },
      mend: false,
    }],
  ])('%s', async (_name, run) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), (seed) => storm(seed, run)),
      { numRuns: Number(process.env.STORMS ?? 8), endOnFailure: true },
    )
  }, 120_000)
})
