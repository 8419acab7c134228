// As much of make chaos-long as every run of the tests has time for: one broker, and crashes that are written down.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { points, transactionPoints, type Point } from '../../engine/component/points.ts'
import { playRun } from '../support/chaos/play.ts'
import { scriptMs, scriptOf, type FaultKind } from '../support/chaos/schedule.ts'
import { startWorld, type World } from '../support/chaos/world.ts'

// A limit for what hangs: with other work on the machine a run takes minutes to come to rest.
jest.setTimeout(1_200_000)

let world: World
beforeAll(async () => {
  world = await startWorld({ brokers: 1, stores: false })
})
afterAll(() => world.close())

const scripts: readonly { seed: number; points: readonly Point[]; others: readonly FaultKind[] }[] = [
  { seed: 1, points: ['claimed', 'sink.writing', 'sink.written'], others: ['net-reset', 'producer-kill'] },
  {
    seed: 2,
    points: ['acknowledged', 'sealed', 'committing'],
    others: ['worker-pause', 'net-lost-responses'],
  },
  { seed: 3, points: ['committed', 'parked', 'transaction.begun'], others: ['broker-kill', 'worker-clock'] },
  {
    seed: 4,
    points: ['transaction.written', 'transaction.offsets', 'transaction.committing'],
    others: ['storm', 'net-one-way'],
  },
]

test('the scripts crash workers at every point that each run comes by', () => {
  const rare: readonly Point[] = ['draining', 'released', 'rotated']
  const all = [...points, ...transactionPoints].filter((point) => !rare.includes(point))
  expect(scripts.flatMap((script) => script.points)).toEqual(all)
})

test.each(scripts)('seed $seed: crashes at $points; $others', async ({ seed, points, others }) => {
  const said: string[] = []
  const played = await playRun(
    {
      seed,
      faults: scriptOf(seed, points, others),
      lengthMs: scriptMs + 4000,
      topologies: ['seen', 'once', 'sums'],
      workers: 2,
      producers: 2,
      rate: 120,
      partitions: 4,
      bad: 0.004,
      protocol: seed % 2 === 0 ? 'consumer' : 'classic',
      restMs: 600_000,
      say: (sentence) => said.push(sentence),
    },
    world,
  )
  const { verdict, crashes, faults, folder } = played
  expect({ anomalies: verdict.anomalies.slice(0, 20), folder, said }).toMatchObject({ anomalies: [] })
  expect(crashes).toEqual(expect.arrayContaining([...points]))
  expect(faults.map(({ kind }) => kind)).toEqual(expect.arrayContaining([...others]))
  expect(verdict.attempts.ok).toBeGreaterThan(500)
})
