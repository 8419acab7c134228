import { Bench } from './harness.ts'
import type { Outcome } from './model-runs.ts'
import { ResequenceStorm, type ResequenceRun } from './resequence-storm.ts'
import { pointsWithoutIds, rough, runStorm, shaken, stormSettings } from './storm-runs.ts'

const whole = { setting: 'first: 1, within: 365d', complete: true } as const
const gappy = { setting: 'first: 1, within: 300ms' } as const
const few = { setting: 'first: 1, within: 20s, most: 2' } as const
/** Room for some three records. */
const narrow = { setting: 'first: 1, within: 20s, memory: 1kB' } as const

/** The sequences and weathers that tests and mutants share, by name. */
export const resequenceRuns: Readonly<Record<string, ResequenceRun>> = {
  'a sequence, left alone': { ...whole, weather: {} },
  'gaps, left alone': { ...gappy, weather: {} },
  'a sequence, crashes': { ...whole, weather: { crash: 0.02 } },
  'gaps, crashes': { ...gappy, weather: { crash: 0.02 } },
  'gaps, slow sinks': { ...gappy, weather: { crash: 0.02 }, sinks: { slowest: 500 } },
  'a sequence, partitions asked back': { ...whole, weather: { move: 0.04 } },
  'gaps, partitions taken': { ...gappy, weather: { take: 0.03 } },
  'few may wait': { ...few, weather: rough, faults: shaken },
  'little room': { ...narrow, weather: rough, faults: shaken },
  'a sequence, everything': {
    ...whole,
    weather: rough,
    faults: shaken,
    sinks: { noAnswer: 0.1, refused: 0.05 },
  },
  'a sequence, refused records': { ...whole, refused: 0.1, weather: { crash: 0.006 } },
  'a sequence, refused records, everything': { ...whole, refused: 0.1, weather: rough, faults: shaken },
  'a sequence, letters': { ...whole, weather: { ...rough, bad: 0.1, release: 0.05 } },
  'gaps, letters': { ...gappy, weather: { ...rough, bad: 0.15, release: 0.05 }, faults: shaken },
  'a sequence, exactly once': { ...whole, exactlyOnce: true, weather: rough, faults: shaken },
  'gaps, exactly once': { ...gappy, exactlyOnce: true, weather: rough, faults: shaken },
  'gaps, slow commits': {
    ...gappy,
    exactlyOnce: true,
    weather: {},
    faults: { slowest: 200 },
    sinks: { slowest: 300 },
  },
  'little room, for ever': {
    ...narrow,
    setting: 'first: 1, within: 365d, memory: 1kB',
    weather: {},
    held: true,
  },
  'gaps, exactly once, letters': {
    ...gappy,
    exactlyOnce: true,
    weather: { ...rough, bad: 0.15, release: 0.05 },
    faults: shaken,
  },
  ...Object.fromEntries(
    pointsWithoutIds.flatMap((point) => [
      [`a sequence, crash at ${point}`, { ...whole, weather: { crashAt: point, move: 0.02 } }],
      [`gaps, exactly once, crash at ${point}`, { ...gappy, exactlyOnce: true, weather: { crashAt: point } }],
    ]),
  ),
}

/** Runs a storm, and answers what was wrong and what there was to judge. */
export function resequenceStorm(run: ResequenceRun, seed: number): Promise<Outcome> {
  const exact = run.exactlyOnce === true
  const sink = (name: string, from: string): string =>
    `  ${name}: ${exact ? `{ type: topic, from: ${from}, topic: ${name} }` : `{ type: effect, from: ${from} }`}\n`
  const lasting = (run.weather.bad ?? 0) > 0 || (run.refused ?? 0) > 0
  const yaml = `name: order
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  placed: { type: place, from: in }
  slow: { type: wait, from: in, n: 4 }
  turns: { type: resequence, from: placed, by: n, ${run.setting} }
sinks:
${sink('out', 'turns')}${sink('tardy', 'turns.late')}${sink('holes', 'turns.gaps')}  other: { type: effect, from: slow }
${stormSettings(run, lasting ? 2 : 1000)}`
  const bench = new Bench(seed, yaml, { partitions: 2, faults: { ...run.faults } })
  return runStorm(bench, run, () => new ResequenceStorm(bench, run, seed))
}
