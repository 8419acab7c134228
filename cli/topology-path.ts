import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandArgs } from './command.ts'
import { textFlag } from './flags.ts'
import { shownPath } from './project-files.ts'

/**
 * Where the topology is that a command line names: seen from where it runs, or, where there is none, from the folder that
 * `--project` names; a plain word that is no file is a topology of `topologies/`. As it was given where that works, since
 * problems show it.
 */
export function topologyPath(file: string, { cwd, values }: Pick<CommandArgs, 'cwd' | 'values'>): string {
  const project = textFlag(values, 'project')
  const path = resolve(cwd, file)
  const inProject = project === undefined ? path : resolve(cwd, project, file)
  const named = resolve(cwd, project ?? '.', 'topologies', `${file}.yaml`)
  const found =
    [path, inProject].find((one) => existsSync(one)) ??
    (/^[\w-]+$/.test(file) && existsSync(named) ? named : path)
  if (cwd !== process.cwd()) return found
  return found === path ? file : shownPath(found, cwd)
}
