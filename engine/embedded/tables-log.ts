import { type DatabaseSync, type StatementSync } from 'node:sqlite'
import { type ByteSink, readU32 } from '../cql/bytes.ts'
import { type KeyedRow } from './tables-memory.ts'
import { type Deletion, readDeletion, rowForm } from './tables-row.ts'
import { EmbeddedTable } from './tables-table.ts'

/** The bytes in front of each row in the log: table 2, partition key's length 2, key's length 2, row's length 4. */
const entryHead = 10

/** Keeps room for an entry's head; `closeEntry` fills it. */
export function openEntry(sink: ByteSink): number {
  const start = sink.length
  sink.reserve(entryHead)
  sink.length += entryHead
  return start
}

/** Where the key of an entry begins. */
export function entryKey(start: number): number {
  return start + entryHead
}

/** Fills an entry's head: where its partition key, its key and its row end. */
export function closeEntry(
  sink: ByteSink,
  start: number,
  table: number,
  partitionEnd: number,
  keyEnd: number,
): void {
  const { buffer } = sink
  const from = start + entryHead
  buffer.writeUInt16BE(table, start)
  buffer.writeUInt16BE(partitionEnd - from, start + 2)
  buffer.writeUInt16BE(keyEnd - from, start + 4)
  buffer.writeUInt32BE(sink.length - keyEnd, start + 6)
}

/**
 * The log of rows that are not in the B-trees yet: one SQLite row for each call of writeRows, whatever tables and
 * partitions it touches. When `memoryBytes` of rows are in memory they are frozen and moved, in key order, a slice with
 * every further write; then their part of the log is deleted. A crash in between repeats the move, which changes nothing:
 * merging a row twice is merging it once.
 */
export class TableLog {
  readonly #db: DatabaseSync
  readonly #tables = new Map<number, EmbeddedTable>()
  readonly #memoryBytes: number
  readonly #dataVersion: StatementSync
  readonly #meta: StatementSync
  readonly #setMeta: StatementSync
  readonly #append: StatementSync
  readonly #since: StatementSync
  readonly #trim: StatementSync
  readonly #erase: StatementSync
  #seen = -1
  #generation = -1
  #last = 0
  #moving: { readonly upto: number; readonly slices: Slice[]; at: number; slice: number } | undefined

  constructor(db: DatabaseSync, memoryBytes: number) {
    this.#db = db
    this.#memoryBytes = memoryBytes
    this.#dataVersion = db.prepare('PRAGMA data_version')
    this.#meta = db.prepare('SELECT value FROM cql_meta WHERE name = ?')
    this.#setMeta = db.prepare('UPDATE cql_meta SET value = ? WHERE name = ?')
    this.#append = db.prepare('INSERT INTO cql_log (seq, rows) VALUES (?, ?)')
    this.#since = db.prepare('SELECT seq, rows FROM cql_log WHERE seq > ? ORDER BY seq LIMIT 16')
    this.#erase = db.prepare(`INSERT INTO cql_erased VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
      SET timestamp = excluded.timestamp, written = excluded.written WHERE excluded.timestamp >= timestamp`)
    this.#trim = db.prepare('DELETE FROM cql_log WHERE seq <= ?')
  }

  /** Takes in what other processes have written since the last call; cheap where they have not. */
  refresh(): void {
    const version = Number(this.#dataVersion.get()?.['data_version'])
    if (version === this.#seen) return
    const generation = this.#metaValue('generation')
    if (generation !== this.#generation) {
      this.#moving = undefined
      for (const table of this.#tables.values()) table.reset()
      this.#loadErased()
      this.#last = this.#metaValue('flushed')
      this.#generation = generation
    }
    this.#loadRows()
    this.#seen = version
  }

  /**
   * The table of an id. The log may have rows of tables that this process' migrations do not know; they must reach their
   * trees all the same before the log is trimmed.
   */
  tableOf(id: number): EmbeddedTable {
    let table = this.#tables.get(id)
    if (table === undefined) {
      table = new EmbeddedTable(this.#db, id)
      this.#tables.set(id, table)
    }
    return table
  }

  #metaValue(name: string): number {
    return Number(this.#meta.get(name)?.['value'])
  }

  #loadErased(): void {
    for (const row of this.#db
      .prepare('SELECT table_id, partition, timestamp, written FROM cql_erased')
      .all()) {
      const partition = Buffer.from(row['partition'] as Uint8Array).toString('latin1')
      const deletion = { timestamp: Number(row['timestamp']), written: Number(row['written']) }
      this.tableOf(Number(row['table_id'])).erase(partition, deletion)
    }
  }

  #loadRows(): void {
    for (;;) {
      const rows = this.#since.all(this.#last)
      for (const row of rows) {
        this.#apply(Buffer.from(row['rows'] as Uint8Array))
        this.#last = Number(row['seq'])
      }
      if (rows.length === 0) return
    }
  }

  /** Appends entries; call `applied` with the same bytes after the commit. Belongs into a transaction, after `refresh`. */
  append(entries: Buffer): void {
    this.#append.run(this.#last + 1, entries)
  }

  /** Takes committed entries into memory. */
  applied(entries: Buffer): void {
    this.#last++
    this.#apply(entries)
  }

  #apply(entries: Buffer): void {
    let at = 0
    while (at < entries.length) {
      const table = this.tableOf(entries.readUInt16BE(at))
      const from = at + entryHead
      const partitionEnd = from + entries.readUInt16BE(at + 2)
      const keyEnd = from + entries.readUInt16BE(at + 4)
      const end = keyEnd + readU32(entries, at + 6)
      at = end
      const partition = entries.toString('latin1', from, partitionEnd)
      if (entries[keyEnd] === rowForm.erased) table.erase(partition, readDeletion(entries, keyEnd + 1))
      else
        table.put(partition, entries.toString('latin1', partitionEnd, keyEnd), entries.subarray(keyEnd, end))
    }
  }

  /** Notes that a partition is erased, for when its entry has left the log. Belongs into a transaction. */
  saveErased(table: number, partition: Buffer, { timestamp, written }: Deletion): void {
    this.#erase.run(table, partition, timestamp, written)
  }

  /** Freezes what is in memory once it is large. Outside of transactions. */
  freezeIfLarge(): void {
    let bytes = 0
    for (const table of this.#tables.values()) bytes += table.active.bytes
    if (bytes >= this.#memoryBytes && this.#moving === undefined) this.#freeze()
  }

  #freeze(): void {
    const slices: Slice[] = []
    for (const table of this.#tables.values()) {
      if (table.active.size === 0) continue
      slices.push({ table, rows: table.active.sorted() })
      table.freeze()
    }
    this.#moving = { upto: this.#last, slices, at: 0, slice: 0 }
  }

  /**
   * Moves up to `count` frozen rows into the trees and returns what to call after the commit. Belongs into a transaction,
   * after `refresh`.
   */
  move(count: number): () => void {
    const moving = this.#moving
    if (moving === undefined) return () => undefined
    let { at, slice } = moving
    for (let left = count; left > 0 && slice < moving.slices.length;) {
      const { table, rows } = moving.slices[slice]!
      const part: readonly KeyedRow[] = rows.slice(at, at + left)
      table.settle(part)
      left -= part.length
      at += part.length
      if (at >= rows.length) [slice, at] = [slice + 1, 0]
    }
    const done = slice >= moving.slices.length
    if (done) this.#finish(moving.upto)
    return () => {
      moving.at = at
      moving.slice = slice
      if (done) this.#moved()
    }
  }

  #finish(upto: number): void {
    this.#trim.run(upto)
    this.#setMeta.run(upto, 'flushed')
    this.#setMeta.run(this.#generation + 1, 'generation')
  }

  #moved(): void {
    this.#moving = undefined
    this.#generation++
    for (const table of this.#tables.values()) table.frozen = undefined
  }

  /** Freezes everything, so that calls of `move` until `isMoving` is false leave the log empty. */
  freezeAll(): void {
    if (this.#moving === undefined && [...this.#tables.values()].some((table) => table.active.size > 0))
      this.#freeze()
  }

  /** Whether frozen rows are on their way into the trees. */
  get isMoving(): boolean {
    return this.#moving !== undefined
  }
}

interface Slice {
  readonly table: EmbeddedTable
  readonly rows: readonly KeyedRow[]
}
