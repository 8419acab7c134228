import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fatalError } from '../errors.ts'
import { makeFolder } from './make-folder.ts'
import { explainStoreError, isBusy } from './sqlite-errors.ts'

export interface WorkerLock {
  /** Gives the lock up; may be called twice. */
  release(): void
}

/**
 * Makes this process the worker of the store in `dir`. Throws fatal STORE_LOCKED, naming the process that already
 * is. The lock belongs to the process: it goes when that is killed.
 *
 * It is the exclusive lock on an empty database of its own (a file lock of the operating system). Nobody else may
 * open that file: closing any handle on it would drop the lock. The process id therefore lies in a file beside it.
 */
export function acquireWorkerLock(dir: string): WorkerLock {
  const path = join(dir, '.millrace', 'worker.lock')
  const pidPath = join(dir, '.millrace', 'worker.pid')
  let db: DatabaseSync | undefined
  try {
    makeFolder(join(dir, '.millrace'))
    db = new DatabaseSync(path, { timeout: 0 })
    db.exec('BEGIN EXCLUSIVE')
    writeFileSync(pidPath, `${process.pid}\n`)
    return heldLock(db, pidPath)
  } catch (error) {
    if (db?.isOpen) db.close()
    throw isBusy(error) ? lockedError(dir, pidPath) : explainStoreError(error, path)
  }
}

function heldLock(db: DatabaseSync, pidPath: string): WorkerLock {
  return {
    release() {
      if (!db.isOpen) return
      rmSync(pidPath, { force: true })
      db.close()
    },
  }
}

function lockedError(dir: string, pidPath: string): Error {
  const pid = readPid(pidPath)
  const who = pid === undefined ? 'another process' : `process ${pid}`
  const remedy = 'stop it first, or give this one a directory of its own.'
  return fatalError('STORE_LOCKED', `The store in ${dir} already has a worker (${who}): ${remedy}`, {
    facts: { dir, pid },
  })
}

/** The holder writes its id just after it took the lock: an unreadable one is read again for a moment. */
function readPid(pidPath: string): number | undefined {
  for (let attempt = 0; attempt < 20; attempt++) {
    const pid = Number(readText(pidPath))
    if (Number.isSafeInteger(pid) && pid > 0 && isAlive(pid)) return pid
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
  return undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
