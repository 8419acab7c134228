import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchFailure } from '../clients/options.ts'

/** How the topologies are spread over processes. */
export type Layout = 'processes' | 'together'

export interface Options {
  /** Events a second in normal times, of all topics of the shop together. */
  readonly rate: number
  /** How many times as many there are in the spike. */
  readonly times: number
  /** Seconds of each phase. */
  readonly warmUpSeconds: number
  readonly normalSeconds: number
  readonly spikeSeconds: number
  readonly afterSeconds: number
  readonly seed: number
  readonly layouts: readonly Layout[]
  /** Whether the workers leave a CPU profile each. */
  readonly profile: boolean
  /** The folder for the results. */
  readonly out: string
  /** Too short to be believed. */
  readonly small: boolean
}

export const usage = `node bench/platform/run.ts [options]

Runs the event platform (all of its topologies) on a Kafka, a Cassandra and a schema registry of its own, and puts the load of a shop on
it: normal, a spike of ten times as much, normal again. Fifteen minutes.
make bench-platform ARGS="..." installs what it needs first.

  --rate N            events a second in normal times (150)
  --times N           how many times as many in the spike (10)
  --normal SECONDS    how long normal times last before the spike (60), the same after it
  --spike SECONDS     how long the spike lasts (180)
  --warm-up SECONDS   how long the load runs before anything counts (40)
  --seed N            which shop (7)
  --layout NAME       processes = a process for each topology, together = one for all; both, one after the other, if not given
  --profile           each worker leaves a CPU profile in the folder of the results
  --quick             both layouts with a spike of a minute: six minutes
  --smoke             a few seconds at low rates: only to see that everything runs
  --out FOLDER        where the results go: bench/results, but bench/.tmp where other figures than the usual are asked for
`

const whole = { rate: 150, warmUp: 40, normal: 60, spike: 180 }
const quick = { rate: 150, warmUp: 20, normal: 30, spike: 60 }
const smoke = { rate: 60, warmUp: 4, normal: 4, spike: 5 }

const bench = join(import.meta.dirname, '..')

/** @throws BenchFailure for what it does not know */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const usual = values.smoke ? smoke : values.quick ? quick : whole
  const changed = Object.entries(values).some(([name, value]) => name !== 'out' && value !== undefined)
  const normalSeconds = positive('normal', values.normal) ?? usual.normal
  return {
    rate: positive('rate', values.rate) ?? usual.rate,
    times: positive('times', values.times) ?? 10,
    warmUpSeconds: positive('warm-up', values['warm-up']) ?? usual.warmUp,
    normalSeconds,
    spikeSeconds: positive('spike', values.spike) ?? usual.spike,
    afterSeconds: normalSeconds,
    seed: positive('seed', values.seed) ?? 7,
    layouts: layoutsOf(values.layout),
    profile: values.profile ?? false,
    out: values.out ?? join(bench, changed ? '.tmp' : 'results'),
    small: values.smoke ?? false,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const words = { rate: text, times: text, normal: text, spike: text, seed: text, layout: text, out: text }
  const flags = { 'warm-up': text, profile: flag, quick: flag, smoke: flag, help: flag }
  try {
    return parseArgs({ args: [...args], options: { ...words, ...flags } })
  } catch (error) {
    throw new BenchFailure(`${(error as Error).message} (see --help)`)
  }
}

function layoutsOf(given: string | undefined): readonly Layout[] {
  if (given === undefined) return ['processes', 'together']
  if (given === 'processes' || given === 'together') return [given]
  throw new BenchFailure(`--layout is processes or together, and "${given}" is neither.`)
}

function positive(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const value = Number(given.replaceAll(/[_,]/g, ''))
  if (!(value > 0)) throw new BenchFailure(`--${name} ${given} is not a number above 0.`)
  return value
}
