/** A row, by column name. */
export type Row = Readonly<Record<string, unknown>>

/**
 * Finds the row for a key. Answers at once where it can (a local table, a cache), otherwise with a promise; undefined
 * means that there is no such row. Rejects with a downstream error while whatever holds the rows is away; a key that
 * can't be (a wrong type, a missing column) is a permanent error.
 */
export interface Lookup {
  /** Column names of the primary key, in order. */
  readonly key: readonly string[]
  get(key: Row): Row | undefined | Promise<Row | undefined>
}
