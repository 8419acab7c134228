import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { CommandArgs } from './command.ts'
import { shownPath } from './project-files.ts'
import { loadPlans } from './run-topologies.ts'

/** All topologies of a project: the files of its `topologies/`, but for their tests. */
export async function projectPlans(root: string, args: CommandArgs): Promise<TopologyPlan[]> {
  const folder = join(root, 'topologies')
  if (!existsSync(folder)) return []
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.'))
    .map((name) => seenFrom(args)(join(folder, name)))
  return loadPlans(files, args.registry, args.env)
}

/** As it was given where that works, since problems show it. */
export function seenFrom({ cwd }: CommandArgs): (file: string) => string {
  return (file) => (cwd === process.cwd() ? shownPath(file, cwd) : resolve(cwd, file))
}
