import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Clock, systemClock } from '../component/contracts/clock.ts'
import { fatalError, type MillraceError } from '../errors.ts'
import { makeFolder } from './make-folder.ts'
import { explainStoreError, isBusy } from './sqlite-errors.ts'
import { storeApplicationId, storeFormat, storeSchema } from './store-schema.ts'

const pageBytes = 8192
const cacheBytes = 16 * 1024 * 1024
const checkpointBytes = 16 * 1024 * 1024
const largestIdleWal = 64 * 1024 * 1024

/** How long SQLite itself waits for another connection, holding up this process, before `writeLater` waits without. */
const busyTimeoutMs = 1000
const laterAttempts = 30
const openAttempts = 40

export interface StoreOptions {
  readonly clock?: Clock
}

/** Where the store of a project is. */
export function storePath(dir: string): string {
  return join(dir, '.millrace', 'store.db')
}

/**
 * Opens the store of the project in `dir`, or makes one (`.millrace/store.db`). Throws one sentence: fatal
 * STORE_UNREADABLE (damaged, foreign, newer), STORE_FULL or STORE_FAILED (no access), or downstream STORE_FAILED
 * while another process is making it. Several processes may have it open; one of them is the worker.
 */
export function openEmbeddedStore(dir: string, options: StoreOptions = {}): EmbeddedStore {
  const path = storePath(dir)
  let db: DatabaseSync | undefined
  try {
    makeFolder(join(dir, '.millrace'))
    db = new DatabaseSync(path)
    prepareDatabase(db, path)
    return new EmbeddedStore(path, db, options.clock ?? systemClock)
  } catch (error) {
    db?.close()
    throw explainStoreError(error, path)
  }
}

/** The open store: one connection, and how to write through it. */
export class EmbeddedStore {
  readonly path: string
  readonly db: DatabaseSync
  readonly clock: Clock
  readonly #dataVersion: StatementSync
  readonly #listeners = new Set<() => void>()
  #ownChanges = 0
  #writes = 0

  constructor(path: string, db: DatabaseSync, clock: Clock) {
    this.path = path
    this.db = db
    this.clock = clock
    this.#dataVersion = this.prepare('PRAGMA data_version')
  }

  /** A statement that answers rows as arrays. */
  prepare(sql: string): StatementSync {
    const statement = this.db.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }

  /**
   * One short write transaction. Throws what `work` throws, or the store's sentence, having changed nothing. Waits a
   * second for other processes, and holds up this one meanwhile.
   */
  write<T>(work: () => T): T {
    try {
      this.begin()
      const result = work()
      this.commit()
      return result
    } catch (error) {
      this.rollback()
      throw this.explain(error)
    }
  }

  /** Like `write`, but goes on trying for half a minute while other processes write, without holding up this one. */
  async writeLater<T>(work: () => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.write(work)
      } catch (error) {
        if (attempt === laterAttempts || !isBusy((error as Error).cause)) throw error
        await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 40))
      }
    }
  }

  /** Begins a write transaction: for those who need to know at which step it failed. Throws what SQLite throws. */
  begin(): void {
    this.db.exec('BEGIN IMMEDIATE')
  }

  commit(): void {
    this.db.exec('COMMIT')
    // A reader in another process can keep the write-ahead log from starting over; it must not grow for ever.
    if (++this.#writes % 256 === 0) this.trimWal()
  }

  /** Undoes an open transaction, if there is one. */
  rollback(): void {
    if (this.db.isOpen && this.db.isTransaction) this.db.exec('ROLLBACK')
  }

  explain(error: unknown): MillraceError {
    return explainStoreError(error, this.path)
  }

  /** Cuts the write-ahead log off where it has grown large; where others are reading, next time. Never throws. */
  trimWal(): void {
    try {
      const size = statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0
      if (size > largestIdleWal) this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // What was committed is committed: trouble with the disk shows at the next write.
    }
  }

  /** Grows when this connection (`own`) or another one (`others`) changed the log. Costs microseconds. */
  version(): { readonly own: number; readonly others: number } {
    return { own: this.#ownChanges, others: (this.#dataVersion.get() as unknown as [number])[0] }
  }

  /** To be called after records were appended through this connection. */
  announce(): void {
    this.#ownChanges++
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` after each `announce`, and at `close`; the answer ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get isOpen(): boolean {
    return this.db.isOpen
  }

  /** May be called twice. */
  close(): void {
    if (!this.db.isOpen) return
    this.rollback()
    this.db.close()
    for (const listener of this.#listeners) listener()
  }
}

function prepareDatabase(db: DatabaseSync, path: string): void {
  db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA page_size = ${pageBytes}`)
  const fresh = retryWhileBusy(() => checkFormat(db, path))
  retryWhileBusy(() => db.exec('PRAGMA journal_mode = WAL'))
  db.exec(`
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -${cacheBytes / 1024};
    PRAGMA wal_autocheckpoint = ${checkpointBytes / pageBytes};
    PRAGMA journal_size_limit = ${largestIdleWal};
  `)
  if (fresh) retryWhileBusy(() => createTables(db, path))
}

/** True for an empty file. Looks before anything is changed, so that the database of another program stays as it is. */
function checkFormat(db: DatabaseSync, path: string): boolean {
  const application = pragma(db, 'application_id')
  const format = pragma(db, 'user_version')
  if (application === 0 && format === 0 && pragma(db, 'schema_version') === 0) return true
  if (application !== storeApplicationId) {
    const remedy = 'move it away, or choose another directory.'
    throw fatalError('STORE_UNREADABLE', `${path} is the database of another program: ${remedy}`, {
      facts: { path },
    })
  }
  if (format > storeFormat) {
    const versions = `its format is ${format}, this Millrace knows ${storeFormat}`
    throw fatalError(
      'STORE_UNREADABLE',
      `${path} was written by a newer Millrace (${versions}): upgrade Millrace.`,
      {
        facts: { path, format },
      },
    )
  }
  db.prepare('SELECT count(*) FROM sqlite_schema').get()
  return false
}

function createTables(db: DatabaseSync, path: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have been faster.
    if (checkFormat(db, path)) {
      db.exec(
        `${storeSchema}; PRAGMA application_id = ${storeApplicationId}; PRAGMA user_version = ${storeFormat}`,
      )
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

/** Turning the write-ahead log on, and recovery after a crash, answer busy at once: the busy timeout does not cover them. */
function retryWhileBusy<T>(work: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return work()
    } catch (error) {
      if (attempt === openAttempts || !isBusy(error)) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
    }
  }
}
