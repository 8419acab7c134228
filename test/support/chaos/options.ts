import { parseArgs } from 'node:util'
import { mutantRuns } from './mutant-runs.ts'
import { faultKinds, type FaultKind } from './schedule.ts'

export const usage = `Random faults on a whole cluster, for as long as is asked for; a checker looks at what is left.

  make chaos-long                                 one seed of five minutes
  make chaos-long ARGS="--minutes 60 --seed 7"    seeds 7, 8, 9 … of five minutes each
  make chaos-long ARGS="--seed 7 --faults worker-crash,worker-pause --brokers 1 --no-stores"
  make chaos-long ARGS="--mutants"                each mutant with its seed: all must be noticed
  make chaos-long ARGS="--render"                 the results as tables, into docs/reliability.md

  --minutes N        how long in all (5)
  --round N          minutes of each seed (5)
  --seed N           the first seed (the time of day)
  --every N          seconds between faults, on average (10)
  --faults A,B       only these kinds
  --brokers 1|3      (3)
  --workers N        (3)
  --rate N           events a second (60)
  --no-stores        without Cassandra and schema registry
  --mutant NAME      workers with a defect, and the seed and faults that show it, on one broker
  --mutants          all of them, one after the other
  --results FILE     one line of JSON for each seed is added to it (bench/results/chaos.jsonl)
  --render           only write the tables
  --help
`

export class UsageError extends Error {}

export interface ChaosOptions {
  readonly minutes: number
  readonly round: number
  readonly seed: number
  readonly everyMs: number
  readonly kinds: readonly FaultKind[] | undefined
  readonly brokers: 1 | 3
  readonly workers: number
  readonly rate: number
  readonly stores: boolean
  readonly mutant: string | undefined
  readonly mutants: boolean
  readonly results: string
  readonly render: boolean
}

/** @throws UsageError for what makes no sense, with the way to say it */
export function chaosOptions(args: string[]): ChaosOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '5' },
      round: { type: 'string', default: '5' },
      seed: { type: 'string' },
      every: { type: 'string', default: '10' },
      faults: { type: 'string' },
      brokers: { type: 'string', default: '3' },
      workers: { type: 'string', default: '3' },
      rate: { type: 'string', default: '60' },
      'no-stores': { type: 'boolean', default: false },
      mutant: { type: 'string' },
      mutants: { type: 'boolean', default: false },
      results: { type: 'string', default: 'bench/results/chaos.jsonl' },
      render: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const number = (name: 'minutes' | 'round' | 'every' | 'workers' | 'rate'): number => {
    const found = Number(values[name])
    if (!(found > 0)) throw new UsageError(`--${name} ${values[name]}: give a number above 0`)
    return found
  }
  if (values.brokers !== '1' && values.brokers !== '3')
    throw new UsageError(`--brokers ${values.brokers}: there can be 1 or 3 of them`)
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
  if (!Number.isInteger(seed) || seed < 0) throw new UsageError(`--seed ${values.seed}: give a whole number`)
  return {
    minutes: number('minutes'),
    round: number('round'),
    seed,
    everyMs: number('every') * 1000,
    kinds: kindsOf(values.faults),
    brokers: values.brokers === '1' ? 1 : 3,
    workers: number('workers'),
    rate: number('rate'),
    stores: !values['no-stores'],
    mutant: mutantOf(values.mutant),
    mutants: values.mutants,
    results: values.results,
    render: values.render,
  }
}

function kindsOf(text: string | undefined): FaultKind[] | undefined {
  return text?.split(',').map((name) => {
    const found = faultKinds.find((kind) => kind === name)
    if (found === undefined) throw new UsageError(`--faults ${name}: choose from ${faultKinds.join(', ')}`)
    return found
  })
}

function mutantOf(name: string | undefined): string | undefined {
  if (name === undefined || mutantRuns.some((one) => one.name === name)) return name
  throw new UsageError(`--mutant ${name}: choose from\n  ${mutantRuns.map((one) => one.name).join('\n  ')}`)
}
