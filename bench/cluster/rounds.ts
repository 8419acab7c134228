import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CpuWatch } from '../clients/cpu-watch.ts'
import { measure, type Cost } from '../clients/measure.ts'
import { whyInvalid } from '../clients/noise.ts'
import { round } from '../clients/summary.ts'
import type { MeasuredRow, Row, SkippedRow } from './rows.ts'
import type { Bench, Course, Scenario } from './scenario.ts'
import type { Ready, System } from './system.ts'
import type { Outcome } from './task.ts'

/** A system that takes part in a scenario. */
interface Turn {
  readonly system: System
  readonly ready: Ready
}

/** How many seconds a run waits for the machine to become quiet. */
const patience = 30

/** A run is ended after two minutes, and the time for its records at this rate. */
const slowestPerSecond = 2_000

/** What is known of the systems that took part. */
export interface Played {
  readonly rows: readonly Row[]
  readonly versions: Readonly<Record<string, string>>
}

/** Measures one scenario; in each round every system has its turn, each time beginning with another one. */
export async function playScenario(bench: Bench, scenario: Scenario): Promise<Played> {
  const rows: Row[] = []
  const turns: Turn[] = []
  for (const system of chosen(bench, scenario)) {
    const ready = await prepared(system)
    if (typeof ready === 'string') rows.push(skip(bench, scenario, system, ready))
    else turns.push({ system, ready })
  }
  if (turns.length > 0) rows.push(...(await playRounds(bench, scenario, turns)))
  return {
    rows,
    versions: Object.fromEntries(turns.map(({ system, ready }) => [system.name, ready.version])),
  }
}

function chosen({ options }: Bench, { name: scenario, systems }: Scenario): System[] {
  const named = options.scenarios.find(({ name }) => name === scenario)?.systems ?? []
  if (named.length === 0) return systems.filter(({ extra }) => extra !== true)
  return systems.filter(({ name }) => named.includes(name))
}

/** The system, or why there is none. */
async function prepared(system: System): Promise<Ready | string> {
  try {
    return await system.prepare()
  } catch (error) {
    return `it cannot be made ready: ${(error as Error).message.trim().split('\n')[0]}`
  }
}

async function playRounds(bench: Bench, scenario: Scenario, turns: readonly Turn[]): Promise<Row[]> {
  const rows: Row[] = []
  const stage = await scenario.open(bench)
  try {
    for (let played = 0; played < bench.options.rounds; played++) {
      for (let n = 0; n < turns.length; n++) {
        const turn = turns[(n + played) % turns.length]!
        rows.push(await play(bench, scenario, turn, () => stage.begin(turn.system), played + 1))
      }
    }
  } finally {
    await stage.close()
  }
  return rows
}

async function play(
  bench: Bench,
  scenario: Scenario,
  turn: Turn,
  begin: () => Promise<Course>,
  played: number,
): Promise<Row> {
  try {
    const course = await begin()
    try {
      const row = await runOnce(bench, scenario, turn, course, played)
      bench.say(line(row))
      return row
    } finally {
      await course.end()
    }
  } catch (error) {
    return skip(bench, scenario, turn.system, `round ${played}: ${(error as Error).message}`)
  }
}

async function runOnce(
  { options, servers, folder }: Bench,
  scenario: Scenario,
  { system, ready }: Turn,
  course: Course,
  played: number,
): Promise<MeasuredRow> {
  const watch = new CpuWatch(() => servers.pids)
  const { program, args, outcome } = ready.invoke(course.task)
  if (options.patient) {
    // What was written to fill the topic shall not be written back in the time of the first run.
    await promisify(execFile)('sync')
    await watch.quiet(patience)
  }
  const before = watch.serverSeconds
  watch.start()
  const limitSeconds = 120 + course.task.total / slowestPerSecond
  const measuring = measure({ program, args, repeatSeconds: 0, limitSeconds }, folder)
  const { cost, output } = await beside(measuring, course.alongside)
  const noise = watch.stop(cost.cpuSeconds + cost.ownCpuSeconds)
  const serverSeconds = watch.serverSeconds - before
  const done = outcome(output)
  const fault = await course.fault(done)
  const reason = fault === undefined ? whyInvalid(noise) : `its result is wrong: ${fault}`
  return {
    scenario: scenario.name,
    system: system.name,
    guarantee: system.guarantee,
    round: played,
    ...figures(cost, done),
    serversCpuSecondsPerMillion: round((serverSeconds / done.records) * 1e6, 3),
    elsewhereCores: noise && round(noise.elsewhereCores, 3),
    stealShare: noise && round(noise.stealShare, 4),
    valid: reason === undefined,
    ...(reason !== undefined && { reason }),
    ...(fault !== undefined && { wrong: true as const }),
  }
}

/** What happens beside a run ends with it. */
async function beside<Run>(run: Promise<Run>, alongside: Course['alongside']): Promise<Run> {
  if (alongside === undefined) return run
  const stop = new AbortController()
  const other = alongside(stop.signal)
  try {
    // Where it fails, so does the run; where it ends, the run goes on.
    return await Promise.race([run, other.then(() => run)])
  } finally {
    stop.abort()
    await other.catch(() => undefined)
  }
}

function figures(
  { cpuSeconds, seconds: whole, peakRssMb }: Cost,
  { records, latency, closingSeconds = 0 }: Outcome,
) {
  const seconds = whole - closingSeconds
  return {
    recordsPerSecond: Math.round(records / seconds),
    cpuSecondsPerMillion: round((cpuSeconds / records) * 1e6, 3),
    peakRssMb: Math.round(peakRssMb),
    ...(latency && { p50Ms: latency.p50, p99Ms: latency.p99, maxMs: latency.max }),
    ...(latency?.p95 !== undefined && { p95Ms: latency.p95 }),
    records,
    seconds: round(seconds, 2),
  }
}

function line(row: MeasuredRow): string {
  const { scenario, system, guarantee, round: played, reason } = row
  const what = `${scenario.padEnd(15)} ${system.padEnd(26)} ${guarantee.padEnd(14)} ${played}`
  const rate = `${row.recordsPerSecond.toLocaleString('en-US').padStart(9)}/s`
  const cost = `${row.cpuSecondsPerMillion.toFixed(2).padStart(7)} CPU-s/M ${String(row.peakRssMb).padStart(5)} MB`
  const late = row.p99Ms === undefined ? '' : `  p50 ${row.p50Ms} ms, p99 ${row.p99Ms} ms`
  return `${what} ${rate} ${cost}${late}${reason === undefined ? '' : `   invalid: ${reason}`}`
}

function skip({ say }: Bench, { name }: Scenario, system: System, skipped: string): SkippedRow {
  const { name: who, guarantee } = system
  say(`${name.padEnd(15)} ${who.padEnd(26)} ${guarantee.padEnd(14)}   not measured: ${skipped}`)
  return { scenario: name, system: who, guarantee, skipped }
}
