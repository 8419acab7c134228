import { migrationsTable, quoted } from './migration-cql.ts'
import type { MigrationSession, AnsweredRow } from './migration-session.ts'

/** What the database says about one migration. */
export interface MigrationRecord {
  readonly version: number
  readonly name: string
  /** Of the statements that are done. */
  readonly checksum: string
  readonly statements: number
  readonly done: number
  /** Milliseconds since 1970; undefined while it is not done. */
  readonly appliedAt: number | undefined
  readonly by: string
}

/** Who is at work on the migrations. */
export interface LockHolder {
  readonly owner: string
  /** The user and machine. */
  readonly by: string
  /** When it last said that it is alive, milliseconds since 1970. */
  readonly beat: number
  /** Until the lock ends by itself, if its holder is gone: seconds. */
  readonly expiresIn: number
}

const part = 'cql'

/**
 * The records of a keyspace's migrations and the lock on them: rows of one partition, so that a conditional write of a
 * record can ask for the lock (a static column) at the same moment. A holder that was stopped for too long, and whose
 * lock was taken, can write nothing any more. The lock ends by its TTL: the servers' clocks count, not those of clients.
 */
export class MigrationRecords {
  readonly #session: MigrationSession
  readonly #table: string
  readonly #ttlSeconds: number

  constructor(session: MigrationSession, keyspace: string, ttlSeconds: number) {
    this.#session = session
    this.#table = `${quoted(keyspace)}.${migrationsTable}`
    this.#ttlSeconds = ttlSeconds
  }

  /** All records, by version. */
  async all(): Promise<MigrationRecord[]> {
    const { rows } = await this.#session.serial(
      `SELECT version, name, checksum, statements, statements_done, applied_at, applied_by FROM ${this.#table} WHERE part = ?`,
      [part],
    )
    // A partition without rows answers one that has only the static columns.
    return rows.filter((row) => row['version'] !== null).map(recordOf)
  }

  async holder(): Promise<LockHolder | undefined> {
    const { rows } = await this.#session.serial(
      `SELECT lock_owner, lock_by, lock_beat, TTL(lock_owner) AS expires FROM ${this.#table} WHERE part = ? LIMIT 1`,
      [part],
    )
    const row = rows[0]
    if (typeof row?.['lock_owner'] !== 'string') return undefined
    return {
      owner: row['lock_owner'],
      by: String(row['lock_by']),
      beat: msOf(row['lock_beat']) ?? 0,
      expiresIn: Number(row['expires'] ?? 0),
    }
  }

  /** Takes the lock if nobody has it, or if it is `owner`'s already. */
  async acquire(owner: string, by: string): Promise<boolean> {
    const { applied } = await this.#lock(owner, by, 'lock_owner = null', [])
    // Where an earlier attempt timed out, it may have taken the lock nevertheless.
    return applied || this.renew(owner, by)
  }

  /** Makes the lock last. False where it is no longer `owner`'s. */
  async renew(owner: string, by: string): Promise<boolean> {
    return (await this.#lock(owner, by, 'lock_owner = ?', [owner])).applied
  }

  #lock(
    owner: string,
    by: string,
    condition: string,
    values: readonly string[],
  ): Promise<{ readonly applied: boolean }> {
    const set = 'lock_owner = ?, lock_by = ?, lock_beat = ?'
    return this.#session.serial(
      `UPDATE ${this.#table} USING TTL ${this.#ttlSeconds} SET ${set} WHERE part = ? IF ${condition}`,
      [owner, by, new Date(), part, ...values],
    )
  }

  /** Gives the lock up, or takes it from whoever `owner` is. */
  async release(owner: string): Promise<void> {
    await this.#session.serial(
      `DELETE lock_owner, lock_by, lock_beat FROM ${this.#table} WHERE part = ? IF lock_owner = ?`,
      [part, owner],
    )
  }

  /** Writes how far a migration is. False where the lock is no longer `owner`'s: then nothing is written. */
  async save(record: MigrationRecord, owner: string): Promise<boolean> {
    const set = 'name = ?, checksum = ?, statements = ?, statements_done = ?, applied_at = ?, applied_by = ?'
    const { name, checksum, statements, done, appliedAt, by, version } = record
    const applied = appliedAt === undefined ? null : new Date(appliedAt)
    const values = [name, checksum, statements, done, applied, by, part, version, owner]
    const { applied: written } = await this.#session.serial(
      `UPDATE ${this.#table} SET ${set} WHERE part = ? AND version = ? IF lock_owner = ?`,
      values,
    )
    return written
  }
}

function recordOf(row: AnsweredRow): MigrationRecord {
  return {
    version: Number(row['version']),
    name: String(row['name']),
    checksum: String(row['checksum']),
    statements: Number(row['statements']),
    done: Number(row['statements_done']),
    appliedAt: msOf(row['applied_at']),
    by: String(row['applied_by']),
  }
}

function msOf(value: unknown): number | undefined {
  return value instanceof Date ? value.getTime() : undefined
}
