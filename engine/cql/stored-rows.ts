import { encodeKey } from './keys.ts'
import type { ColumnSchema, Direction, TableSchema } from './schema.ts'
import type { CqlValue } from './types.ts'

/** A live cell as it is stored. */
export interface StoredCell {
  /** As the native protocol has it. */
  readonly bytes: Buffer
  /** The write's timestamp, microseconds. */
  readonly timestamp: number
  /** When it ends, seconds since 1970; 0 = never. */
  readonly expiresAt: number
}

/** A live row as it is stored. */
export interface StoredRow {
  /** The bytes of the whole primary key (primaryKeyBytes). */
  readonly key: Buffer
  /** By column; regular columns alone. */
  readonly cells: ReadonlyMap<string, StoredCell>
}

/** The columns of a primary key, partition key first. */
export function primaryKey({ partitionKey, clusteringKey }: TableSchema): readonly ColumnSchema[] {
  return [...partitionKey, ...clusteringKey]
}

/** The direction of each of them. */
export function keyDirections({ partitionKey, clusteringOrder }: TableSchema): Direction[] {
  return [...partitionKey.map((): Direction => 'ASC'), ...clusteringOrder]
}

/** A primary key as bytes: equal for equal keys, wherever the row is. `values` are canonical, in the order of the key. */
export function primaryKeyBytes(table: TableSchema, values: readonly CqlValue[]): Buffer {
  const types = primaryKey(table).map(({ type }) => type)
  return encodeKey(types, values, keyDirections(table))
}
