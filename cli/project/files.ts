import { existsSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { CqlFile } from '../../engine/cql/migrations.ts'
import { fatalError } from '../../engine/errors.ts'

/** What a project's folder is known by. */
const marks = ['schemas', 'cql', 'environments']

/** What says which folder is meant. */
export interface RootOptions {
  readonly cwd: string
  /** `--project DIR`: the root itself. */
  readonly project?: string | undefined
  /** A topology's file: the root is looked for from its folder upwards, otherwise from `cwd`. */
  readonly topology?: string | undefined
}

/**
 * The root of a project: the nearest folder upwards that has schemas/, cql/ or environments/. Where there is none, the folder
 * that the search began in: a topology of topics alone needs none of them. Throws CONFIG_UNREADABLE for a `--project` that is no folder.
 */
export function findRoot({ cwd, project, topology }: RootOptions): string {
  if (project !== undefined) return existingFolder(cwd, project, '--project')
  const start = topology === undefined ? resolve(cwd) : dirname(resolve(cwd, topology))
  for (let folder = start; ; folder = dirname(folder)) {
    if (isMarked(folder)) return folder
    if (folder === dirname(folder)) return start
  }
}

/** Whether a folder is known as the root of a project. */
export function isMarked(folder: string): boolean {
  return marks.some((mark) => isFolder(join(folder, mark)))
}

function existingFolder(cwd: string, given: string, flag: string): string {
  const folder = resolve(cwd, given)
  if (isFolder(folder)) return folder
  const what = existsSync(folder) ? 'is no folder' : 'does not exist'
  throw fatalError(
    'CONFIG_UNREADABLE',
    `${flag} ${given} ${what}: give the folder that holds schemas/ and cql/.`,
  )
}

/** Whether there is a folder; false for what cannot be looked at, which whoever opens it will tell. */
export function isFolder(path: string): boolean {
  return entryAt(path)?.isDirectory() === true
}

/** What is at a path; undefined where nothing is, or where it cannot be looked at (a link to itself, a closed folder). */
export function entryAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** The .cql files of a folder, by name; none where there is no such folder. Paths are as seen from `cwd`. */
export function readCqlFiles(folder: string, cwd: string): CqlFile[] {
  return cqlNames(folder).map((name) => readCqlFile(join(folder, name), cwd))
}

/** The names of the .cql files of a folder. */
export function cqlNames(folder: string): string[] {
  if (!isFolder(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.cql') && !entry.name.startsWith('.') && !entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** Reads one .cql file. */
export function readCqlFile(path: string, cwd: string): CqlFile {
  try {
    return { path: shownPath(path, cwd), text: readFileSync(path, 'utf8') }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw fatalError('CONFIG_UNREADABLE', `${shownPath(path, cwd)} could not be read (${code}).`, {
      cause: error,
    })
  }
}

/** A path for people: relative where that is shorter. */
export function shownPath(path: string, cwd: string): string {
  const near = relative(cwd, path)
  return near !== '' && near.length < path.length ? near : path
}
