// make chaos-long: random faults on a whole cluster, from seeds that are printed. See --help.
import { storeKinds } from '../support/chaos/faults.ts'
import { chaosOptions, usage, UsageError, type ChaosOptions } from '../support/chaos/options.ts'
import { mutantRuns, type MutantRun } from '../support/chaos/mutant-runs.ts'
import { playRun } from '../support/chaos/play.ts'
import { appendResult, readResults, renderInto, resultOf } from '../support/chaos/results.ts'
import type { RunPlan } from '../support/chaos/run.ts'
import { faultKinds, scheduleOf, scriptMs, scriptOf } from '../support/chaos/schedule.ts'
import { topologyNames } from '../support/chaos/topologies.ts'
import { startWorld, type World } from '../support/chaos/world.ts'

const document = 'docs/reliability.md'
const say = (sentence: string): void => console.log(sentence)

/** The faults of a seed, and all else that its run is made of. */
function planOf(options: ChaosOptions, seed: number): RunPlan {
  const { stores, everyMs, workers, rate, round } = options
  const lengthMs = round * 60_000
  const kinds = options.kinds ?? faultKinds.filter((kind) => stores || !storeKinds(kind))
  return {
    seed,
    lengthMs,
    faults: scheduleOf({ seed, lengthMs: lengthMs - 5000, everyMs, kinds, longestMs: 12_000 }),
    topologies: topologyNames.filter((name) => stores || name !== 'rows'),
    workers,
    producers: 2,
    rate,
    partitions: 4,
    bad: 0.001,
    protocol: seed % 2 === 0 ? 'consumer' : 'classic',
    restMs: 240_000,
    say,
  }
}

/** Half a minute with a defect. */
function planOfMutant({ name, seed, points = [], others = [], ...rest }: MutantRun): RunPlan {
  return {
    seed,
    lengthMs: scriptMs + 8000,
    faults: scriptOf(seed, points, others),
    topologies: [rest.topology ?? 'once'],
    workers: 2,
    producers: 2,
    rate: 120,
    partitions: 4,
    bad: rest.bad ?? 0.004,
    keys: rest.keys,
    probeMs: rest.probeMs,
    protocol: 'consumer',
    mutant: name,
    restMs: 60_000,
    say,
  }
}

/** Plays one seed; answers what was found, each kind once. */
async function play(options: ChaosOptions, world: World, plan: RunPlan): Promise<readonly string[]> {
  say(`seed ${plan.seed}${plan.mutant === undefined ? '' : `, with a defect: ${plan.mutant}`}`)
  const began = Date.now()
  const played = await playRun(plan, world)
  const line = resultOf(plan, world.brokerProxies.length, (Date.now() - began) / 1000, played)
  appendResult(options.results, line)
  say(JSON.stringify(line))
  for (const { kind, what } of played.verdict.anomalies.slice(0, 40)) say(`  ${kind}: ${what}`)
  if (played.folder !== undefined) say(`logs and effects are in ${played.folder}`)
  return Object.keys(line.anomalies)
}

/** Seeds until the time is over; true where nothing was found. */
async function playSeeds(options: ChaosOptions): Promise<boolean> {
  const until = Date.now() + options.minutes * 60_000
  const world = await startWorld(options)
  let well = true
  try {
    for (let seed = options.seed; seed === options.seed || Date.now() < until; seed++)
      well = (await play(options, world, planOf(options, seed))).length === 0 && well
    return well
  } finally {
    await world.close()
  }
}

/** Each defect with its seed; true where all were noticed. */
async function playMutants(options: ChaosOptions, runs: readonly MutantRun[]): Promise<boolean> {
  const world = await startWorld({ brokers: 1, stores: false })
  const missed: string[] = []
  try {
    for (const run of runs) {
      const kinds = await play(options, world, planOfMutant(run))
      if (!run.found.some((kind) => kinds.includes(kind))) missed.push(run.name)
    }
  } finally {
    await world.close()
  }
  for (const name of missed) say(`not noticed: ${name}`)
  return missed.length === 0
}

async function main(): Promise<boolean> {
  const options = chaosOptions(process.argv.slice(2))
  if (options === 'help') {
    say(usage)
    return true
  }
  const { mutant, mutants, render, results } = options
  if (mutants || mutant !== undefined)
    return playMutants(
      options,
      mutantRuns.filter(({ name }) => mutants || name === mutant),
    )
  if (!render) return playSeeds(options)
  renderInto(document, readResults(results))
  say(`${document} has the results of ${results}.`)
  return true
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  process.exit((await main()) ? 0 : 1)
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isUsage ? `${(error as Error).message}\nSee: make chaos-long ARGS=--help` : error)
  process.exit(isUsage ? 2 : 1)
}
