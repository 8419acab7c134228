import { join } from 'node:path'
import type { CpuWatch } from './cpu-watch.ts'
import { measure, type Cost } from './measure.ts'
import { whyInvalid } from './noise.ts'
import { BenchFailure, type Options } from './options.ts'
import type { MeasuredRow, Row, SkippedRow } from './rows.ts'
import { round } from './summary.ts'
import type { Ready, System } from './system.ts'
import { lastOutcome } from './systems-node.ts'
import type { Topics } from './topics.ts'
import { partitions, passRecords, valueBytes, type Outcome, type Scenario, type Task } from './workload.ts'

export interface Bench {
  readonly options: Options
  readonly bootstrap: string
  readonly topics: Topics
  /** For files of a run. */
  readonly folder: string
  readonly watch: CpuWatch
  readonly say: (text: string) => void
}

/** A system and its client, or why it cannot be measured. */
export interface Player {
  readonly system: System
  readonly ready: Ready | string
}

/** A system that takes part in a scenario. */
interface Turn {
  readonly system: System
  readonly ready: Ready
}

/** How many seconds a run waits for the machine to become quiet. */
const patience = 30

/** Measures one scenario; in each round every system has its turn, each time beginning with another one. */
export async function playScenario(
  bench: Bench,
  scenario: Scenario,
  players: readonly Player[],
): Promise<Row[]> {
  const rows: Row[] = []
  const turns: Turn[] = []
  for (const { system, ready } of players) {
    const skipped = system.lacks[scenario] ?? (typeof ready === 'string' ? ready : undefined)
    if (skipped !== undefined) rows.push(skip(bench, scenario, system, skipped))
    else if (typeof ready !== 'string') turns.push({ system, ready })
  }
  if (turns.length > 0) rows.push(...(await playRounds(bench, scenario, turns)))
  return rows
}

async function playRounds(bench: Bench, scenario: Scenario, turns: readonly Turn[]): Promise<Row[]> {
  const reads = scenario.startsWith('read')
  const topic = `millrace-bench-${scenario}-${process.pid}`
  const total = reads ? await fill(bench, scenario, topic) : Math.min(passRecords, bench.options.records)
  const rows: Row[] = []
  try {
    for (let played = 0; played < bench.options.rounds; played++) {
      for (let n = 0; n < turns.length; n++) {
        const turn = turns[(n + played) % turns.length]!
        const task = taskOf(bench, scenario, reads ? topic : `${topic}-${rows.length}`, total)
        rows.push(await play(bench, turn, task, played + 1))
      }
    }
  } finally {
    if (reads) await bench.topics.remove(topic)
  }
  return rows
}

function taskOf({ options, bootstrap }: Bench, scenario: Scenario, topic: string, total: number): Task {
  return { scenario, bootstrap, topic, partitions, total, seconds: options.seconds }
}

/** Fills the topic that all systems read; answers how many records it holds. */
async function fill(bench: Bench, scenario: Scenario, topic: string): Promise<number> {
  const { topics, options, folder, say } = bench
  await topics.create(topic)
  say(`${scenario}: filling a topic with ${options.records.toLocaleString('en-US')} records`)
  const task = taskOf(bench, scenario, topic, options.records)
  const args = [join(import.meta.dirname, 'systems/fill-topic.ts'), JSON.stringify(task)]
  const command = { program: process.execPath, args, repeatSeconds: 0, limitSeconds: 1800 }
  const { output } = await measure(command, folder)
  const { records } = lastOutcome(output)
  const found = await topics.records(topic)
  if (found !== records)
    throw new BenchFailure(`${topic} was filled with ${records} records and holds ${found}.`)
  return records
}

async function play(bench: Bench, turn: Turn, task: Task, played: number): Promise<Row> {
  const { system } = turn
  const writes = !task.scenario.startsWith('read')
  try {
    if (writes) await bench.topics.create(task.topic)
    const row = await runOnce(bench, turn, task, played)
    if (writes) await checkWritten(bench.topics, task, row.records)
    bench.say(line(row))
    return row
  } catch (error) {
    return skip(bench, task.scenario, system, `round ${played}: ${(error as Error).message}`)
  } finally {
    if (writes) await bench.topics.remove(task.topic)
  }
}

async function runOnce(
  { options, watch, folder }: Bench,
  turn: Turn,
  task: Task,
  played: number,
): Promise<MeasuredRow> {
  const { system, ready } = turn
  const { program, args, repeat, outcome } = ready.invoke(task)
  if (options.patient) await watch.quiet(patience)
  watch.start()
  const limitSeconds = 120 + 6 * task.seconds
  const repeatSeconds = repeat ? task.seconds : 0
  const { cost, output } = await measure({ program, args, repeatSeconds, limitSeconds }, folder)
  const noise = watch.stop(cost.cpuSeconds + cost.ownCpuSeconds)
  const done = outcome(output, cost.passes)
  checkOutcome(done, task, repeat ? cost.passes : 0)
  const reason = whyInvalid(noise)
  return {
    scenario: task.scenario,
    system: system.name,
    round: played,
    ...figures(cost, done.records),
    elsewhereCores: noise && round(noise.elsewhereCores, 3),
    stealShare: noise && round(noise.stealShare, 4),
    invalid: reason !== undefined,
    ...(reason !== undefined && { reason }),
  }
}

function figures({ cpuSeconds, seconds, peakRssMb, passes }: Cost, records: number) {
  return {
    recordsPerSecond: Math.round(records / seconds),
    cpuSecondsPerMillion: round((cpuSeconds / records) * 1e6, 3),
    peakRssMb: Math.round(peakRssMb),
    records,
    seconds: round(seconds, 2),
    passes,
  }
}

/** Whether a system did what it was told: with whole values, and each pass to the end. */
export function checkOutcome({ records, bytes }: Outcome, task: Task, passes: number): void {
  if (!(records > 0)) throw new Error('it delivered no records')
  if (bytes < records * valueBytes) throw new Error(`${records} records have only ${bytes} bytes`)
  if (passes > 0 && records !== passes * task.total)
    throw new Error(`${passes} passes delivered ${records} records instead of ${passes * task.total}`)
}

/** Whether the topic holds what was acknowledged; the ends of transactions take offsets too. */
async function checkWritten(topics: Topics, task: Task, records: number): Promise<void> {
  const found = await topics.records(task.topic)
  const right = task.scenario === 'write' ? found === records : found > records
  if (!right) throw new Error(`${records} records were acknowledged, and the topic's offsets end at ${found}`)
}

function line(row: MeasuredRow): string {
  const { scenario, system, round: played, cpuSecondsPerMillion, recordsPerSecond, peakRssMb, reason } = row
  const what = `${scenario.padEnd(20)} ${system.padEnd(20)} ${played}`
  const cost = `${cpuSecondsPerMillion.toFixed(2).padStart(7)} CPU-s/M ${recordsPerSecond.toLocaleString('en-US').padStart(10)}/s`
  return `${what} ${cost} ${String(peakRssMb).padStart(5)} MB${reason === undefined ? '' : `   invalid: ${reason}`}`
}

function skip({ say }: Bench, scenario: Scenario, { name }: System, skipped: string): SkippedRow {
  say(`${scenario.padEnd(20)} ${name.padEnd(20)} not measured: ${skipped}`)
  return { scenario, system: name, skipped }
}
