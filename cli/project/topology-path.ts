import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { CommandArgs } from '../command-line/command.ts'
import { textFlag, usage } from '../command-line/flags.ts'
import { findRoot, isFolder, shownPath } from '../../project/root.ts'

/**
 * Where the topology is that a command line names: seen from where it runs, or, where there is none, from the project's
 * folder; a plain word that is no file is a topology of `topologies/`. As it was given where that works, since
 * problems show it.
 */
export function topologyPath(file: string, { cwd, values }: Pick<CommandArgs, 'cwd' | 'values'>): string {
  const project = textFlag(values, 'project')
  const path = resolve(cwd, file)
  const root = findRoot({ cwd, project })
  const places = [path, resolve(root, file)]
  if (/^[\w-]+$/.test(file)) places.push(join(root, 'topologies', `${file}.yaml`))
  const found = places.find((one) => existsSync(one)) ?? path
  if (cwd !== process.cwd()) return found
  return found === path ? file : shownPath(found, cwd)
}

/** What is meant where none is named: the folder of the project's topologies. Throws USAGE where there is none. */
export function topologiesOf(args: Pick<CommandArgs, 'cwd' | 'values'>): string {
  const folder = topologyPath('topologies', args)
  if (isFolder(resolve(args.cwd, folder))) return folder
  const root = findRoot({ cwd: args.cwd, project: textFlag(args.values, 'project') })
  throw usage(`There is no folder topologies/ in ${root}: name a file or a folder, or give --project.`)
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
