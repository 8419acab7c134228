import type { ColumnSchema, TableSchema } from '../cql/schema.ts'
import { quoted } from './migration-cql.ts'

/** A statement as it is prepared. */
export interface Statement {
  readonly table: string
  readonly text: string
}

/**
 * The statements of a table. There is one INSERT for all rows: a column without value is UNSET, which costs four bytes,
 * where a statement for each set of columns would split batches and fill the node's cache. The TTL is always said, 0
 * for ever: without it the table's default would hold.
 */
export interface TableStatements {
  /** Values: the columns in the order of `columns`, timestamp, TTL. */
  readonly insert: Statement
  /** Values: timestamp, TTL, the regular columns, the key. Undefined where there are no regular columns. */
  readonly update: Statement | undefined
  /** Values: the key. Answers the regular columns, or the key's first where there are none. */
  readonly select: Statement
  /** Of the INSERT: the key first. */
  readonly columns: readonly ColumnSchema[]
}

export function tableStatements(schema: TableSchema, keyspace: string): TableStatements {
  const key = [...schema.partitionKey, ...schema.clusteringKey]
  const regular = schema.columns.filter(({ kind }) => kind === 'regular')
  const columns = [...key, ...regular]
  const { name } = schema
  const table = `${quoted(keyspace)}.${quoted(name)}`
  const names = columns.map(({ name }) => quoted(name))
  const where = key.map(({ name }) => `${quoted(name)} = ?`).join(' AND ')
  const marks = columns.map(() => '?').join(', ')
  const sets = regular.map(({ name }) => `${quoted(name)} = ?`).join(', ')
  const read = regular.length === 0 ? key.slice(0, 1) : regular
  const insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks}) USING TIMESTAMP ? AND TTL ?`
  const update = `UPDATE ${table} USING TIMESTAMP ? AND TTL ? SET ${sets} WHERE ${where}`
  const select = `SELECT ${read.map(({ name }) => quoted(name)).join(', ')} FROM ${table} WHERE ${where}`
  return {
    insert: { table: name, text: insert },
    update: regular.length === 0 ? undefined : { table: name, text: update },
    select: { table: name, text: select },
    columns,
  }
}
