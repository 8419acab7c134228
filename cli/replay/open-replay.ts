import type { TopologyReading } from '../../engine/config/topology-config.ts'
import { readTopologyFile } from '../../engine/config/load.ts'
import { planReading } from '../../engine/topology/plan.ts'
import { tableOf } from '../../engine/cql/schema.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { usage } from '../command-line/flags.ts'
import type { Project } from '../project/project.ts'
import type { Positions } from '../positions/positions.ts'
import { topologyPath } from '../project/topology-path.ts'
import { checkKept, findBounds, refuseGone, type FoundBounds } from './bounds.ts'
import { keep, readKept, refuseOther, type KeptReplay } from './kept.ts'
import type { ReplayRequest } from './request.ts'
import { refuseLive, sideGroup, sidePlan, type SidePlan } from './side-plan.ts'

/** A replay that may begin, or go on. */
export interface OpenReplay {
  readonly group: string
  readonly side: SidePlan
  readonly kept: Omit<KeptReplay, 'version'>
  /** Records that are gone; empty where it goes on. */
  readonly gone: FoundBounds['gone']
  /** True where it was begun before. */
  readonly goesOn: boolean
}

/** The one topology that is replayed, as it is in its file. */
export async function readOne(
  command: string,
  args: CommandArgs,
  files: readonly string[],
): Promise<TopologyReading> {
  const [file, ...others] = files
  if (file === undefined) throw usage(`${command} needs a file: millrace ${command} topologies/NAME.yaml.`)
  if (others.length > 0) throw usage(`${command} takes one file at a time: leave "${others[0]}" out.`)
  return readTopologyFile(topologyPath(file, args), args.registry, args.env)
}

/**
 * Finds the replay that was begun under this name, or what a new one reads. Nothing is written.
 *
 * @throws REPLAY_REFUSED (permanent) for everything that it must not do
 * @throws TABLE_UNKNOWN for a side table that no migration makes
 */
export async function openReplay(
  reading: TopologyReading,
  project: Pick<Project, 'catalogue' | 'log'>,
  positions: Positions,
  request: ReplayRequest & { readonly allowGone: boolean },
): Promise<OpenReplay> {
  const { name: topology } = planReading(reading)
  const group = sideGroup(topology, request.name)
  const known = await readKept(project.log, group)
  if (known !== undefined) refuseOther(known, request)
  const spec = known?.spec ?? request.spec
  const side = sidePlan(reading, group, spec.redirect)
  refuseLive(side, spec.redirect)
  for (const sink of side.sinks) if (sink.kind === 'table') tableOf(project.catalogue, sink.side)
  if (known !== undefined) {
    await checkKept(known.bounds, positions)
    return { group, side, kept: known, gone: [], goesOn: true }
  }
  const { bounds, gone } = await findBounds(side.plan, positions, spec)
  if (!request.allowGone) refuseGone(gone, spec)
  const begun = new Date().toISOString()
  const kept = { topology, name: request.name, begun, spec, said: request.said, bounds }
  return { group, side, kept, gone, goesOn: false }
}

/** Keeps a new replay; answers the bounds that count, which are those of the process that was first. */
export async function begin(open: OpenReplay, project: Pick<Project, 'log'>): Promise<KeptReplay['bounds']> {
  if (open.goesOn) return open.kept.bounds
  return (await keep(project.log, open.group, open.kept)).bounds
}
