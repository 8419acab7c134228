import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'
import { shownPath } from './files.ts'

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

/**
 * The topologies that a command line names. Of many, as a shell makes them of `topologies/*.yaml`, those with cases are left
 * out; alone, such a file is a mistake.
 *
 * @throws USAGE
 */
export function topologyPaths(
  files: readonly string[],
  args: Pick<CommandArgs, 'cwd' | 'values'>,
): readonly string[] {
  const meant = files.filter((file) => !/\.test\.ya?ml$/.test(file))
  if (meant.length > 0 || files.length === 0) return meant.map((file) => topologyPath(file, args))
  const [cases = ''] = files
  const topology = cases.replace(/\.test(\.ya?ml)$/, '$1')
  throw usage(`${cases} has the cases of a topology: name ${topology}, or run millrace test ${cases}.`)
}
