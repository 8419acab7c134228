import { encodeCell } from '../../engine/cql/cells.ts'
import { decodeKey } from '../../engine/cql/keys.ts'
import { longestTtl } from '../../engine/cql/parse-options.ts'
import { plainValue } from '../../engine/cql/read-params.ts'
import { keyDirections, primaryKey, primaryKeyBytes } from '../../engine/cql/stored-rows.ts'
import { tableOf, type Catalogue, type TableSchema } from '../../engine/cql/schema.ts'
import type { CqlValue } from '../../engine/cql/types.ts'
import { toCqlValue } from '../../engine/cql/values.ts'
import type { TableRow } from '../../engine/component/contracts/tables.ts'
import { fatalError } from '../../engine/errors.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { tablesOf } from '../../engine/topology/plan-graph.ts'
import { shortCell, type ExpectedCell, type ExpectedRow, type RecordPlace } from './rows.ts'

/** A table that a topology writes, as it is compared. */
export interface ComparedTable {
  readonly number: number
  readonly schema: TableSchema
  /** The regular columns, by name. */
  readonly columns: ReadonlyMap<string, number>
  /** Those whose values are looked up: they may differ from run to run, so that only their times are compared. */
  readonly enriched: ReadonlySet<number>
}

/**
 * The tables that the sinks of a topology write, without those that are left out. Throws TABLE_UNKNOWN, and CONFIG_INVALID where
 * none is written.
 */
export function comparedTables(
  plan: TopologyPlan,
  catalogue: Catalogue,
  without: { readonly has: (table: string) => boolean },
): ComparedTable[] {
  const nodes = [...plan.nodes.values()]
  const looked = nodes.flatMap((node) =>
    node.kind === 'processor' ? (node.definition.looksUp?.(node.config) ?? []) : [],
  )
  const enriched = new Map<string, Set<string>>()
  for (const node of nodes) {
    if (node.kind !== 'sink') continue
    for (const name of tablesOf(node)) {
      const columns = enriched.get(name) ?? new Set()
      enriched.set(name, columns)
      for (const column of tableOf(catalogue, name).columns) {
        const field = node.definition.fieldOf?.(node.config, column.name)
        if (field !== undefined && looked.some((one) => field === one || field.startsWith(`${one}.`)))
          columns.add(column.name)
      }
    }
  }
  if (enriched.size > 0)
    return [...enriched]
      .filter(([name]) => !without.has(name))
      .map(([name, found], number) => tableFor(catalogue, name, number, found))
  throw fatalError(
    'CONFIG_INVALID',
    `${plan.file} writes no table: reconcile compares topics with tables, and there is nothing to compare.`,
  )
}

function tableFor(
  catalogue: Catalogue,
  name: string,
  number: number,
  enriched: ReadonlySet<string>,
): ComparedTable {
  const schema = tableOf(catalogue, name)
  const regular = schema.columns.filter(({ kind }) => kind === 'regular')
  const columns = new Map(regular.map((column, index) => [column.name, index]))
  return {
    number,
    schema,
    columns,
    enriched: new Set([...enriched].flatMap((column) => columns.get(column) ?? [])),
  }
}

/** What is known of the record that makes a row. */
export interface RowSource extends RecordPlace {
  readonly required: boolean
  /** Milliseconds since 1970. */
  readonly eventTime: number
  /** When the row is made, seconds since 1970. */
  readonly now: number
}

/** A row that a sink would write, as it is compared, with its key. Throws ROW_REFUSED as a table does. */
export function expectedRow(
  table: ComparedTable,
  row: TableRow,
  source: RowSource,
): { readonly key: Buffer; readonly row: ExpectedRow } {
  const { schema, columns } = table
  const key = primaryKey(schema).map((column) => {
    const value = toCqlValue(column.type, row.values[column.name], `${schema.name}.${column.name}`)
    // The sink has seen to it; a table would refuse the row.
    if (value === undefined || value === null)
      throw fatalError('ROW_REFUSED', `${schema.name}.${column.name} has no value.`)
    return value
  })
  const cells: ExpectedCell[] = []
  for (const { name, type, kind } of schema.columns) {
    if (kind !== 'regular') continue
    const value = toCqlValue(type, row.values[name], `${schema.name}.${name}`)
    if (value === undefined) continue
    cells.push({
      column: columns.get(name)!,
      value: value === null ? null : shortCell(encodeCell(type, value)),
    })
  }
  const { topic, partition, offset, required, eventTime } = source
  return {
    key: tableKey(table, primaryKeyBytes(schema, key)),
    row: {
      ...{ topic, partition, offset, required, cells },
      marker: row.mode === 'insert',
      timestamp: row.timestampMicros,
      eventTimed: row.timestampMicros === eventTime * 1000,
      expiresAt: expiryOf(row.ttlSeconds ?? 0, source.now),
    },
  }
}

/** The longest time to live is cut off: then it says when the row was written, and not when it ends. */
function expiryOf(ttlSeconds: number, now: number): number {
  if (ttlSeconds === 0) return 0
  return ttlSeconds >= longestTtl ? -1 : now + ttlSeconds
}

/** A key of one of several tables. */
export function tableKey({ number }: ComparedTable, key: Buffer): Buffer {
  return Buffer.concat([Buffer.of(number >> 8, number), key])
}

/** The number of the table in such a key. */
export function tableNumber(key: string): number {
  return (key.charCodeAt(0) << 8) | key.charCodeAt(1)
}

/** The key as JSON can hold it, by column. */
export function plainKey({ schema }: ComparedTable, key: string): Record<string, unknown> {
  const columns = primaryKey(schema)
  const types = columns.map(({ type }) => type)
  const { values } = decodeKey(types, Buffer.from(key, 'latin1'), keyDirections(schema), 2)
  return Object.fromEntries(
    columns.map(({ name, type }, index) => [name, plainValue(type, values[index] as CqlValue)]),
  )
}
