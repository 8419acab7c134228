import { permanentError } from '../../engine/errors.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'
import { isOwnTopic, unknownGroup } from '../lag/groups.ts'
import type { Positions } from '../positions/positions.ts'
import { topicsFollowed } from '../run/topologies.ts'
import { storesOf } from '../topics/wanted.ts'
import { topologyPath } from '../project/topology-path.ts'
import { loadTopologyPlan } from '../project/topology-plan.ts'

/** The group that a command is about. */
export interface MeantGroup {
  readonly group: string
  /** Topics that it reads and that exist. */
  readonly topics: readonly string[]
  /** Its state stores. */
  readonly stores: readonly string[]
}

/** The group of the topology file, or of `--group`. */
export async function groupOf(positions: Positions, args: CommandArgs): Promise<MeantGroup> {
  const [name, file, extra] = args.positionals
  const group = textFlag(args.values, 'group')
  if ((file === undefined) === (group === undefined))
    throw usage(
      `offsets ${name ?? 'show'} needs either a file or --group: millrace offsets show topologies/NAME.yaml.`,
    )
  if (extra !== undefined) throw usage(`offsets ${name ?? 'show'} takes one file: leave "${extra}" out.`)
  return file === undefined ? named(positions, group!) : fromFile(positions, file, args)
}

async function fromFile(positions: Positions, file: string, args: CommandArgs): Promise<MeantGroup> {
  const plan = await loadTopologyPlan(topologyPath(file, args), args.registry, args.env)
  const names = new Set(await positions.topicNames())
  const topics = topicsFollowed(plan).filter((topic) => names.has(topic))
  if (topics.length === 0) {
    const wanted = topicsFollowed(plan).join(', ')
    throw permanentError(
      'TOPIC_UNKNOWN',
      `${positions.where} has none of the topics that ${plan.name} reads, or does not let this user see them: ${wanted}.`,
    )
  }
  return { group: plan.name, topics, stores: storesOf(plan).map(({ store }) => store) }
}

async function named(positions: Positions, group: string): Promise<MeantGroup> {
  const topics = (await positions.committedTopics(group)).filter((topic) => !isOwnTopic(group, topic))
  if (topics.length === 0) throw unknownGroup(group, await positions.groups(), positions)
  const stores = (await positions.topicNames())
    .filter((topic) => topic.startsWith(`${group}.`) && topic.endsWith('.changelog'))
    .map((topic) => topic.slice(group.length + 1, -'.changelog'.length))
  return { group, topics, stores }
}
