import { systemClock } from '../../engine/component/contracts/clock.ts'
import type { BoundedCounts } from '../../engine/runtime/bounded-reader.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { numberFlag, outputFlag } from '../command-line/flags.ts'
import { refuseUnknownNames } from '../command-line/refuse-unknown.ts'
import { processesOf, runProcesses } from '../run/processes.ts'
import { begin, openReplay, readOne, type OpenReplay } from './open-replay.ts'
import { keepDone } from './kept.ts'
import { inPlace, type ReplayPlace } from './place.ts'
import { progressOf, type ReplayProgress } from './progress.ts'
import { doneLine, planLines, reportOf, type ReplayCounts } from './report.ts'
import { requestOf } from './request.ts'
import { sideMemberships } from './side-log.ts'
import { watchProgress } from './watch.ts'

const fastestRate = 10_000_000

/** `millrace replay FILE`. */
export async function runReplay(args: CommandArgs): Promise<number> {
  outputFlag(args.values, ['text', 'json'])
  const rate = numberFlag(args.values, 'rate', 1, fastestRate)
  const request = { ...requestOf(args, Date.now()), allowGone: args.values['allow-gone'] === true }
  const reading = await readOne('replay', args, args.positionals)
  const [file] = args.positionals
  const dryRun = args.values['dry-run'] === true
  const processes = processesOf(
    args,
    args.values['env'] === undefined && args.env['MILLRACE_ENV'] === undefined,
  )
  return inPlace(args, { file, worker: !dryRun }, async (place) => {
    const open = await openReplay(reading, place.project, place.positions, request)
    await refuseUnknownNames([open.side.plan], place.project.root, args)
    if (dryRun) return tellPlan(open, await progressOf(place.positions, open.group, open.kept.bounds), args)
    const bounds = await begin(open, place.project)
    const whole = { ...open, kept: { ...open.kept, bounds } }
    return carryOut(whole, place, args, processes, rate)
  })
}

function tellPlan(open: OpenReplay, progress: ReplayProgress, { values, out }: CommandArgs): number {
  if (values['output'] === 'json')
    out(JSON.stringify({ ...reportOf(open, progress, undefined), dryRun: true }))
  else {
    for (const line of planLines(open, progress)) out(line)
    out('\nNothing was done, since this is a dry run.')
  }
  return 0
}

async function carryOut(
  open: OpenReplay,
  place: ReplayPlace,
  args: CommandArgs,
  processes: number,
  rate: number | undefined,
): Promise<number> {
  const { positions } = place
  const before = await progressOf(positions, open.group, open.kept.bounds)
  // Brokers forget what a group without members has committed after a while.
  const over = open.kept.done !== undefined && !before.begun
  const quiet = args.values['quiet'] === true
  if (!quiet && args.values['output'] !== 'json') for (const line of planLines(open, before)) args.err(line)
  const watch = quiet
    ? undefined
    : watchProgress(() => progressOf(positions, open.group, open.kept.bounds), args.err)
  let counts: ReplayCounts = nothing
  try {
    if (!over)
      counts = processes > 1 ? await inProcesses(args, processes, rate) : await here(open, place, args, rate)
  } finally {
    await watch?.stop()
  }
  const now = await progressOf(positions, open.group, open.kept.bounds)
  const progress = over ? { ...now, done: now.all, complete: true } : now
  if (progress.complete && open.kept.done === undefined)
    await keepDone(place.project.log, open.group, new Date().toISOString())
  if (args.values['output'] === 'json') args.out(JSON.stringify(reportOf(open, progress, counts)))
  else args.err(doneLine(open, progress, counts))
  return progress.complete ? 0 : 1
}

const nothing: ReplayCounts = {
  ...{ consumed: 0, stored: 0, duplicates: 0, dropped: 0, deadLettered: 0, skipped: 0 },
  ...{ outside: 0, elapsedMs: 0 },
}

/** As a member of the group in this process. */
async function here(
  { side, kept }: OpenReplay,
  { project }: ReplayPlace,
  { out, err, signal }: CommandArgs,
  rate: number | undefined,
): Promise<ReplayCounts> {
  const { runTopologies } = await import('../run/topologies.ts')
  const counts: BoundedCounts = { taken: 0, outside: 0 }
  const membership = await sideMemberships({ bounds: kept.bounds, rate, clock: systemClock, counts })
  const summaries = await runTopologies({
    plans: [side.plan],
    project,
    untilEnd: true,
    signal,
    print: out,
    trouble: (_topology, sentence) => err(sentence),
    membership,
  })
  return countsOf(summaries.get(side.plan.name)!, counts.outside)
}

function countsOf(summary: WorkerSummary, outside: number): ReplayCounts {
  const { consumed, stored, duplicates, dropped, deadLettered, skipped, elapsedMs } = summary
  return { consumed, stored, duplicates, dropped, deadLettered, skipped, outside, elapsedMs }
}

/** By as many processes, which find what is kept; each has its share of the rate. */
async function inProcesses(
  args: CommandArgs,
  processes: number,
  rate: number | undefined,
): Promise<ReplayCounts> {
  let sum = nothing
  const share = rate === undefined ? {} : { rate: String(Math.max(1, Math.floor(rate / processes))) }
  const values = { ...args.values, ...share, quiet: true, output: 'json' }
  const out = (line: string): void => {
    const counts = countsIn(line)
    if (counts === undefined) args.out(line)
    else sum = addedUp(sum, counts)
  }
  await runProcesses({ ...args, values, out }, processes, 'replay')
  return sum
}

/** The counts of a process's report; undefined for what a console sink prints. */
function countsIn(line: string): ReplayCounts | undefined {
  try {
    return (JSON.parse(line) as { readonly counts?: ReplayCounts }).counts
  } catch {
    return undefined
  }
}

function addedUp(left: ReplayCounts, right: ReplayCounts): ReplayCounts {
  const names = Object.keys(nothing) as (keyof ReplayCounts)[]
  const added = Object.fromEntries(
    names.map((name) => [name, left[name] + right[name]]),
  ) as unknown as ReplayCounts
  return { ...added, elapsedMs: Math.max(left.elapsedMs, right.elapsedMs) }
}
