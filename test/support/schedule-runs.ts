import { Bench } from './harness.ts'
import type { Outcome } from './model-runs.ts'
import { ScheduleStorm, type ScheduleRun } from './schedule-storm.ts'
import { pointsWithoutIds, rough, runStorm, shaken, stormSettings } from './storm-runs.ts'

const anew = { rules: { grace: 0, keep: 'last' } } as const
const once = { rules: { grace: 0, keep: 'first' } } as const
const patient = { rules: { grace: 30, keep: 'last' } } as const
const again = { rules: { grace: 0, keep: 'last', repeats: { every: 40, times: 3 } } } as const
const wall = { ...anew, wall: true } as const

/** The timers and weathers that tests and mutants share, by name. */
export const scheduleRuns: Readonly<Record<string, ScheduleRun>> = {
  'timers, left alone': { ...anew, weather: {} },
  'first timers, left alone': { ...once, weather: {} },
  'timers, crashes': { ...anew, weather: { crash: 0.02 } },
  'timers with grace, crashes': { ...patient, weather: { crash: 0.02 } },
  'timers, slow sinks': { ...anew, weather: { crash: 0.02 }, sinks: { slowest: 500 } },
  'timers, partitions asked back': { ...once, weather: { move: 0.04 } },
  'timers, partitions taken': { ...anew, weather: { take: 0.03 } },
  'timers, everything': {
    ...patient,
    weather: rough,
    faults: shaken,
    sinks: { noAnswer: 0.1, refused: 0.05 },
  },
  'timers, refused records': { ...anew, refused: 0.1, weather: rough },
  'timers, letters': { ...anew, weather: { ...rough, bad: 0.15, release: 0.05 }, faults: shaken },
  'timers, exactly once': { ...anew, exactlyOnce: true, weather: rough, faults: shaken },
  'timers with grace, exactly once, letters': {
    ...patient,
    exactlyOnce: true,
    weather: { ...rough, bad: 0.15, release: 0.05 },
    faults: shaken,
  },
  'repeated timers, left alone': { ...again, weather: {} },
  'repeated timers, crashes': { ...again, weather: { crash: 0.02 }, sinks: { slowest: 300 } },
  'repeated timers with grace, everything': {
    rules: { ...again.rules, grace: 30, keep: 'first' },
    weather: rough,
    faults: shaken,
  },
  'repeated timers, exactly once': { ...again, exactlyOnce: true, weather: rough, faults: shaken },
  'timers by the clock, left alone': { ...wall, weather: {} },
  'timers by the clock, crashes': { ...wall, weather: { crash: 0.02 } },
  'timers by the clock, long pauses': { ...wall, pause: 3000, weather: { crash: 0.02 } },
  'timers by the clock, exactly once': { ...wall, exactlyOnce: true, weather: rough, faults: shaken },
  ...Object.fromEntries(
    pointsWithoutIds.flatMap((point) => [
      [`timers, crash at ${point}`, { ...anew, weather: { crashAt: point, move: 0.02 } }],
      [
        `timers, exactly once, crash at ${point}`,
        { ...once, exactlyOnce: true, weather: { crashAt: point } },
      ],
    ]),
  ),
}

/** Runs a storm, and answers what was wrong and what there was to judge. */
export function scheduleStorm(run: ScheduleRun, seed: number): Promise<Outcome> {
  const exact = run.exactlyOnce === true
  const { grace, keep, repeats } = run.rules
  const again = repeats === undefined ? '' : `every: ${repeats.every}ms, most: ${repeats.times}, `
  const clock = run.wall === true ? 'clock: wall' : `grace: ${grace}ms`
  const lasting = (run.weather.bad ?? 0) > 0 || (run.refused ?? 0) > 0
  const yaml = `name: reminders
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  placed: { type: place, from: in }
  slow: { type: wait, from: in, n: 4 }
  timers: { type: schedule, from: placed, at: due, keep: ${keep}, ${again}${clock} }
sinks:
  out: ${exact ? '{ type: topic, from: timers, topic: out }' : '{ type: effect, from: timers }'}
  other: { type: effect, from: slow }
${stormSettings(run, lasting ? 2 : 1000)}`
  const bench = new Bench(seed, yaml, { partitions: 2, faults: { ...run.faults } })
  return runStorm(bench, run, () => new ScheduleStorm(bench, run, seed))
}
