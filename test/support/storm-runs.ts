import { points } from '../../engine/component/points.ts'
import { type Bench, withBench } from './harness.ts'
import type { CommitFaults } from './model-commits.ts'
import type { Outcome } from './model-runs.ts'
import { endure, type OwingStorm, type StormRun, type Weather } from './storm-weather.ts'

/** Commits that are slow, fail, or end nobody knows how. */
export const shaken: Partial<CommitFaults> = { unknown: 0.3, aborted: 0.2, slowest: 120 }

/** A little of everything that workers suffer. */
export const rough: Weather = { move: 0.01, take: 0.01, expire: 0.004, fence: 0.003, crash: 0.006 }

/** The points at which a topology without dedupe may crash. */
export const pointsWithoutIds = points.filter((point) => point !== 'claimed' && point !== 'rotated')

/** The end of a storm's topology: how it fails, delivers and commits. Few `attempts` where records fail for good. */
export function stormSettings({ exactlyOnce }: StormRun, attempts = 1000): string {
  return `errors: { attempts: ${attempts}, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
${exactlyOnce === true ? 'delivery: exactly-once' : ''}
commit: { every: 50ms }
`
}

/** Runs a storm on a bench, and answers what was wrong and what there was to judge. */
export function runStorm(bench: Bench, { sinks }: StormRun, storm: () => OwingStorm): Promise<Outcome> {
  return withBench(bench, async () => {
    Object.assign(bench.world.faults, sinks)
    return endure(bench, storm())
  })
}
