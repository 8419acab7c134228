import { points } from '../../engine/component/points.ts'
import { AggregateStorm, type AggregateRun } from './aggregate-storm.ts'
import { Bench } from './harness.ts'
import type { Outcome } from './model-runs.ts'
import { rough, runStorm, shaken, stormSettings } from './storm-runs.ts'

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
const growing = { ...session, setting: 'window: { session: 25ms, grace: 10ms },' } as const
const sliding = {
  spec: { kind: 'sliding', size: 40, grace: 30 },
  setting: 'window: { sliding: 40ms, grace: 30ms },',
} as const

/** The aggregates and weathers that tests and mutants share, by name. */
export const aggregateRuns: Readonly<Record<string, AggregateRun>> = {
  'left alone': { ...forever, weather: {} },
  'closed windows, left alone': { ...minute, weather: {} },
  'crashes, aggregated': { ...forever, weather: { crash: 0.02 } },
  'closed windows, crashes': { ...minute, weather: { crash: 0.02 } },
  'closed windows, slow sinks': { ...minute, weather: { crash: 0.02 }, sinks: { slowest: 500 } },
  'updated windows, crashes': { ...updated, weather: { crash: 0.02 } },
  'partitions asked back, aggregated': { ...updated, weather: { move: 0.04 } },
  'partitions taken, aggregated': { ...minute, weather: { take: 0.03 } },
  'workers fenced, aggregated': { ...minute, weather: { fence: 0.02, expire: 0.01 } },
  'unknown outcomes, aggregated': {
    ...forever,
    weather: { crash: 0.01 },
    faults: { unknown: 0.5, slowest: 120 },
  },
  'sinks without answer, aggregated': {
    ...minute,
    weather: { crash: 0.01 },
    sinks: { noAnswer: 0.1, refused: 0.05 },
  },
  'everything, hopping': { ...hopping, weather: rough, faults: shaken },
  'everything, sessions': { ...session, weather: rough, faults: shaken, sinks: { slowest: 300 } },
  'sessions as they grow, crashes': { ...growing, weather: { crash: 0.02, crashAt: 'acknowledged' } },
  'everything, sessions as they grow': { ...growing, weather: rough, faults: shaken },
  'exactly once, sessions as they grow': { ...growing, exactlyOnce: true, weather: rough, faults: shaken },
  'everything, sliding': { ...sliding, weather: rough, faults: shaken },
  'letters, aggregated': { ...forever, weather: { bad: 0.1, release: 0.03 } },
  'letters and crashes, aggregated': {
    ...forever,
    weather: { ...rough, bad: 0.15, release: 0.03 },
    faults: shaken,
  },
  'letters, slow branches': {
    ...forever,
    weather: { crash: 0.008, bad: 0.2, release: 0.2 },
    sinks: { slowest: 3000 },
  },
  'exactly once, slow branches': {
    ...forever,
    exactlyOnce: true,
    weather: { crash: 0.02 },
    sinks: { slowest: 600 },
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
      [`crash at ${point}, aggregated`, { ...minute, weather: { crashAt: point, move: 0.02 } }],
      [`exactly once, crash at ${point}`, { ...updated, exactlyOnce: true, weather: { crashAt: point } }],
    ]),
  ),
}

/** Runs a storm, and answers what was wrong and what there was to judge. */
export function aggregateStorm(run: AggregateRun, seed: number): Promise<Outcome> {
  const yaml = `name: totals
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  placed: { type: place, from: in }
  slow: { type: wait, from: in, n: 4 }
  sums: { type: aggregate, from: placed, ${run.setting} fields: { amounts: { collect: at, most: 1000 } } }
sinks:
  out: ${run.exactlyOnce === true ? '{ type: topic, from: sums, topic: out }' : '{ type: effect, from: sums, order: record }'}
  other: { type: effect, from: slow }
${stormSettings(run, (run.weather.bad ?? 0) > 0 ? 2 : 1000)}`
  const bench = new Bench(seed, yaml, { partitions: 2, faults: { ...run.faults } })
  return runStorm(bench, run, () => new AggregateStorm(bench, run, seed))
}
