import { type DatabaseSync } from 'node:sqlite'
import { type Catalogue, type TableSchema } from '../cql/schema.ts'
import { place } from '../cql/tokens.ts'
import { typeName } from '../cql/types.ts'
import { fatalError, type MillraceError } from '../errors.ts'

/** The format of what these tables store; a reader knows its own version and those before it. */
export const tablesFormat = 1

/** A table as the store knows it. */
export interface StoredTable {
  readonly id: number
  /** The number that stands for each regular column in stored rows; never used twice. */
  readonly columnIds: ReadonlyMap<string, number>
}

interface StoredColumn {
  readonly name: string
  readonly type: string
  readonly kind: string
  readonly id: number
}

interface StoredSchema {
  readonly columns: readonly StoredColumn[]
  /** The primary key with its types and directions, as one text that must not change. */
  readonly key: string
}

const metaSchema = `
CREATE TABLE cql_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE cql_tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, schema TEXT NOT NULL) STRICT;
CREATE TABLE cql_log (seq INTEGER PRIMARY KEY, rows BLOB NOT NULL) STRICT;
CREATE TABLE cql_erased (
  table_id INTEGER NOT NULL, partition BLOB NOT NULL, timestamp INTEGER NOT NULL, written INTEGER NOT NULL,
  PRIMARY KEY (table_id, partition)
) STRICT, WITHOUT ROWID;
INSERT INTO cql_meta VALUES ('format', ${tablesFormat}), ('generation', 0), ('flushed', 0);
`

/**
 * Makes what is missing in the store for the tables of the catalogue, and says how it stores them. Throws
 * STORE_UNREADABLE for a newer format, TABLE_INCOMPATIBLE where a migration changed what is stored already. Writes only
 * where there is something to make, so that a reader beside a worker needs no lock.
 */
export function registerTables(
  db: DatabaseSync,
  catalogue: Catalogue,
  path: string,
): Map<string, StoredTable> {
  if (isComplete(db, catalogue, path)) return storedTables(db, catalogue)
  db.exec('BEGIN IMMEDIATE')
  try {
    if (!hasMeta(db)) db.exec(metaSchema)
    for (const table of catalogue.tables.values()) registerTable(db, table)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
  return storedTables(db, catalogue)
}

function hasMeta(db: DatabaseSync): boolean {
  return (
    db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'cql_meta'").get() !== undefined
  )
}

function isComplete(db: DatabaseSync, catalogue: Catalogue, path: string): boolean {
  if (!hasMeta(db)) return false
  const format = db.prepare("SELECT value FROM cql_meta WHERE name = 'format'").get()?.['value']
  if (typeof format !== 'number' || format < 1 || format > tablesFormat) {
    throw fatalError(
      'STORE_UNREADABLE',
      `${path} holds tables of format ${String(format)}, and this Millrace knows ${tablesFormat}: use the version that wrote it, or move the file away.`,
    )
  }
  for (const table of catalogue.tables.values()) {
    const stored = readSchema(db, table.name)
    if (stored === undefined) return false
    checkCompatible(table, stored.schema)
    if (missingColumns(table, stored.schema).length > 0) return false
  }
  return true
}

function registerTable(db: DatabaseSync, table: TableSchema): void {
  const stored = readSchema(db, table.name)
  if (stored !== undefined) checkCompatible(table, stored.schema)
  const before = stored?.schema.columns ?? []
  let next = before.reduce((most, { id }) => Math.max(most, id), 0)
  const added = missingColumns(table, stored?.schema).map(({ name, type, kind }) => {
    return { name, type: typeName(type), kind, id: ++next }
  })
  const schema: StoredSchema = { columns: [...before, ...added], key: keyText(table) }
  if (stored === undefined) {
    const insert = db.prepare('INSERT INTO cql_tables (name, schema) VALUES (?, ?)')
    const id = Number(insert.run(table.name, JSON.stringify(schema)).lastInsertRowid)
    db.exec(`CREATE TABLE cql_rows_${id} (k BLOB PRIMARY KEY, v BLOB NOT NULL) STRICT, WITHOUT ROWID`)
  } else if (added.length > 0) {
    db.prepare('UPDATE cql_tables SET schema = ? WHERE id = ?').run(JSON.stringify(schema), stored.id)
  }
}

function missingColumns(table: TableSchema, stored: StoredSchema | undefined): TableSchema['columns'] {
  return table.columns.filter(({ name }) => !stored?.columns.some((column) => column.name === name))
}

function checkCompatible(table: TableSchema, stored: StoredSchema): void {
  if (stored.key !== keyText(table)) {
    throw incompatible(table, `its primary key is now ${keyText(table)} and rows are stored by ${stored.key}`)
  }
  for (const { name, type } of stored.columns) {
    const column = table.columns.find((one) => one.name === name)
    if (column === undefined)
      throw incompatible(table, `it no longer has the column ${name} ${type}, which is stored`)
    if (typeName(column.type) === type) continue
    throw incompatible(table, `its column ${name} is now ${typeName(column.type)} and is stored as ${type}`)
  }
}

function incompatible(table: TableSchema, what: string): MillraceError {
  const remedy =
    'undo the change and use ALTER TABLE … ADD or a new table, or move .millrace/ away and run again'
  return fatalError(
    'TABLE_INCOMPATIBLE',
    `${place(table.position)}: the table ${table.name} does not fit the store: ${what}: ${remedy}.`,
    {
      facts: { table: table.name },
    },
  )
}

function keyText({ partitionKey, clusteringKey, clusteringOrder }: TableSchema): string {
  const partition = partitionKey.map(({ name, type }) => `${name} ${typeName(type)}`).join(', ')
  const clustering = clusteringKey.map(({ name, type }, index) => {
    return `, ${name} ${typeName(type)} ${clusteringOrder[index] ?? 'ASC'}`
  })
  return `((${partition})${clustering.join('')})`
}

function readSchema(db: DatabaseSync, name: string): { id: number; schema: StoredSchema } | undefined {
  const row = db.prepare('SELECT id, schema FROM cql_tables WHERE name = ?').get(name)
  if (row === undefined) return undefined
  return { id: Number(row['id']), schema: JSON.parse(String(row['schema'])) as StoredSchema }
}

function storedTables(db: DatabaseSync, catalogue: Catalogue): Map<string, StoredTable> {
  const tables = new Map<string, StoredTable>()
  for (const name of catalogue.tables.keys()) {
    const stored = readSchema(db, name)
    if (stored === undefined) continue
    tables.set(name, {
      id: stored.id,
      columnIds: new Map(stored.schema.columns.map((column) => [column.name, column.id])),
    })
  }
  return tables
}
