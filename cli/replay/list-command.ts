import { planReading } from '../../engine/topology/plan.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { outputFlag } from '../command-line/flags.ts'
import { textTable } from '../terminal/text-table.ts'
import { keptGroups, readKept } from './kept.ts'
import { readOne } from './open-replay.ts'
import { inPlace, type ReplayPlace } from './place.ts'
import { progressOf } from './progress.ts'

/** A replay that is there. */
interface ListedReplay {
  readonly topology: string
  readonly name: string
  readonly group: string
  readonly begun: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  /** Offsets that are settled, of all. */
  readonly settled: number
  readonly all: number
  readonly complete: boolean
}

/** `millrace replay list`. */
export async function listReplays(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const files = args.positionals.slice(1)
  const topology =
    files.length === 0 ? undefined : planReading(await readOne('replay list', args, files)).name
  const found = await inPlace(args, { file: files[0], worker: false }, (place) => listed(place, topology))
  if (format === 'json') args.out(JSON.stringify(found))
  else if (found.length === 0) args.out('There is no replay.')
  else {
    const rows = found.map((one) => [
      ...[one.topology, one.name, one.from.join(' ') || 'earliest', one.to.join(' ') || 'latest'],
      ...[
        one.begun,
        one.complete ? 'complete' : `${Math.floor((100 * one.settled) / Math.max(1, one.all))} %`,
      ],
    ])
    for (const line of textTable(['topology', 'name', 'from', 'to', 'begun', 'settled'], rows)) args.out(line)
  }
  return 0
}

async function listed(
  { project, positions }: ReplayPlace,
  only: string | undefined,
): Promise<ListedReplay[]> {
  const all: ListedReplay[] = []
  for (const group of keptGroups(await positions.topicNames())) {
    const kept = await readKept(project.log, group)
    if (kept === undefined || (only !== undefined && only !== kept.topology)) continue
    const { topology, name, begun, spec } = kept
    const progress = await progressOf(positions, group, kept.bounds)
    const complete = progress.complete || kept.done !== undefined
    const settled = complete ? progress.all : progress.done
    const facts = { topology, name, group, begun, from: spec.fromTexts, to: spec.toTexts }
    all.push({ ...facts, settled, all: progress.all, complete })
  }
  return all
}
