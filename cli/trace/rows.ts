import type { TableRow, Tables } from '../../engine/component/contracts/tables.ts'
import { encodeCell } from '../../engine/cql/cells.ts'
import { plainValue } from '../../engine/cql/read-params.ts'
import { tableOf, type Catalogue, type ColumnSchema } from '../../engine/cql/schema.ts'
import { primaryKey } from '../../engine/cql/stored-rows.ts'
import { toCqlValue } from '../../engine/cql/values.ts'
import { sentenceOf } from '../../engine/errors.ts'

/** A row that a record makes, and whether the table has it. */
export interface TracedRow {
  readonly table: string
  /** As JSON can hold it, by column. */
  readonly key: Readonly<Record<string, unknown>>
  /** `there`: with all that the record writes; `different`: with other values; `unknown`: it could not be read. */
  readonly state: 'there' | 'different' | 'missing' | 'unknown'
  /** Columns whose values are others than those that the record makes. */
  readonly different: readonly string[]
  /** Why it could not be read. */
  readonly problem?: string
}

/** Reads the row that a sink would write. */
export async function tracedRow(tables: Tables, catalogue: Catalogue, row: TableRow): Promise<TracedRow> {
  const schema = tableOf(catalogue, row.table)
  const key = primaryKey(schema)
  const given = Object.fromEntries(key.map(({ name }) => [name, row.values[name]]))
  const shown = Object.fromEntries(key.map((column) => [column.name, plainOf(column, row)]))
  const what = { table: row.table, key: shown }
  try {
    const found = await tables.lookup(row.table).get(given)
    if (found === undefined) return { ...what, state: 'missing', different: [] }
    const different = schema.columns
      .filter(
        (column) =>
          column.kind === 'regular' && !sameCell(column, row.values[column.name], found[column.name]),
      )
      .map(({ name }) => name)
    return { ...what, state: different.length === 0 ? 'there' : 'different', different }
  } catch (error) {
    return { ...what, state: 'unknown', different: [], problem: sentenceOf(error) }
  }
}

function plainOf({ name, type }: ColumnSchema, { table, values }: TableRow): unknown {
  const value = toCqlValue(type, values[name], `${table}.${name}`)
  return value === undefined ? null : plainValue(type, value)
}

/** A column that the record leaves alone is as it should be, whatever it is. */
function sameCell({ name, type }: ColumnSchema, made: unknown, found: unknown): boolean {
  const wanted = toCqlValue(type, made, name)
  if (wanted === undefined) return true
  const there = toCqlValue(type, found, name) ?? null
  if (wanted === null || there === null) return wanted === there
  return encodeCell(type, wanted).equals(encodeCell(type, there))
}
