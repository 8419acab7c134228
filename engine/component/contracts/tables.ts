import type { WriteOptions } from './log.ts'
import type { Lookup } from './lookup.ts'

/** A value of a column: `undefined` leaves the cell as it is, `null` deletes it. */
export type CellValue = unknown

/** One row to be written (design rules: engine/cassandra and engine/embedded keep the same semantics). */
export interface TableRow {
  readonly table: string
  readonly values: Readonly<Record<string, CellValue>>
  /** Cell timestamp, microseconds since 1970 (below 2^53: up to the year 2255). */
  readonly timestampMicros: number
  /** Seconds to live from now; 0 or undefined = for ever. */
  readonly ttlSeconds?: number
  readonly mode: 'insert' | 'update'
  /** After a refused row, later rows of the same order key in the same call are left untried. */
  readonly orderKey?: string
}

export type TableOutcome =
  | { readonly outcome: 'stored' }
  | { readonly outcome: 'refused'; readonly error: unknown }
  | { readonly outcome: 'untried' }

export interface ColumnInfo {
  readonly name: string
  /** CQL type, such as `text` or `frozen<list<int>>`. */
  readonly type: string
  readonly kind: 'partition' | 'clustering' | 'regular'
}

export interface TableInfo {
  readonly name: string
  readonly columns: readonly ColumnInfo[]
}

/** Requests of writes to tables over a network, at a moment. */
export interface TablesLoad {
  /** The most that may be under way, of all writers of the process together. */
  readonly most: number
  /** Of all writers. */
  readonly underWay: number
  /** Of one writer: those that wait for a place. */
  readonly waiting: number
}

/** The tables of an environment: SQLite in embedded mode, Scylla or Cassandra in a cluster. */
export interface Tables {
  /** Undefined where no migration creates that table. */
  describe(table: string): TableInfo | undefined
  /**
   * Finds out whether these tables can be used, before there is anything to write. Rejects with a fatal error where they
   * cannot, with a downstream one while the store is away. Not there where `describe` says all.
   */
  check?(tables: readonly string[]): Promise<void>
  /** `batch` where rows of one call are applied in order, as SinkWriter.order says. */
  readonly order: 'batch' | 'record'
  /** Rejects with a downstream error while the store is away. */
  write(
    rows: readonly TableRow[],
    options?: WriteOptions,
  ): Promise<readonly TableOutcome[]> | readonly TableOutcome[]
  /** What goes on, and what `writer` has waiting. Not there, or undefined, where nothing ever waits. */
  load?(writer: string): TablesLoad | undefined
  /** Reads single rows of a table. Throws a fatal TABLE_UNKNOWN. */
  lookup(table: string): Lookup
}
