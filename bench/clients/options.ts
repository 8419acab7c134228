import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { scenarios, type Scenario } from './workload.ts'

export interface Options {
  /** Of a Kafka that runs already; without it one is started. */
  readonly bootstrap: string | undefined
  readonly scenarios: readonly Scenario[]
  /** Names of systems; all if empty. */
  readonly systems: readonly string[]
  readonly rounds: number
  /** Each run lasts at least so long. */
  readonly seconds: number
  /** Records in the topics that are read. */
  readonly records: number
  /** The folder for clients.json, clients.md and clients.svg. */
  readonly out: string
  /** Whether a run waits for a quiet machine. */
  readonly patient: boolean
}

/** A mistake on the command line or something that is missing; the message says what to do. */
export class BenchFailure extends Error {
  override readonly name = 'BenchFailure'
}

export const usage = `node bench/clients/run.ts [options]

Measures Kafka clients side by side. make bench-clients ARGS="..." installs what it needs first.

  --bootstrap HOST:PORT  a Kafka that runs already; otherwise one is started
  --only A,B             of the scenarios ${scenarios.join(', ')}
  --systems A,B          such as millrace,rdkafka_performance,kcat
  --rounds N             how often each system runs, in turn with the others (3)
  --seconds N            how long each run lasts at least (20)
  --records N            records in the topics that are read (16,000,000)
  --quick                one round of 2 s on 300,000 records: only to see that everything runs
  --out FOLDER           where the results go: bench/results, but bench/.tmp for parts and for quick runs
`

const bench = join(import.meta.dirname, '..')

/** @throws BenchFailure for what it does not know */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const quick = values.quick ?? false
  const whole = !quick && values.only === undefined && values.systems === undefined
  return {
    bootstrap: values.bootstrap,
    scenarios: chosenScenarios(values.only),
    systems: values.systems?.split(',') ?? [],
    rounds: positive('rounds', values.rounds, quick ? 1 : 3),
    seconds: positive('seconds', values.seconds, quick ? 2 : 20),
    records: positive('records', values.records, quick ? 300_000 : 16_000_000),
    out: values.out ?? join(bench, whole ? 'results' : '.tmp'),
    patient: !quick,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        bootstrap: text,
        only: text,
        systems: text,
        rounds: text,
        seconds: text,
        records: text,
        out: text,
        quick: flag,
        help: flag,
      },
    })
  } catch (error) {
    throw new BenchFailure(`${(error as Error).message} (see --help)`)
  }
}

function chosenScenarios(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return scenarios
  return only.split(',').map((name) => {
    const scenario = scenarios.find((known) => known === name)
    if (scenario === undefined)
      throw new BenchFailure(`There is no scenario ${name}: choose from ${scenarios.join(', ')}.`)
    return scenario
  })
}

function positive(name: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise
  const value = Number(given.replaceAll(/[_,]/g, ''))
  if (!(value > 0)) throw new BenchFailure(`--${name} ${given} is not a number above 0.`)
  return value
}
