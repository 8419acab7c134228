import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fatalError } from '../engine/errors.ts'

/** What a project's folder is known by: folders, and what is in them. Folders of code may have these names too. */
const marks: Readonly<Record<string, RegExp>> = {
  schemas: /(\.avsc|^catalogue\.yaml|^README\.md)$/,
  cql: /\.cql$/,
  environments: /\.ya?ml$/,
}

/** What says which folder is meant. */
export interface RootOptions {
  readonly cwd: string
  /** A folder of the project: the search begins in it, and it is the root itself where that finds nothing. */
  readonly project?: string | undefined
  /** What says `project`, as errors name it (default: `--project`). */
  readonly by?: string
  /** A topology's file: the root is looked for from its folder upwards, otherwise from `cwd`. */
  readonly topology?: string | undefined
}

/**
 * The root of a project: the nearest folder upwards that has schemas/, cql/ or environments/. Where there is none, the folder
 * that the search began in: a topology of topics alone needs none of them. Throws CONFIG_UNREADABLE for a `project` that is no folder.
 */
export function findRoot(options: RootOptions): string {
  const start = startOf(options)
  // Somebody says that this is one, and it looks like one, whatever it lies in.
  if (options.project !== undefined && isFolder(join(start, 'topologies'))) return start
  for (let folder = start; ; folder = dirname(folder)) {
    if (isMarked(folder)) return folder
    if (folder === dirname(folder)) return start
  }
}

function startOf({ cwd, project, by, topology }: RootOptions): string {
  if (project !== undefined) return existingFolder(cwd, project, by)
  return topology === undefined ? resolve(cwd) : dirname(resolve(cwd, topology))
}

/** Whether a folder is known as the root of a project. */
export function isMarked(folder: string): boolean {
  return Object.entries(marks).some(([name, own]) => isMark(join(folder, name), own, 1))
}

/** Whether a folder is empty, or has a file of that kind in it; in schemas/ they are a level deeper, by topics. */
function isMark(folder: string, own: RegExp, deeper: number): boolean {
  if (!isFolder(folder)) return false
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'))
  if (entries.length === 0) return true
  return entries.some(
    ({ name }) => own.test(name) || (deeper > 0 && isMark(join(folder, name), own, deeper - 1)),
  )
}

function existingFolder(cwd: string, given: string, by = '--project'): string {
  const folder = resolve(cwd, given)
  if (isFolder(folder)) return folder
  const what = existsSync(folder) ? 'is no folder' : 'does not exist'
  throw fatalError(
    'CONFIG_UNREADABLE',
    `${by} ${given} ${what}: give the folder that holds schemas/ and cql/.`,
  )
}

/** Throws SCHEMA_REGISTRY_INVALID where a project has no schemas/: it says where they were looked for. */
export function needSchemas(root: string): void {
  if (isFolder(join(root, 'schemas'))) return
  const above = isMarked(root) ? '' : ', and no project in a folder above it'
  throw fatalError(
    'SCHEMA_REGISTRY_INVALID',
    `There is no folder schemas/ in ${root}${above}: create it, with a folder for each topic, or say which project is meant.`,
  )
}

/** Whether there is a folder at that path. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** A path for people: relative where that is shorter. */
export function shownPath(path: string, cwd: string): string {
  const near = relative(cwd, path)
  return near !== '' && near.length < path.length ? near : path
}
