import { points } from '../../engine/component/points.ts'
import { Bench, withBench } from './harness.ts'
import type { CommitFaults } from './model-commits.ts'
import { Judge } from './model-judge.ts'
import { sentenceOf } from '../../engine/errors.ts'
import { Storm, type Weather } from './model-storm.ts'

// The runs on the model cluster that tests and mutants share, by name.

const heads = {
  name: 'name: orders\nsources: { in: { type: topic, topic: in, format: json, timestamp: time } }',
  rest: (more: string) => `
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 }${more} }
commit: { every: 50ms }
`,
}

const plain = (more = ''): string => `${heads.name}
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
  slow: { type: wait, from: unique, n: 4 }
sinks:
  out: { type: effect, from: slow }
  also: { type: effect, from: unique, order: batch }
${heads.rest(more)}`

/** One storm: the weather, and what else goes wrong. */
export interface Run {
  readonly weather: Weather
  readonly faults?: Partial<CommitFaults>
  readonly sinks?: { readonly noAnswer?: number; readonly refused?: number; readonly slowest?: number }
  readonly partitions?: number
  /** What else the topology says of errors. */
  readonly errors?: string
  /** False: letters stay where they are. */
  readonly mend?: boolean
  readonly drainMs?: number
  /** True: no effect may be there twice. */
  readonly exact?: boolean
}

const rough: Weather = { move: 0.01, take: 0.01, expire: 0.004, fence: 0.003, crash: 0.004 }
const failing: Weather = { bad: 0.08, shaky: 0.1 }
const shaken: Partial<CommitFaults> = { unknown: 0.2, aborted: 0.1, slowest: 80 }

export const runs: Readonly<Record<string, Run>> = {
  'one worker': { weather: { workers: 1 } },
  'partitions asked back': { weather: { move: 0.03, workers: 3 }, exact: true },
  'partitions taken': { weather: { take: 0.03 } },
  'partitions taken, slow restores': { weather: { take: 0.1, move: 0.05 }, faults: { slowest: 200 } },
  'asked back in a hurry': {
    weather: { ...failing, move: 0.06, workers: 3, release: 0.02 },
    faults: { unknown: 0.4, aborted: 0.3, slowest: 300 },
    drainMs: 80,
  },
  'members expired': { weather: { expire: 0.02 } },
  'workers fenced': { weather: { fence: 0.02 } },
  crashes: { weather: { crash: 0.02 } },
  'crashes, slow sinks': { weather: { crash: 0.02 }, sinks: { slowest: 400 } },
  'unknown outcomes': { weather: {}, faults: { unknown: 0.5, aborted: 0.2, slowest: 120 } },
  'unknown outcomes and crashes': {
    weather: { crash: 0.02, take: 0.01 },
    faults: { unknown: 0.5, slowest: 120 },
  },
  letters: { weather: { ...failing, release: 0.02 } },
  'letters, slow commits': {
    weather: { bad: 0.2, release: 0.2, keys: 2, nulls: 0, records: 80 },
    faults: { slowest: 300 },
    sinks: { slowest: 4 },
    partitions: 1,
  },
  'letters, slow nodes': {
    weather: { bad: 0.2, release: 0.2, keys: 2, nulls: 0, records: 80 },
    sinks: { slowest: 500 },
    partitions: 1,
  },
  'letters, few keys': { weather: { bad: 0.15, release: 0.02, keys: 2, records: 100 }, partitions: 1 },
  'letters, asked back': { weather: { ...failing, release: 0.02, move: 0.03 } },
  'letters and crashes': { weather: { ...failing, release: 0.02, crash: 0.02 } },
  'letters discarded': { weather: { ...failing, release: 0.01, discard: 0.01, crash: 0.01 } },
  'letters left': { weather: { ...failing, crash: 0.01, take: 0.01 }, mend: false },
  'sinks away, breakers that open at once': {
    weather: { ...failing, crash: 0.01, take: 0.01 },
    sinks: { noAnswer: 0.1, refused: 0.3 },
    errors: ', breaker: { after: 1 }',
  },
  'calls that end too late': {
    weather: { ...failing, release: 0.02, move: 0.01 },
    sinks: { slowest: 200 },
    errors: ', answerWithin: 60ms',
  },
  'parking limits': {
    weather: { ...failing, bad: 0.2, release: 0.02, crash: 0.01, move: 0.01, records: 100 },
    errors: ', parking: { keys: 2, letters: 3, bytes: 400B }',
  },
  'sinks without answer': { weather: failing, sinks: { noAnswer: 0.1, refused: 0.05 } },
  everything: {
    weather: { ...rough, ...failing, release: 0.02, workers: 3, records: 120 },
    faults: shaken,
    sinks: { noAnswer: 0.05, refused: 0.03 },
    partitions: 3,
  },
  'everything, letters left': {
    weather: { ...rough, ...failing, release: 0.01 },
    faults: shaken,
    mend: false,
  },
  ...Object.fromEntries(
    points.map((point) => [
      `crash at ${point}`,
      {
        weather: {
          bad: 0.15,
          shaky: 0.1,
          release: 0.03,
          move: 0.03,
          drift: 7_200_000,
          crashAt: { point, most: 4, times: 4 },
        },
        faults: { unknown: 0.1, slowest: 60 },
      },
    ]),
  ),
}

/** What a storm came to. */
export interface Outcome {
  /** All that must not be; empty where everything held. */
  readonly wrong: readonly string[]
  readonly facts: Readonly<Record<string, number>>
}

/** Runs a storm by its name and seed. */
export async function storm(name: string, seed: number): Promise<Outcome> {
  const run = runs[name]
  if (run === undefined) throw new Error(`There is no run "${name}".`)
  const bench = new Bench(seed, plain(run.errors), {
    partitions: run.partitions ?? 2,
    faults: { ...run.faults },
    drainMs: run.drainMs ?? 2000,
  })
  return withBench(bench, async () => {
    Object.assign(bench.world.faults, run.sinks)
    const judge = new Judge(bench, 'unique')
    const weather = new Storm(bench, judge, run.weather, seed, ['slow', 'out', 'also'])
    try {
      await weather.blow()
      await weather.calm(run.mend ?? true)
      judge.all(['out', 'also'])
      if (run.exact === true && judge.facts.repeats > 0)
        judge.wrong.push(`${judge.facts.repeats} effects are there twice`)
    } catch (error) {
      judge.wrong.push(String(error), ...bench.cluster.commits.broken)
      for (const one of bench.cluster.workers) {
        if (one.error !== undefined) judge.wrong.push(`${one.life.name} failed: ${sentenceOf(one.error)}`)
      }
    }
    return { wrong: judge.wrong, facts: { ...judge.facts, crashes: weather.crashes } }
  })
}
