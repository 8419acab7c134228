// Folders with files, for tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder with files; `remove` ends it. */
export interface FolderOfFiles {
  readonly path: string
  write(name: string, text: string): void
  remove(): void
}

/** A folder with these files. */
export function folderWith(files: Readonly<Record<string, string>>): FolderOfFiles {
  const path = mkdtempSync(join(tmpdir(), 'millrace-folder-'))
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}
