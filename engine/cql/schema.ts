import { fatalError } from '../errors.ts'
import type { MillraceError } from '../errors.ts'
import type { Position } from './tokens.ts'
import type { CqlType } from './types.ts'

export type ColumnKind = 'partition' | 'clustering' | 'regular'
export type Direction = 'ASC' | 'DESC'

/** One column as the migrations left it. */
export interface ColumnSchema {
  readonly name: string
  readonly type: CqlType
  readonly kind: ColumnKind
  readonly position: Position
}

/** A table option: a number, a string, a boolean or a map of strings (`compaction = {…}`). */
export type OptionValue = string | number | boolean | Readonly<Record<string, string>>

/** One table as the migrations left it. Columns stand in the order of their declaration, added ones last. */
export interface TableSchema {
  readonly name: string
  readonly keyspace: string | undefined
  readonly columns: readonly ColumnSchema[]
  /** The partition key's columns, in the order of the key. */
  readonly partitionKey: readonly ColumnSchema[]
  /** The clustering columns, in the order of the key. */
  readonly clusteringKey: readonly ColumnSchema[]
  /** The direction of each clustering column. */
  readonly clusteringOrder: readonly Direction[]
  /** Seconds; 0 means that rows live for ever. */
  readonly defaultTtl: number
  /** How long tombstones are kept, in seconds. */
  readonly gcGrace: number
  readonly options: Readonly<Record<string, OptionValue>>
  readonly position: Position
}

/** What the migrations describe, after the last of them. */
export interface Catalogue {
  readonly tables: ReadonlyMap<string, TableSchema>
  /** Keyspaces that a migration creates; noted, embedded tables have none. */
  readonly keyspaces: readonly string[]
}

/** The table of that name, or TABLE_UNKNOWN with the names there are. */
export function tableOf(catalogue: Catalogue, name: string): TableSchema {
  const table = catalogue.tables.get(name)
  if (table === undefined) throw unknownTable(catalogue, name)
  return table
}

/** The error for a table that no migration creates. */
export function unknownTable(catalogue: Catalogue, name: string): MillraceError {
  const names = [...catalogue.tables.keys()].sort()
  const hint = names.length === 0 ? 'cql/ has no table yet' : `there are ${names.join(', ')}`
  return fatalError(
    'TABLE_UNKNOWN',
    `No migration in cql/ creates the table "${name}" (${hint}): add a migration or correct the name.`,
    {
      facts: { table: name },
    },
  )
}

/** The name that was most probably meant, for "did you mean"; undefined where nothing is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= right.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
  }
  return row[right.length] ?? 0
}
