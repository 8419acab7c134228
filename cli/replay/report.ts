import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'
import type { PartitionBound } from './bounds.ts'
import { goneText } from './bounds.ts'
import type { OpenReplay } from './open-replay.ts'
import type { ReplayProgress } from './progress.ts'
import { sideWarnings } from './side-plan.ts'

/** What this run of a replay has done; of all its processes. */
export type ReplayCounts = Pick<
  WorkerSummary,
  'consumed' | 'stored' | 'duplicates' | 'dropped' | 'deadLettered' | 'skipped' | 'elapsedMs'
> & {
  /** Records between the bounds that are of another time. */
  readonly outside: number
}

/** What `-o json` answers. */
export function reportOf(open: OpenReplay, progress: ReplayProgress, counts: ReplayCounts | undefined) {
  const { group, kept, side, goesOn, gone } = open
  return {
    topology: kept.topology,
    name: kept.name,
    group,
    goesOn,
    begun: kept.begun,
    partitions: kept.bounds.map(boundFacts),
    sinks: side.sinks.map(({ node, kind, live, side: to }) => ({ node, kind, live, side: to })),
    gone,
    offsets: { settled: progress.done, all: progress.all },
    complete: progress.complete,
    ...(counts !== undefined && { counts }),
  }
}

function boundFacts({ topic, partition, start, end, since, until, table }: PartitionBound) {
  return {
    topic,
    partition,
    start,
    end,
    since: since === undefined ? null : new Date(since).toISOString(),
    until: until === undefined ? null : new Date(until).toISOString(),
    table: table === true,
  }
}

/** What would be done, as lines for people. */
export function planLines(open: OpenReplay, progress: ReplayProgress): string[] {
  const { group, kept, side, goesOn, gone } = open
  const lines = [
    `${kept.topology}, from ${limitText(kept.spec.fromTexts, 'what is there')} to ${limitText(kept.spec.toTexts, 'what is there now')}, as ${kept.name}`,
  ]
  const add = (what: string, text: string): void => void lines.push(`  ${what.padEnd(8)} ${text}`)
  add(
    'group',
    `${group}${goesOn ? `, begun ${kept.begun}: ${progress.done} of ${progress.all} offsets are settled` : ''}`,
  )
  for (const [topic, bounds] of Map.groupBy(kept.bounds, (one) => one.topic)) {
    const most = bounds.reduce((sum, { start, end }) => sum + end - start, 0)
    const partitions = `${bounds.length} ${bounds.length === 1 ? 'partition' : 'partitions'}`
    const asTable = bounds[0]?.table === true ? ', as a table, whole' : ''
    add(
      'reads',
      `${topic}: ${partitions}, ${upTo(bounds[0]!)}${most} ${most === 1 ? 'record' : 'records'}${asTable}`,
    )
  }
  for (const { node, kind, live, side: to } of side.sinks)
    add('writes', `${kind} ${to} (${node}${live === to ? ', live' : `, instead of ${live}`})`)
  const others = [...side.plan.nodes.values()].filter(({ kind, name }) => {
    return (
      kind === 'sink' &&
      side.sinks.every(({ node }) => node !== name) &&
      side.plan.ownTopics.every(({ sink }) => sink !== name)
    )
  })
  for (const { name, type } of others) add('writes', `${type} (${name})`)
  if (gone.length > 0) add('gone', goneText(gone))
  for (const warning of sideWarnings(side)) add('note', warning)
  return lines
}

/** Of what is between the bounds, some may be of another time. */
function upTo({ since, until }: PartitionBound): string {
  return since === undefined && until === undefined ? '' : 'up to '
}

function limitText(texts: readonly string[], open: string): string {
  return texts.length === 0 ? open : texts.join(' ')
}

/** What was done, as a line for people. */
export function doneLine(
  { kept, group }: OpenReplay,
  progress: ReplayProgress,
  counts: ReplayCounts,
): string {
  const { consumed, stored, duplicates, dropped, deadLettered, skipped, outside, elapsedMs } = counts
  const which = `${kept.name} of ${kept.topology}`
  if (kept.done !== undefined && consumed === 0)
    return (
      `${which} is complete since ${kept.done}, with what was there when it began (${kept.begun}). ` +
      'For what came later begin another one (--as), or remove it first (millrace replay remove).'
    )
  const hint = deadLettered > 0 ? ` (see millrace dlq list --topology ${group})` : ''
  const how = progress.complete
    ? 'is complete'
    : `stopped at ${progress.done} of ${progress.all} offsets: the same command goes on`
  return (
    `${which} ${how}. ${consumed} records: ${stored} stored, ${duplicates} duplicates, ${dropped} dropped, ` +
    `${deadLettered} parked${hint}, ${skipped} skipped; ${outside} of another time; ${(elapsedMs / 1000).toFixed(1)} s`
  )
}
