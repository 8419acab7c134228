// make chaos-long: random faults on a whole cluster, from seeds that are printed. See --help.
import { storeKinds } from '../support/chaos/faults.ts'
import { chaosOptions, usage, UsageError, type ChaosOptions } from '../support/chaos/options.ts'
import { playRun } from '../support/chaos/play.ts'
import { appendResult, readResults, renderInto, resultOf } from '../support/chaos/results.ts'
import type { RunPlan } from '../support/chaos/run.ts'
import { faultKinds, scheduleOf } from '../support/chaos/schedule.ts'
import { topologyNames } from '../support/chaos/topologies.ts'
import { startWorld, type World } from '../support/chaos/world.ts'

const document = 'docs/reliability.md'
const say = (sentence: string): void => console.log(sentence)

/** The faults of a seed, and all else that its run is made of. */
function planOf(options: ChaosOptions, seed: number, mutant = options.mutant): RunPlan {
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
    mutant,
    restMs: 240_000,
    say,
  }
}

/** One seed; true where nothing was found. */
async function playSeed(options: ChaosOptions, world: World, plan: RunPlan): Promise<boolean> {
  say(`seed ${plan.seed}${plan.mutant === undefined ? '' : `, with the defect that ${plan.mutant}`}`)
  const began = Date.now()
  const played = await playRun(plan, world)
  const line = resultOf(plan, options.brokers, (Date.now() - began) / 1000, played)
  appendResult(options.results, line)
  say(JSON.stringify(line))
  for (const { kind, what } of played.verdict.anomalies.slice(0, 40)) say(`  ${kind}: ${what}`)
  if (played.folder !== undefined) say(`logs and effects are in ${played.folder}`)
  return played.verdict.anomalies.length === 0
}

async function playAll(options: ChaosOptions): Promise<boolean> {
  const until = Date.now() + options.minutes * 60_000
  const world = await startWorld(options)
  let well = true
  try {
    for (let seed = options.seed; seed === options.seed || Date.now() < until; seed++)
      well = (await playSeed(options, world, planOf(options, seed))) && well
    return well
  } finally {
    await world.close()
  }
}

async function main(): Promise<boolean> {
  const options = chaosOptions(process.argv.slice(2))
  if (options === 'help') {
    say(usage)
    return true
  }
  if (!options.render) {
    const well = await playAll(options)
    return options.mutant === undefined ? well : !well
  }
  renderInto(document, readResults(options.results))
  say(`${document} has the results of ${options.results}.`)
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
