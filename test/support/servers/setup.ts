// Before the first test file of a run that may need servers: starts their keeper, which costs little as long as
// nobody asks it for anything.

import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newRunFolder, runFolderVariable } from './run-folder.ts'
import { keeperVariable } from './shared.ts'

/** What setup leaves for teardown; both run in Jest's own process. */
export interface Run {
  keeper: ChildProcess
  folder: string
}

export const runs: { current?: Run } = ((globalThis as { millraceRuns?: object }).millraceRuns ??= {})

const keptRuns = 5

export default async function setup(): Promise<void> {
  const folder = newRunFolder()
  forgetOldRuns(dirname(folder))
  // A path in the project may be longer than a socket's may be.
  const socket = join(tmpdir(), `millrace-${process.pid}-${randomBytes(4).toString('hex')}.sock`)
  process.env[runFolderVariable] = folder
  process.env[keeperVariable] = socket
  const program = fileURLToPath(new URL('keeper.ts', import.meta.url))
  const keeper = spawn(process.execPath, [program, socket], { stdio: ['pipe', 'pipe', 'inherit'] })
  await Promise.race([once(keeper.stdout, 'data'), once(keeper, 'exit')])
  keeper.unref()
  keeper.stdout.destroy()
  runs.current = { keeper, folder }
}

/** Runs that failed or were killed are still there, and those that go on elsewhere: their brokers need their data. */
function forgetOldRuns(folder: string): void {
  try {
    const ended = readdirSync(folder).filter((run) => !isAlive(Number(run.split('-').at(-1))))
    const old = ended.sort().slice(0, -keptRuns)
    for (const run of old) rmSync(join(folder, run), { recursive: true, force: true })
  } catch {
    // There was none.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
