import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { loadPlans } from '../run/topologies.ts'
import { topologyPath } from './topology-path.ts'

/** All topologies of a project: the files of its `topologies/`, but for their tests. */
export async function projectPlans(root: string, args: CommandArgs): Promise<TopologyPlan[]> {
  const folder = join(root, 'topologies')
  if (!existsSync(folder)) return []
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.'))
    .map((name) => topologyPath(join(folder, name), args))
  return loadPlans(files, args.registry, args.env)
}
