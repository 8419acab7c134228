import { parseOptions } from './parse-options.ts'
import type { TableOptions } from './parse-options.ts'
import { nearest } from './schema.ts'
import type { ColumnKind, ColumnSchema, Direction, OptionValue, TableSchema } from './schema.ts'
import { describeToken } from './token-cursor.ts'
import type { TokenCursor } from './token-cursor.ts'
import { cqlError, unsupported } from './tokens.ts'
import type { Token } from './tokens.ts'
import { keyTypeProblem, parseType, typeName } from './types.ts'
import type { CqlType } from './types.ts'

interface DeclaredColumn {
  readonly name: Token
  readonly type: CqlType
}

interface Body {
  readonly columns: DeclaredColumn[]
  partition: Token[]
  clustering: Token[]
  hasKey: boolean
}

/** Cassandra's gc_grace_seconds where a table names none: ten days. */
const defaultGcGrace = 864_000

/** Reads a table after the words CREATE TABLE; `ifNotExists` is told to the caller. */
export function parseCreateTable(cursor: TokenCursor): { table: TableSchema; ifNotExists: boolean } {
  const ifNotExists = cursor.accept('if', 'not', 'exists')
  const { name, keyspace } = cursor.qualifiedName('a table name')
  const body = parseBody(cursor, name)
  const withClause: TableOptions = cursor.accept('with') ? parseOptions(cursor) : { order: [], options: {} }
  const columns = body.columns.map((column): ColumnSchema => ({
    name: column.name.text,
    type: column.type,
    kind: kindOf(column.name.text, body),
    position: column.name.position,
  }))
  const byName = new Map(columns.map((column) => [column.name, column]))
  const clusteringKey = body.clustering.map((token) => keyColumn(token, byName))
  const partitionKey = body.partition.map((token) => keyColumn(token, byName))
  const clusteringOrder = orderOf(clusteringKey, withClause)
  const base = { name: name.text, keyspace, columns, partitionKey, clusteringKey, clusteringOrder }
  return { table: withOptions({ ...base, position: name.position }, withClause.options), ifNotExists }
}

/** Applies what follows `ALTER TABLE name`: ADD columns or WITH options; the rest is refused. */
export function parseAlterTable(cursor: TokenCursor, table: TableSchema): TableSchema {
  if (cursor.accept('with')) {
    const { order, options } = parseOptions(cursor)
    const first = order[0]
    if (first !== undefined)
      throw unsupported(first.column.position, 'the clustering order cannot change: create a new table.')
    return withOptions(table, { ...table.options, ...options })
  }
  if (!cursor.accept('add')) {
    const token = cursor.peek()
    throw unsupported(
      token.position,
      `ALTER TABLE … ${token.text.toUpperCase()} is not carried out (only ADD and WITH are): create a new table, or leave the column unused.`,
    )
  }
  const columns = [...table.columns]
  const bracketed = cursor.accept('(')
  do {
    const { name, type } = parseColumn(cursor)
    if (columns.some((column) => column.name === name.text)) {
      throw cqlError(
        'CQL_MIGRATIONS_INVALID',
        name.position,
        `the table ${table.name} has a column ${describeToken(name)} already: choose another name.`,
      )
    }
    columns.push({ name: name.text, type, kind: 'regular', position: name.position })
  } while (cursor.accept(','))
  if (bracketed) cursor.expect(')')
  return { ...table, columns }
}

/** The table with these options, and what follows from them. */
export function withOptions(
  table: Omit<TableSchema, 'options' | 'defaultTtl' | 'gcGrace'>,
  options: Readonly<Record<string, OptionValue>>,
): TableSchema {
  const seconds = (name: string, otherwise: number): number => {
    const value = options[name]
    return typeof value === 'number' ? value : otherwise
  }
  const defaultTtl = seconds('default_time_to_live', 0)
  return { ...table, options, defaultTtl, gcGrace: seconds('gc_grace_seconds', defaultGcGrace) }
}

function parseBody(cursor: TokenCursor, table: Token): Body {
  const body: Body = { columns: [], partition: [], clustering: [], hasKey: false }
  cursor.expect('(')
  do {
    if (cursor.sees('primary', 'key')) parsePrimaryKey(cursor, body)
    else parseBodyColumn(cursor, body)
  } while (cursor.accept(','))
  cursor.expect(')')
  if (!body.hasKey) cursor.fail(`the table ${describeToken(table)} has no PRIMARY KEY: add one.`, table)
  return body
}

function parseBodyColumn(cursor: TokenCursor, body: Body): void {
  const column = parseColumn(cursor)
  if (body.columns.some(({ name }) => name.text === column.name.text)) {
    cursor.fail(`the column ${describeToken(column.name)} is declared twice: remove one.`, column.name)
  }
  body.columns.push(column)
  if (cursor.accept('primary', 'key')) setKey(cursor, body, [column.name], [])
}

function parseColumn(cursor: TokenCursor): DeclaredColumn {
  const name = cursor.identifier('a column name')
  // Rows are plain objects, on which such a name would always seem to be there.
  if (name.text in Object.prototype) {
    throw unsupported(name.position, `a column cannot be called ${describeToken(name)}: choose another name.`)
  }
  const type = parseType(cursor)
  if (cursor.sees('static')) {
    throw unsupported(
      cursor.peek().position,
      `static columns are not carried out yet: put ${describeToken(name)} into a table of its own with the same partition key.`,
    )
  }
  return { name, type }
}

function parsePrimaryKey(cursor: TokenCursor, body: Body): void {
  cursor.expect('primary', 'key', '(')
  const partition: Token[] = []
  const clustering: Token[] = []
  if (cursor.accept('(')) {
    do partition.push(cursor.identifier('a column of the partition key'))
    while (cursor.accept(','))
    cursor.expect(')')
  } else partition.push(cursor.identifier('a column of the partition key'))
  while (cursor.accept(',')) clustering.push(cursor.identifier('a clustering column'))
  cursor.expect(')')
  setKey(cursor, body, partition, clustering)
}

function setKey(cursor: TokenCursor, body: Body, partition: Token[], clustering: Token[]): void {
  if (body.hasKey) cursor.fail('the table has two primary keys: remove one.', cursor.previous())
  const seen = new Set<string>()
  for (const token of [...partition, ...clustering]) {
    if (seen.has(token.text))
      cursor.fail(`${describeToken(token)} is in the primary key twice: remove one.`, token)
    seen.add(token.text)
  }
  body.partition = partition
  body.clustering = clustering
  body.hasKey = true
}

function kindOf(name: string, body: Body): ColumnKind {
  if (body.partition.some((token) => token.text === name)) return 'partition'
  return body.clustering.some((token) => token.text === name) ? 'clustering' : 'regular'
}

function keyColumn(token: Token, columns: ReadonlyMap<string, ColumnSchema>): ColumnSchema {
  const column = columns.get(token.text)
  if (column === undefined) {
    const near = nearest(token.text, columns.keys())
    const hint = near === undefined ? 'declare it' : `did you mean ${near}?`
    throw cqlError(
      'CQL_SYNTAX',
      token.position,
      `the primary key names ${describeToken(token)}, which is no column of the table: ${hint}`,
    )
  }
  const problem = keyTypeProblem(column.type)
  if (problem === undefined) return column
  throw unsupported(
    column.position,
    `${column.name} ${typeName(column.type)} cannot be in a primary key: ${problem}.`,
  )
}

function orderOf(clusteringKey: readonly ColumnSchema[], { order }: TableOptions): Direction[] {
  if (order.length === 0) return clusteringKey.map(() => 'ASC')
  for (const [index, { column }] of order.entries()) {
    const expected = clusteringKey[index]
    if (expected?.name !== column.text) {
      const all = clusteringKey.map(({ name }) => name).join(', ')
      throw cqlError(
        'CQL_SYNTAX',
        column.position,
        `CLUSTERING ORDER BY names ${describeToken(column)} where the key has ${expected?.name ?? 'no more columns'}: name the clustering columns (${all}) in the order of the key.`,
      )
    }
  }
  return clusteringKey.map((_, index) => order[index]?.direction ?? 'ASC')
}
