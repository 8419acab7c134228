import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../../../', import.meta.url))

/** The environment variable with the folder of this test run; its setup sets it and its teardown clears up. */
export const runFolderVariable = 'MILLRACE_SERVERS_RUN'

let own: string | undefined
let count = 0

/** A new name for the folder of one run: when it began and by whom. */
export function newRunFolder(): string {
  const began = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)
  return join(project, '.reports', 'servers', `${began}-${process.pid}`)
}

/** Makes the folder of one server within that of the run. */
export function serverFolder(name: string): string {
  const run = process.env[runFolderVariable] ?? (own ??= newRunFolder())
  count += 1
  const folder = join(run, `${name}-${process.pid}-${count}`)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Removes the folder of a server that ended well; in a test run that waits for the end, for a test may fail yet. */
export function leaveFolder(folder: string): void {
  if (process.env[runFolderVariable] !== undefined) return
  rmSync(folder, { recursive: true, force: true })
  try {
    rmdirSync(dirname(folder))
  } catch {
    // Other servers of this process still use it.
  }
}
