// make bench-platform: the event platform at ten times its load, on real servers. See --help.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisMachine } from '../clients/machine.ts'
import { BenchFailure } from '../clients/options.ts'
import { runProgram } from '../clients/program.ts'
import { platformChart } from './chart.ts'
import { markdown, runLines } from './markdown.ts'
import { parseOptions, usage, type Layout, type Options } from './options.ts'
import { play } from './play.ts'
import type { Results, Run } from './results.ts'
import { openCluster } from './servers.ts'

await runProgram(parseOptions, usage, benchmark)

/** @throws BenchFailure where a run's result is wrong, after everything was written */
async function benchmark(options: Options): Promise<void> {
  const runs: Run[] = []
  for (const layout of options.layouts) {
    const run = await playOnce(layout, options)
    runs.push(run)
    for (const line of runLines(run)) console.log(line)
    write(options, runs)
  }
  console.log(`\nwritten: ${join(options.out, 'platform.md')}, platform.json, platform.svg`)
  const faults = runs.flatMap(({ layout, verdict }) => verdict.faults.map((fault) => `${layout}: ${fault}`))
  if (faults.length > 0) throw new BenchFailure(`The result is wrong: ${faults.join('; ')}.`)
}

/** Each layout gets servers of its own, and so begins with nothing. */
async function playOnce(layout: Layout, options: Options): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-platform-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  console.log(`${layout}: starting Kafka, Cassandra and a schema registry, and laying out the platform`)
  const cluster = await openCluster(folder)
  try {
    return await play(cluster, layout, options, (text) => console.log(text))
  } finally {
    await cluster.close()
  }
}

function write({ out, rate, times, seed, small }: Options, runs: readonly Run[]): void {
  const results: Results = {
    machine: thisMachine(),
    measured: new Date().toISOString(),
    command: commandOf(process.argv.slice(2)),
    options: { rate, times, seed, small },
    runs,
  }
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'platform.json'), `${JSON.stringify(results, rounded)}\n`)
  writeFileSync(join(out, 'platform.md'), markdown(results))
  writeFileSync(join(out, 'platform.svg'), platformChart(results))
}

/** Where the results go is not for whoever does it again. */
function commandOf(args: readonly string[]): string {
  const words = args.filter((word, index) => word !== '--out' && args[index - 1] !== '--out')
  return words.length === 0 ? 'make bench-platform' : `make bench-platform ARGS="${words.join(' ')}"`
}

function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}
