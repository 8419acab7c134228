import { fatalError, type MillraceError } from '../errors.ts'
import type { LockHolder, MigrationRecord, MigrationRecords } from './migration-records.ts'

/** The lock on a keyspace's migrations, in hand. Kept alive until it is released. */
export class MigrationLock {
  readonly #records: MigrationRecords
  readonly #owner: string
  readonly #by: string
  readonly #ttlMs: number
  readonly #timer: NodeJS.Timeout
  #beating: Promise<void> = Promise.resolve()
  #renewedAt = performance.now()
  #lost = false

  private constructor(records: MigrationRecords, owner: string, by: string, ttlSeconds: number) {
    this.#records = records
    this.#owner = owner
    this.#by = by
    this.#ttlMs = ttlSeconds * 1000
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat()).catch(() => undefined)
    }, this.#ttlMs / 4)
    this.#timer.unref()
  }

  /** Takes the lock. Rejects with MIGRATIONS_LOCKED where somebody has it. */
  static async take(
    records: MigrationRecords,
    who: { readonly owner: string; readonly by: string; readonly ttlSeconds: number },
  ): Promise<MigrationLock> {
    if (await records.acquire(who.owner, who.by))
      return new MigrationLock(records, who.owner, who.by, who.ttlSeconds)
    throw locked(await records.holder())
  }

  async #beat(): Promise<void> {
    const began = performance.now()
    if (!(await this.#records.renew(this.#owner, this.#by))) this.#lost = true
    // From when it was asked for: the server's time to live began no earlier than that.
    else this.#renewedAt = began
  }

  /** Sees that the lock is still held, at the servers. Rejects with MIGRATIONS_LOCKED. */
  async check(): Promise<void> {
    await this.#beating
    await this.#beat()
    if (this.#lost || performance.now() - this.#renewedAt > this.#ttlMs / 2) throw lost()
  }

  /** Writes a record, if the lock is still held; rejects with MIGRATIONS_LOCKED otherwise. */
  async save(record: MigrationRecord): Promise<void> {
    if (!(await this.#records.save(record, this.#owner))) throw lost()
  }

  /** Gives it up. Never rejects: it ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    await this.#records.release(this.#owner).catch(() => undefined)
  }
}

function locked(holder: LockHolder | undefined): MillraceError {
  const who = holder === undefined ? 'Another process' : holder.by
  const wait =
    holder === undefined
      ? 'try again.'
      : `it was last heard of at ${new Date(holder.beat).toISOString()}, and its lock ends by itself ${holder.expiresIn} s from now if it is gone: wait for it, or give --break-lock if you know that it is gone.`
  return fatalError('MIGRATIONS_LOCKED', `${who} is at work on the migrations: ${wait}`)
}

function lost(): MillraceError {
  return fatalError(
    'MIGRATIONS_LOCKED',
    'The lock on the migrations was lost: this process stood still for too long, or somebody broke the lock; nothing more was sent: see millrace cql plan, then apply again.',
  )
}
