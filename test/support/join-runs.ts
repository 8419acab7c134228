import { points } from '../../engine/component/points.ts'
import { Bench } from './harness.ts'
import { JoinStorm, type JoinRun } from './join-storm.ts'
import type { Outcome } from './model-runs.ts'
import { rough, runStorm, shaken, stormSettings } from './storm-runs.ts'

/** The weathers of joins that tests and mutants share, by name. */
export const joinRuns: Readonly<Record<string, JoinRun>> = {
  'left alone, joined': { weather: {} },
  'crashes, joined': { weather: { crash: 0.02 } },
  'partitions asked back, joined': { weather: { move: 0.04 } },
  'partitions taken, joined': { weather: { take: 0.03 } },
  'workers fenced, joined': { weather: { fence: 0.02, expire: 0.01 } },
  'unknown outcomes, joined': { weather: { crash: 0.01 }, faults: { unknown: 0.5, slowest: 120 } },
  'sinks without answer, joined': {
    weather: { crash: 0.01 },
    sinks: { noAnswer: 0.1, refused: 0.05, slowest: 300 },
  },
  'everything, joined': { weather: rough, faults: shaken },
  'exactly once, joined': { exactlyOnce: true, weather: rough, faults: shaken },
  'rows parked, joined': { weather: { bad: 0.15, release: 0.05 } },
  'rows parked, crashes, joined': { weather: { ...rough, bad: 0.15, release: 0.05 }, faults: shaken },
  'global, joined': { global: true, weather: {} },
  'global, everything, joined': { global: true, weather: { ...rough, bad: 0.1 }, faults: shaken },
  ...Object.fromEntries(
    points.map((point) => [`crash at ${point}, joined`, { weather: { crashAt: point, move: 0.02 } }]),
  ),
}

/** Runs a storm, and answers what was wrong and what there was to judge. */
export function joinStorm(run: JoinRun, seed: number): Promise<Outcome> {
  const yaml = `name: enriched
sources:
  in: { type: topic, topic: in, format: json }
  users: { type: topic, topic: users, format: json }
processors:
  known: { type: join, from: in, table: users, ${run.global === true ? 'global: true, ' : ''}as: user, kind: left }
sinks:
  out: { type: effect, from: known, order: record }
  ${run.exactlyOnce === true ? 'more: { type: topic, from: known, topic: out }' : ''}
${stormSettings(run)}`
  const bench = new Bench(seed, yaml, { partitions: 2, faults: { ...run.faults } })
  return runStorm(bench, run, () => new JoinStorm(bench, run, seed))
}
