import { type DatabaseSync } from 'node:sqlite'
import { ByteSink } from '../cql/bytes.ts'
import { type NamedRead } from '../cql/named-reads.ts'
import { type SelectStatement } from '../cql/parse-select.ts'
import { checkedTtl, checkKeyLength, timestampMicros } from '../cql/row-rules.ts'
import { type PageOptions, type ReadPage, type RowValues } from '../cql/read-pages.ts'
import { type Catalogue, tableOf, unknownTable } from '../cql/schema.ts'
import { type StoredRow } from '../cql/stored-rows.ts'
import { asMillraceError, type MillraceError, permanentError } from '../errors.ts'
import { explainStoreError } from './sqlite-errors.ts'
import { TableCodec } from './tables-codec.ts'
import { closeEntry, entryKey, openEntry, TableLog } from './tables-log.ts'
import { runNamedRead, runSelect } from './tables-pages.ts'
import { type OpenTable } from './tables-read.ts'
import { encodeRow, rowForm, writeDeletion } from './tables-row.ts'
import { registerTables } from './tables-schema.ts'
import { type SweepResult, TableSweep } from './tables-sweep.ts'

/** One write of one row. */
export interface WriteRow {
  readonly table: string
  /** By column. `undefined` leaves a cell as it is (UNSET), `null` deletes it at the write's timestamp. */
  readonly values: Readonly<Record<string, unknown>>
  /** Microseconds since 1970; the later write of a cell stays, whichever comes first. */
  readonly timestampMicros: bigint | number
  /** Seconds; 0 means for ever; without it the table's default_time_to_live. */
  readonly ttlSeconds?: number | undefined
  /** `insert` makes the row exist by itself, `update` only sets cells: a row without live cells is gone. */
  readonly mode: 'insert' | 'update'
  /** Rows of one key keep their order: after a refused one, the rest of its key is not attempted. */
  readonly orderKey?: string | undefined
}

/** What became of a row. */
export type RowOutcome =
  | { readonly stored: true }
  | { readonly stored: false; readonly unattempted?: false; readonly error: MillraceError }
  | { readonly stored: false; readonly unattempted: true }

export interface TablesOptions {
  /** The clock, in ms since 1970, for TTLs and tombstones. */
  readonly now?: () => number
  /** How many bytes of rows stay in memory before they move into the B-trees; twice that may be held. */
  readonly memoryBytes?: number
}

const stored: RowOutcome = { stored: true }
const unattempted: RowOutcome = { stored: false, unattempted: true }
const defaultMemoryBytes = 16 * 1024 * 1024
const leastMove = 256
const foreignCheckMs = 20

interface OwnTable extends OpenTable {
  readonly defaultTtl: number
  readonly partitionSink: ByteSink
}

/**
 * The tables of embedded mode, with Cassandra's semantics cell by cell: the later timestamp wins, in whichever order the
 * writes come; TTL, tombstones and row markers as there (tables-merge.ts says how ties go). All of it is in the SQLite
 * database that is given, whose opener sets WAL mode. One process writes; others may read beside it, and `get` may lag
 * 20 ms behind another process' writes. Every method is synchronous and, where SQLite fails, throws a MillraceError.
 */
export class EmbeddedTables {
  readonly #db: DatabaseSync
  readonly #catalogue: Catalogue
  readonly #path: string
  readonly #now: () => number
  readonly #log: TableLog
  readonly #sweep: TableSweep
  readonly #tables = new Map<string, OwnTable>()
  readonly #sink = new ByteSink(256 * 1024)
  #lastCheck = 0

  /** Throws STORE_UNREADABLE for a newer format and TABLE_INCOMPATIBLE where a migration changed a stored table. */
  constructor(db: DatabaseSync, catalogue: Catalogue, options: TablesOptions = {}) {
    this.#db = db
    this.#catalogue = catalogue
    this.#path = db.location() ?? 'the store in memory'
    this.#now = options.now ?? Date.now
    const registered = this.#explained(() => registerTables(db, catalogue, this.#path))
    this.#log = new TableLog(db, options.memoryBytes ?? defaultMemoryBytes)
    for (const [name, { id, columnIds }] of registered) {
      const schema = tableOf(catalogue, name)
      const codec = new TableCodec(schema, columnIds)
      const table = this.#log.tableOf(id)
      this.#tables.set(name, {
        table,
        codec,
        defaultTtl: schema.defaultTtl,
        partitionSink: new ByteSink(256),
      })
    }
    this.#sweep = new TableSweep(db, [...this.#tables.values()])
    this.#explained(() => this.#log.refresh())
  }

  /**
   * Writes rows in order, in one transaction. A refused row does not fail its neighbours; rows of its `orderKey` behind it
   * are not attempted. Throws only where nothing at all was stored: STORE_FULL, STORE_FAILED.
   */
  writeRows(rows: readonly WriteRow[]): RowOutcome[] {
    const written = this.#seconds()
    this.#sink.length = 0
    let refused: Set<string> | undefined
    const outcomes: RowOutcome[] = []
    for (const row of rows) {
      if (refused !== undefined && row.orderKey !== undefined && refused.has(row.orderKey)) {
        outcomes.push(unattempted)
        continue
      }
      const outcome = this.#encode(row, written)
      outcomes.push(outcome)
      if (!outcome.stored && row.orderKey !== undefined) (refused ??= new Set()).add(row.orderKey)
    }
    this.#commit(rows.length)
    return outcomes
  }

  #encode(row: WriteRow, written: number): RowOutcome {
    const sink = this.#sink
    const start = openEntry(sink)
    try {
      const { table, codec, defaultTtl } = this.#open(row.table)
      const timestamp = timestampMicros(row.timestampMicros)
      const ttl = row.ttlSeconds === undefined ? defaultTtl : checkedTtl(row.ttlSeconds)
      codec.writePartition(sink, row.values)
      const partitionEnd = sink.length
      codec.writeClustering(sink, row.values)
      const keyEnd = sink.length
      checkKeyLength(row.table, keyEnd - entryKey(start))
      const any = codec.writeRow(sink, row.values, { timestamp, written, ttl, insert: row.mode === 'insert' })
      if (any) closeEntry(sink, start, table.id, partitionEnd, keyEnd)
      else sink.length = start
      return stored
    } catch (error) {
      sink.length = start
      return { stored: false, error: asMillraceError(error, 'ROW_REFUSED') }
    }
  }

  /** Deletes one row: every cell of it at or before the timestamp, also those that arrive later. */
  deleteRow(table: string, primaryKey: Readonly<Record<string, unknown>>, timestamp: bigint | number): void {
    this.#delete(table, primaryKey, timestamp, true)
  }

  /** Deletes a partition: every row of it at or before the timestamp, also those that arrive later. */
  deletePartition(
    table: string,
    partitionKey: Readonly<Record<string, unknown>>,
    timestamp: bigint | number,
  ): void {
    this.#delete(table, partitionKey, timestamp, false)
  }

  #delete(
    name: string,
    key: Readonly<Record<string, unknown>>,
    timestamp: bigint | number,
    row: boolean,
  ): void {
    const { table, codec } = this.#open(name)
    const deletion = { timestamp: timestampMicros(timestamp), written: this.#seconds() }
    const sink = this.#sink
    sink.length = 0
    const start = openEntry(sink)
    codec.writePartition(sink, key)
    const partitionEnd = sink.length
    if (row) codec.writeClustering(sink, key)
    const keyEnd = sink.length
    if (row) encodeRow(sink, { deletion, marker: undefined, cells: [] })
    else {
      sink.u8(rowForm.erased)
      writeDeletion(sink, deletion)
    }
    closeEntry(sink, start, table.id, partitionEnd, keyEnd)
    const erased = row ? undefined : Buffer.from(sink.buffer.subarray(entryKey(start), keyEnd))
    this.#commit(1, () => {
      if (erased !== undefined) this.#log.saveErased(table.id, erased, deletion)
    })
  }

  /** Commits what is in the sink, with a slice of the move into the trees. */
  #commit(rows: number, also: () => void = () => undefined): void {
    const entries = this.#sink.copy()
    if (entries.length === 0) return
    const moved = this.#transaction(() => {
      this.#log.refresh()
      this.#log.append(entries)
      also()
      return this.#log.move(Math.max(rows * 2, leastMove))
    })
    moved()
    this.#log.applied(entries)
    this.#log.freezeIfLarge()
  }

  /** Moves everything that is in the log into the trees: smaller to open, and what a backup tool would look at. */
  flush(): void {
    this.#moved(Infinity)
    this.#log.freezeAll()
    this.#moved(Infinity)
  }

  /**
   * One row by its whole primary key, or undefined. Of the order of a microsecond where the row was asked for before (the
   * last 20 000 keys of a table are remembered).
   */
  get(name: string, primaryKey: Readonly<Record<string, unknown>>): RowValues | undefined {
    this.#refreshSometimes()
    const { table, codec, partitionSink: sink } = this.#open(name)
    sink.length = 0
    codec.writePartition(sink, primaryKey)
    const partitionEnd = sink.length
    codec.writeClustering(sink, primaryKey)
    const row = this.#explained(() => table.find(sink.buffer, partitionEnd, sink.length))
    if (row === null) return undefined
    const shadow =
      table.erased.size === 0 ? undefined : table.shadowOf(sink.buffer.toString('latin1', 0, partitionEnd))
    const values = { ...codec.empty }
    if (!codec.readRow(row, this.#seconds(), shadow, values)) return undefined
    codec.fillKey(primaryKey, values)
    return values
  }

  /** Reads a page of a SELECT; `params` by name. Throws QUERY_REFUSED. */
  read(select: SelectStatement, params: Readonly<Record<string, unknown>>, page: PageOptions = {}): ReadPage {
    return this.#explained(() => {
      this.#log.refresh()
      return runSelect(select, params, page, this.#now(), (name) => this.#open(name))
    })
  }

  /**
   * Reads a page of a named read: its buckets one after the other, its SELECTs merged. `given` are the parameters as text
   * or values; `limit` is the size of the page (500 without it), the read's own LIMIT counts for all pages together.
   */
  executeNamedRead(
    read: NamedRead,
    given: Readonly<Record<string, unknown>>,
    page: NamedPageOptions = {},
  ): ReadPage {
    return this.#explained(() => {
      this.#log.refresh()
      const options = { pageSize: page.limit, pageToken: page.pageToken }
      return runNamedRead(read, given, options, this.#now(), (name) => this.#open(name))
    })
  }

  /** How many rows a table has now. Reads all of it. */
  count(name: string): number {
    let rows = 0
    for (const _ of this.#liveRows(name, false)) rows++
    return rows
  }

  /** Every row of a table in order of the key: partitions by the bytes of their keys, rows as clustered. */
  *dump(name: string): Generator<RowValues> {
    for (const values of this.#liveRows(name, true)) yield values!
  }

  /** Every live row of a table as it is stored: timestamps and times to live as well. In order of the key's bytes. */
  *scan(name: string): Generator<StoredRow> {
    const { table, codec } = this.#open(name)
    this.#explained(() => this.#log.refresh())
    const now = this.#seconds()
    for (const { key, row } of table.all()) {
      const bytes = Buffer.from(key, 'latin1')
      const partition = table.erased.size === 0 ? '' : codec.partitionOf(bytes)
      const cells = codec.readCells(row, now, table.shadowOf(partition))
      if (cells !== undefined) yield { key: bytes, cells }
    }
  }

  *#liveRows(name: string, wanted: boolean): Generator<RowValues | undefined> {
    const { table, codec } = this.#open(name)
    this.#explained(() => this.#log.refresh())
    const now = this.#seconds()
    for (const { key, row } of table.all()) {
      const values = wanted ? { ...codec.empty } : undefined
      const bytes = Buffer.from(key, 'latin1')
      const partition = table.erased.size === 0 ? '' : codec.partitionOf(bytes)
      if (!codec.readRow(row, now, table.shadowOf(partition), values)) continue
      if (values !== undefined) codec.readClustering(bytes, codec.readPartition(bytes, values), values)
      yield values
    }
  }

  /**
   * Looks at up to `limit` stored rows, from where the last call stopped, and removes what ended more than the table's
   * gc_grace_seconds ago: expired cells, tombstones, deletions and what they cover. Call it now and then, until `complete`.
   */
  sweep(limit: number): SweepResult {
    const waiting = { examined: 0, removed: 0, complete: false }
    if (!this.#sweep.isUnderWay) {
      if (!this.#moved(limit)) return waiting
      this.#log.freezeAll()
      this.#sweep.begin(this.#seconds())
    }
    // Also where a write has begun another move meanwhile: only the rate of the sweep changes by that.
    if (!this.#moved(limit)) return waiting
    return this.#explained(() => this.#sweep.step(limit, (work) => this.#transaction(work)))
  }

  /** Moves up to `limit` frozen rows and says whether none are left. */
  #moved(limit: number): boolean {
    if (!this.#log.isMoving) return true
    const moved = this.#transaction(() => {
      this.#log.refresh()
      return this.#log.move(limit)
    })
    moved()
    return !this.#log.isMoving
  }

  #refreshSometimes(): void {
    const now = performance.now()
    if (now - this.#lastCheck < foreignCheckMs) return
    this.#lastCheck = now
    this.#explained(() => this.#log.refresh())
  }

  #open(name: string): OwnTable {
    const table = this.#tables.get(name)
    if (table === undefined) throw unknownTable(this.#catalogue, name)
    return table
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000)
  }

  #transaction<T>(work: () => T): T {
    return this.#explained(() => {
      if (this.#db.isTransaction) {
        throw permanentError(
          'STORE_FAILED',
          'A table was written inside of another transaction of the same connection: commit that first.',
        )
      }
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.#db.exec('COMMIT')
        return result
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  #explained<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw explainStoreError(error, this.#path)
    }
  }
}

/** Which page of a named read. */
export interface NamedPageOptions {
  readonly limit?: number | undefined
  readonly pageToken?: string | undefined
}
