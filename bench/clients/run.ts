// make bench-clients: Kafka clients side by side. See --help.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBroker } from './broker.ts'
import { chart } from './chart.ts'
import { thisMachine } from './machine.ts'
import { markdown } from './markdown.ts'
import { BenchFailure, parseOptions, usage, type Options } from './options.ts'
import { runProgram } from './program.ts'
import { playScenario, type Bench, type Player } from './rounds.ts'
import type { Results, Row } from './rows.ts'
import { medians } from './summary.ts'
import type { Ready, System } from './system.ts'
import { systems } from './systems.ts'
import { Topics } from './topics.ts'
import { CpuWatch, listenerOn } from './cpu-watch.ts'

await runProgram(parseOptions, usage, benchmark)

async function benchmark(options: Options): Promise<void> {
  const broker = options.bootstrap === undefined ? await startBroker() : undefined
  const bootstrap = options.bootstrap ?? broker!.bootstrap
  const folder = mkdtempSync(join(tmpdir(), 'millrace-clients-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const topics = await Topics.open(bootstrap)
  try {
    const servers = [listenerOn(Number(bootstrap.split(':').at(-1)))].filter((pid) => pid !== undefined)
    const watch = new CpuWatch(() => servers)
    const bench: Bench = { options, bootstrap, topics, folder, watch, say: (text) => console.log(text) }
    const players = await readyPlayers(options)
    const rows: Row[] = []
    for (const scenario of options.scenarios) {
      rows.push(...(await playScenario(bench, scenario, players)))
      write(options, players, rows)
    }
    console.log(`\nwritten: ${join(options.out, 'clients.md')}, clients.json, clients.svg`)
  } finally {
    await topics.close()
    await broker?.stop()
  }
}

async function readyPlayers({ systems: wanted }: Options): Promise<Player[]> {
  for (const name of wanted) {
    if (!systems.some((system) => system.name === name))
      throw new BenchFailure(
        `There is no system ${name}: choose from ${systems.map((system) => system.name).join(', ')}.`,
      )
  }
  const players: Player[] = []
  for (const system of systems) {
    if (wanted.length > 0 && !wanted.includes(system.name)) continue
    players.push({ system, ready: await prepared(system) })
  }
  return players
}

/** The client, or why there is none. */
async function prepared(system: System): Promise<Ready | string> {
  try {
    return await system.prepare()
  } catch (error) {
    return `it cannot be made ready: ${(error as Error).message.trim().split('\n')[0]}`
  }
}

function write(
  { out, rounds, seconds, records }: Options,
  players: readonly Player[],
  rows: readonly Row[],
): void {
  const versions = players.flatMap(({ system, ready }) =>
    typeof ready === 'string' ? [] : [[system.name, ready.version] as const],
  )
  const results: Results = {
    machine: thisMachine(),
    measured: new Date().toISOString(),
    versions: Object.fromEntries(versions),
    rounds,
    seconds,
    records,
    rows,
    medians: medians(rows),
  }
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'clients.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(out, 'clients.md'), markdown(results, systems))
  writeFileSync(join(out, 'clients.svg'), chart(results))
}
