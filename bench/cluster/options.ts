import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchFailure } from '../clients/options.ts'
import { scenarioNames, type ScenarioName } from './task.ts'

/** How much each scenario has to do. */
export interface Sizes {
  /** Records of `dedup`, and those that slow systems get. */
  readonly dedup: number
  readonly dedupSlow: number
  /** Records of `aggregate`. */
  readonly aggregate: number
  /** Records of `join`. */
  readonly join: number
  /** Records of `keyed-io-100` and `keyed-io-1000`. */
  readonly keyed100: number
  readonly keyed1000: number
  /** Events of `audit` and `audit-enriched`. */
  readonly audit: number
  /** Seconds of `audit-latency` before latencies count, and while they do. */
  readonly warmUpSeconds: number
  readonly latencySeconds: number
}

/** A scenario that is measured. */
export interface Choice {
  readonly name: ScenarioName
  /** Names of its systems; empty: all that are not extra. */
  readonly systems: readonly string[]
}

export interface Options {
  /** host:port of a Kafka that runs already; without it one is started. */
  readonly bootstrap: string | undefined
  readonly scenarios: readonly Choice[]
  readonly rounds: number
  readonly sizes: Sizes
  /** How the cost of Millrace grows, instead of the comparison. */
  readonly sweep: boolean
  /** The folder for the results. */
  readonly out: string
  /** Whether what lies there stays, as far as it is not measured anew. */
  readonly keep: boolean
  /** Whether a run waits for a quiet machine. */
  readonly patient: boolean
  /** Too small to be believed. */
  readonly small: boolean
}

export const usage = `node bench/cluster/run.ts [options]

Measures Millrace beside other engines, on a Kafka and a Cassandra of its own: about an hour.
make bench-engine ARGS="..." installs what it needs first.

  --only A,B/C        a scenario, all that begin so, or one system of it: dedup,keyed-io/millrace
                      scenarios: ${scenarioNames.join(', ')}
  --systems A,B       such as millrace,kafka-streams; also those that are measured only when named
  --rounds N          how often each system runs, in turn with the others (2)
  --records N         records of dedup (8,000,000; slow systems get an eighth) and of aggregate and join (4,000,000)
  --quick             one round with a quarter of the records: ten minutes
  --smoke             one round with very few: only to see that everything runs
  --sweep             how the cost of Millrace grows with partitions, keys, size of records and state; no other systems
  --bootstrap H:P     a Kafka that runs already; otherwise one is started
  --out FOLDER        where the results go: bench/results, but bench/.tmp for parts and for small runs
  --keep              what lies there stays, as far as it is not measured anew
`

const whole: Sizes = {
  dedup: 8_000_000,
  dedupSlow: 1_000_000,
  aggregate: 4_000_000,
  join: 4_000_000,
  keyed100: 200_000,
  keyed1000: 500_000,
  audit: 200_000,
  warmUpSeconds: 15,
  latencySeconds: 30,
}
const quick: Sizes = {
  dedup: 2_000_000,
  dedupSlow: 250_000,
  aggregate: 1_000_000,
  join: 1_000_000,
  keyed100: 100_000,
  keyed1000: 300_000,
  audit: 100_000,
  warmUpSeconds: 10,
  latencySeconds: 20,
}
const smoke: Sizes = {
  dedup: 100_000,
  dedupSlow: 30_000,
  aggregate: 100_000,
  join: 100_000,
  keyed100: 10_000,
  keyed1000: 20_000,
  audit: 10_000,
  warmUpSeconds: 6,
  latencySeconds: 6,
}

const bench = join(import.meta.dirname, '..')

/** @throws BenchFailure for what it does not know */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const small = values.smoke ?? false
  const brief = small || (values.quick ?? false)
  const parts = [values.only, values.systems, values.records]
  const part = brief || parts.some((given) => given !== undefined)
  return {
    bootstrap: values.bootstrap,
    scenarios: chosen(values.only, values.systems?.split(',') ?? []),
    rounds: positive('rounds', values.rounds) ?? (brief ? 1 : 2),
    sizes: sized(small ? smoke : brief ? quick : whole, positive('records', values.records)),
    sweep: values.sweep ?? false,
    out: values.out ?? join(bench, part ? '.tmp' : 'results'),
    keep: values.keep ?? false,
    patient: !small,
    small,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const words = { bootstrap: text, only: text, systems: text, rounds: text, records: text, out: text }
  const flags = { quick: flag, smoke: flag, sweep: flag, keep: flag, help: flag }
  try {
    return parseArgs({ args: [...args], options: { ...words, ...flags } })
  } catch (error) {
    throw new BenchFailure(`${(error as Error).message} (see --help)`)
  }
}

/** What `--only dedup,keyed-io/millrace` chooses, with the systems that `--systems` names for all. */
function chosen(only: string | undefined, systems: readonly string[]): readonly Choice[] {
  if (only === undefined) return scenarioNames.map((name) => ({ name, systems }))
  const found = new Map<ScenarioName, readonly string[]>()
  for (const one of only.split(',')) {
    const [begin = '', system] = one.split('/')
    const same = scenarioNames.filter((name) => name === begin)
    const meant = same.length > 0 ? same : scenarioNames.filter((name) => name.startsWith(begin))
    if (meant.length === 0)
      throw new BenchFailure(`There is no scenario ${begin}: choose from ${scenarioNames.join(', ')}.`)
    for (const name of meant) found.set(name, [...(found.get(name) ?? systems), ...(system ? [system] : [])])
  }
  return scenarioNames.flatMap((name) => {
    const named = found.get(name)
    return named === undefined ? [] : [{ name, systems: named }]
  })
}

function sized(sizes: Sizes, records: number | undefined): Sizes {
  if (records === undefined) return sizes
  return { ...sizes, dedup: records, dedupSlow: Math.ceil(records / 8), aggregate: records, join: records }
}

function positive(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const value = Number(given.replaceAll(/[_,]/g, ''))
  if (!(value > 0)) throw new BenchFailure(`--${name} ${given} is not a number above 0.`)
  return value
}
