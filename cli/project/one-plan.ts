import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { usage } from '../command-line/flags.ts'
import { topologyPath } from './topology-path.ts'
import { loadTopologyPlan } from './topology-plan.ts'

/** The plan of the one file that a command is about. */
export async function onePlan(command: string, args: CommandArgs): Promise<TopologyPlan> {
  const [file, ...others] = args.positionals
  if (file === undefined) throw usage(`${command} needs a file: millrace ${command} topologies/NAME.yaml.`)
  if (others.length > 0) throw usage(`${command} takes one file at a time: leave "${others[0]}" out.`)
  return loadTopologyPlan(topologyPath(file, args), args.registry, args.env)
}
