import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CqlFile } from '../../engine/cql/migrations.ts'
import { fatalError } from '../../engine/errors.ts'
import { isFolder, shownPath } from '../../project/root.ts'

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
