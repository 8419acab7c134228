import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isFolder } from '../../project/root.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { usage } from '../command-line/flags.ts'
import { topologiesOf, topologyPath } from '../project/topology-path.ts'

/** What a command line means. */
export interface FilesToLint {
  /** Each once, as seen from where the command runs. */
  readonly files: readonly string[]
  /** The folders whose topologies are meant as a whole. */
  readonly folders: readonly string[]
}

/**
 * The files that a command line means: each file as it was given, for a folder the topologies in it (or in its
 * `topologies/`), without their tests. Throws USAGE for a folder that has none.
 */
export function filesToLint(args: Pick<CommandArgs, 'cwd' | 'positionals' | 'values'>): FilesToLint {
  const { cwd, positionals } = args
  const given = (positionals.length === 0 ? [topologiesOf(args)] : meantBy(positionals)).map((one) =>
    existsSync(resolve(cwd, one)) ? one : topologyPath(one, args),
  )
  const folders = given.filter((one) => isFolder(resolve(cwd, one))).map((one) => placeIn(one, cwd))
  const files = given.flatMap((one) => (isFolder(resolve(cwd, one)) ? filesIn(one, cwd) : [one]))
  return { files: [...new Set(files)], folders: [...new Set(folders)] }
}

/** A shell makes the files with cases of `topologies/*.yaml`, too; alone, such a file is looked at, and said to be none. */
function meantBy(positionals: readonly string[]): readonly string[] {
  const topologies = positionals.filter((one) => !one.endsWith('.test.yaml'))
  return topologies.length === 0 ? positionals : topologies
}

function filesIn(folder: string, cwd: string): string[] {
  const place = placeIn(folder, cwd)
  const names = readdirSync(resolve(cwd, place), { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && isTopologyName(entry.name))
    .map(({ name }) => join(place, name))
  if (names.length === 0)
    throw usage(`There is no topology in the folder ${folder}: name one that has .yaml files, or a file.`)
  return names.sort()
}

function placeIn(folder: string, cwd: string): string {
  const inside = join(folder, 'topologies')
  return isFolder(resolve(cwd, inside)) ? inside : folder
}

/** True for the name of a topology's file, and not for that of its cases. */
export function isTopologyName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.')
}

/** The name of a topology, without reading all of it: what else is wrong in the file does not matter. */
export function nameIn(text: string): string | undefined {
  return /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1]
}
