// make bench-engine: Millrace beside other engines, on real servers. See --help.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisMachine } from '../clients/machine.ts'
import { BenchFailure } from '../clients/options.ts'
import { runProgram } from '../clients/program.ts'
import { engineChart } from './chart.ts'
import { markdown } from './markdown.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { playScenario } from './rounds.ts'
import type { Results, Row } from './rows.ts'
import type { Bench } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { Servers } from './servers.ts'
import { gates, medians } from './summary.ts'
import { sweep } from './sweep.ts'

await runProgram(parseOptions, usage, benchmark)

async function benchmark(options: Options): Promise<void> {
  checkNames(options)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-engine-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const servers = await Servers.open(options.bootstrap)
  try {
    const bench: Bench = { options, servers, folder, say: (text) => console.log(text) }
    await (options.sweep ? sweep(bench) : compare(bench))
  } finally {
    await servers.close()
  }
}

async function compare(bench: Bench): Promise<void> {
  const { options } = bench
  const rows: Row[] = []
  const versions: Record<string, string> = {}
  for (const { name } of options.scenarios) {
    const scenario = scenarios.find((one) => one.name === name)!
    const played = await playScenario(bench, scenario)
    rows.push(...played.rows)
    Object.assign(versions, played.versions)
    write(options, rows, versions)
  }
  for (const gate of gates(medians(rows)))
    bench.say(`${gate.scenario}: ${gate.what}: ${gate.value}${gate.reached ? '' : ', which misses the goal'}`)
  bench.say(`\nwritten: ${join(options.out, 'engine.md')}, engine.json, engine.svg`)
}

/** @throws BenchFailure for a system that no scenario has */
function checkNames({ scenarios: wanted }: Options): void {
  const known = new Set(scenarios.flatMap(({ systems }) => systems.map(({ name }) => name)))
  const wrong = wanted.flatMap(({ systems }) => systems).find((name) => !known.has(name))
  if (wrong !== undefined)
    throw new BenchFailure(`There is no system ${wrong}: choose from ${[...known].join(', ')}.`)
}

/** After each scenario, so that a long run that is ended leaves what it has. */
function write(options: Options, measured: readonly Row[], tried: Readonly<Record<string, string>>): void {
  const { out, rounds, sizes, small } = options
  const kept = options.keep ? earlier(out, measured) : undefined
  const rows = [...(kept?.rows ?? []), ...measured]
  const versions = { ...kept?.versions, ...tried }
  const summed = medians(rows)
  const how = scenarios.flatMap(({ name, systems }) =>
    systems
      .filter((system) => rows.some((row) => row.scenario === name && row.system === system.name))
      .map((system) => [`${name} ${system.name} ${system.guarantee}`, system.how] as const),
  )
  const results: Results = {
    machine: thisMachine(),
    measured: new Date().toISOString(),
    versions,
    how: Object.fromEntries(how),
    rounds,
    sizes: { ...sizes },
    small,
    rows,
    medians: summed,
    gates: gates(summed),
  }
  mkdirSync(out, { recursive: true })
  writeFileSync(resultsFile(out), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(out, 'engine.md'), markdown(results, scenarios))
  writeFileSync(join(out, 'engine.svg'), engineChart(results, scenarios))
}

function resultsFile(out: string): string {
  return join(out, 'engine.json')
}

/** What was measured earlier, and is not measured now. */
function earlier(out: string, now: readonly Row[]): Pick<Results, 'rows' | 'versions'> | undefined {
  if (!existsSync(resultsFile(out))) return undefined
  const { rows, versions } = JSON.parse(readFileSync(resultsFile(out), 'utf8')) as Results
  const what = ({ scenario, system, guarantee }: Row): string => `${scenario} ${system} ${guarantee}`
  const anew = new Set(now.map(what))
  return { rows: rows.filter((row) => !anew.has(what(row))), versions }
}
