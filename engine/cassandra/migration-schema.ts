import type { MigrationStep } from '../cql/migration-steps.ts'
import type { ColumnSchema, TableSchema } from '../cql/schema.ts'
import { typeName } from '../cql/types.ts'
import type { AnsweredRow, MigrationSession } from './migration-session.ts'

/** A column as the database has it. */
export interface LiveColumn {
  /** As the database writes it: `frozen<map<text, text>>`. */
  readonly type: string
  readonly kind: string
  /** In the key; -1 outside. */
  readonly position: number
  readonly descending: boolean
}

/** A table as the database has it. */
export interface LiveTable {
  readonly columns: ReadonlyMap<string, LiveColumn>
  readonly defaultTtl: number
  readonly gcGrace: number
}

export type LiveSchema = ReadonlyMap<string, LiveTable>

/** The tables of a keyspace. */
export async function readSchema(session: MigrationSession, keyspace: string): Promise<LiveSchema> {
  const [tables, columns] = await Promise.all([
    session.read(
      'SELECT table_name, default_time_to_live, gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = ?',
      [keyspace],
    ),
    session.read(
      'SELECT table_name, column_name, type, kind, position, clustering_order FROM system_schema.columns WHERE keyspace_name = ?',
      [keyspace],
    ),
  ])
  const found = new Map<string, LiveTable & { readonly columns: Map<string, LiveColumn> }>()
  for (const row of tables) {
    found.set(String(row['table_name']), {
      columns: new Map(),
      defaultTtl: Number(row['default_time_to_live'] ?? 0),
      gcGrace: Number(row['gc_grace_seconds'] ?? 0),
    })
  }
  for (const row of columns)
    found.get(String(row['table_name']))?.columns.set(String(row['column_name']), columnOf(row))
  return found
}

function columnOf(row: AnsweredRow): LiveColumn {
  return {
    type: String(row['type']),
    kind: String(row['kind']),
    position: Number(row['position']),
    descending: row['clustering_order'] === 'desc',
  }
}

/** How far a table of the database is from what the migrations say, one text for each difference. */
export function tableDifferences(table: TableSchema, live: LiveTable | undefined): string[] {
  if (live === undefined) return [`there is no table ${table.name}`]
  const differences = [
    ...table.columns.flatMap(
      (column) => columnDifference(table, column, live.columns.get(column.name)) ?? [],
    ),
    ...[...live.columns.keys()]
      .filter((name) => !table.columns.some((column) => column.name === name))
      .map((name) => `${table.name} has a column ${name} that no migration makes`),
  ]
  const number = (what: string, expected: number, found: number): void => {
    if (expected !== found)
      differences.push(`${table.name} has ${what} ${found} and the migrations say ${expected}`)
  }
  number('default_time_to_live', table.defaultTtl, live.defaultTtl)
  number('gc_grace_seconds', table.gcGrace, live.gcGrace)
  return differences
}

function columnDifference(
  table: TableSchema,
  column: ColumnSchema,
  live: LiveColumn | undefined,
): string | undefined {
  const name = `${table.name}.${column.name}`
  if (live === undefined) return `there is no column ${name}`
  const type = typeName(column.type)
  if (live.type !== type) return `${name} is ${live.type} and the migrations say ${type}`
  const partition = table.partitionKey.indexOf(column)
  const clustering = table.clusteringKey.indexOf(column)
  const kind = partition >= 0 ? 'partition_key' : clustering >= 0 ? 'clustering' : 'regular'
  const position = Math.max(partition, clustering)
  if (live.kind !== kind || (position >= 0 && live.position !== position))
    return `${name} has another place in the primary key than the migrations say`
  if (clustering >= 0 && live.descending !== (table.clusteringOrder[clustering] === 'DESC'))
    return `${name} is sorted the other way round than the migrations say`
  return undefined
}

/** Whether the database already is as a statement would make it, or why the statement cannot be carried out. */
export function stateOf(step: MigrationStep, schema: LiveSchema): { done: boolean; problem?: string } {
  switch (step.act) {
    case 'create-table': {
      const live = schema.get(step.table.name)
      if (live === undefined) return { done: false }
      const [difference] = tableDifferences(step.table, live)
      if (difference === undefined) return { done: true }
      return { done: false, problem: `the table ${step.table.name} is there already, but ${difference}` }
    }
    case 'add-columns':
      return columnsState(step.table, step.before, schema.get(step.table.name))
    case 'set-options':
      return schema.has(step.table.name) ? { done: false } : noTable(step.table.name)
    case 'drop-table':
      return { done: !schema.has(step.name) }
    default:
      return { done: true }
  }
}

function columnsState(
  table: TableSchema,
  before: TableSchema,
  live: LiveTable | undefined,
): { done: boolean; problem?: string } {
  if (live === undefined) return noTable(table.name)
  const added = table.columns.slice(before.columns.length)
  const there = added.filter(({ name }) => live.columns.has(name))
  if (there.length === 0) return { done: false }
  const other = there.find((column) => columnDifference(table, column, live.columns.get(column.name)))
  if (other !== undefined) {
    const difference = columnDifference(table, other, live.columns.get(other.name))
    return { done: false, problem: `the column ${other.name} is there already, but ${difference}` }
  }
  if (there.length === added.length) return { done: true }
  const missing = added.find((column) => !there.includes(column))
  return {
    done: false,
    problem: `${table.name} has ${there[0]?.name} already, but not ${missing?.name}, and both are added by one statement`,
  }
}

function noTable(name: string): { done: boolean; problem: string } {
  return { done: false, problem: `there is no table ${name}` }
}
