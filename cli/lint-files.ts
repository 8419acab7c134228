import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { CommandArgs } from './command.ts'
import { usage } from './flags.ts'

/**
 * The files that a command line means: each file as it was given, for a folder the topologies in it (or in its
 * `topologies/`), without their tests. Each once. Throws USAGE for a folder that has none.
 */
export function filesToLint(given: readonly string[], { cwd }: Pick<CommandArgs, 'cwd'>): string[] {
  return [...new Set(given.flatMap((one) => (isFolder(resolve(cwd, one)) ? filesIn(one, cwd) : [one])))]
}

function filesIn(folder: string, cwd: string): string[] {
  const inside = join(folder, 'topologies')
  const place = isFolder(resolve(cwd, inside)) ? inside : folder
  const names = readdirSync(resolve(cwd, place), { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && isTopology(entry.name))
    .map(({ name }) => join(place, name))
  if (names.length === 0)
    throw usage(`There is no topology in the folder ${folder}: name one that has .yaml files, or a file.`)
  return names.sort()
}

function isTopology(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.')
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
