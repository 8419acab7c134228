import { fatalError } from '../errors.ts'
import { parseMap } from './parse-options.ts'
import { parseAlterTable, parseCreateTable } from './parse-table.ts'
import { nearest } from './schema.ts'
import type { Catalogue, TableSchema } from './schema.ts'
import { describeToken, TokenCursor } from './token-cursor.ts'
import { cqlError, place, unsupported } from './tokens.ts'
import type { Position, Token } from './tokens.ts'

/** A file and its text; the path is what errors name. */
export interface CqlFile {
  readonly path: string
  readonly text: string
}

interface Builder {
  readonly tables: Map<string, TableSchema>
  readonly keyspaces: string[]
}

const refusedObjects: Readonly<Record<string, string>> = {
  index:
    'CREATE INDEX is not carried out: create a table with that column in its partition key and write to both',
  custom:
    'CREATE CUSTOM INDEX is not carried out: create a table with that column in its partition key and write to both',
  materialized:
    'materialized views are not carried out: create a second table and let the topology write to both',
  type: 'user types are not carried out: use columns, or a frozen map',
  function: 'functions are not carried out: compute the value in a processor',
  aggregate: 'aggregates are not carried out: compute the value in a processor',
  trigger: 'triggers are not carried out: use a processor',
  role: 'roles do not belong into migrations: create them by hand',
  user: 'users do not belong into migrations: create them by hand',
}

/**
 * Reads the numbered migrations `0001-name.cql`, `0002-….cql` in the order of their numbers and says which tables there
 * are after the last. Throws CQL_MIGRATIONS_INVALID for a gap, a number used twice, or a table created twice; CQL_SYNTAX
 * and CQL_UNSUPPORTED with file, line and column.
 */
export function loadMigrations(files: readonly CqlFile[]): Catalogue {
  const builder: Builder = { tables: new Map(), keyspaces: [] }
  for (const file of inOrder(files)) {
    const cursor = new TokenCursor(file.path, file.text)
    while (cursor.peek().kind !== 'end') {
      if (cursor.accept(';')) continue
      applyStatement(cursor, builder)
      if (cursor.peek().kind !== 'end') cursor.expect(';')
    }
  }
  return builder
}

function inOrder(files: readonly CqlFile[]): CqlFile[] {
  const numbered = files.map((file) => ({ file, number: numberOf(file) })).sort((a, b) => a.number - b.number)
  for (const [index, { file, number }] of numbered.entries()) {
    const before = numbered[index - 1]
    if (before?.number === number) {
      throw invalid(
        `${file.path}: the number ${number} belongs to ${before.file.path} too: give the newer one the next free number.`,
      )
    }
    if (number !== index + 1) {
      throw invalid(
        `${file.path}: the migration number ${index + 1} is missing before it: migrations are numbered from 1 without gaps.`,
      )
    }
  }
  return numbered.map(({ file }) => file)
}

function numberOf(file: CqlFile): number {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1)
  const found = /^(\d{4,})-[a-z0-9][\w-]*\.cql$/i.exec(name)
  if (found === null) {
    throw invalid(
      `${file.path}: a migration is named like 0001-audit-tables.cql, with its number in front: rename it.`,
    )
  }
  return Number(found[1])
}

function applyStatement(cursor: TokenCursor, builder: Builder): void {
  const word = cursor.next()
  if (word.kind === 'word') {
    if (word.text === 'create') return applyCreate(cursor, builder)
    if (word.text === 'alter') return applyAlter(cursor, builder)
    if (word.text === 'drop') return applyDrop(cursor, builder)
    if (word.text === 'use') return void cursor.identifier('a keyspace')
    if (['insert', 'update', 'delete', 'truncate', 'begin', 'select', 'grant'].includes(word.text)) {
      throw unsupported(
        word.position,
        `${word.text.toUpperCase()} does not belong into a migration (only CREATE, ALTER and DROP do): remove it.`,
      )
    }
  }
  cursor.fail(
    `expected CREATE TABLE, ALTER TABLE, DROP TABLE or CREATE KEYSPACE, found ${describeToken(word)}.`,
    word,
  )
}

function applyCreate(cursor: TokenCursor, { tables, keyspaces }: Builder): void {
  const what = cursor.next()
  if (what.text === 'keyspace') return void keyspaces.push(parseKeyspace(cursor))
  refuseObject(what)
  if (what.text !== 'table' && what.text !== 'columnfamily') {
    cursor.fail(`expected TABLE or KEYSPACE after CREATE, found ${describeToken(what)}.`, what)
  }
  const { table, ifNotExists } = parseCreateTable(cursor)
  const before = tables.get(table.name)
  if (before === undefined) return void tables.set(table.name, table)
  // Even with IF NOT EXISTS the second one says something that does not hold: it would silently be skipped.
  const hint = ifNotExists ? 'IF NOT EXISTS would skip it silently' : 'it cannot be created again'
  throw cqlError(
    'CQL_MIGRATIONS_INVALID',
    table.position,
    `the table ${table.name} exists since ${place(before.position)} and ${hint}: use ALTER TABLE, or another name.`,
  )
}

function parseKeyspace(cursor: TokenCursor): string {
  cursor.accept('if', 'not', 'exists')
  const name = cursor.identifier('a keyspace name')
  if (!cursor.accept('with')) return name.text
  do {
    cursor.identifier('an option')
    cursor.expect('=')
    if (cursor.sees('{')) parseMap(cursor)
    else cursor.next()
  } while (cursor.accept('and'))
  return name.text
}

function applyAlter(cursor: TokenCursor, { tables }: Builder): void {
  const what = cursor.next()
  refuseObject(what)
  if (what.text !== 'table') {
    throw unsupported(
      what.position,
      `ALTER ${what.text.toUpperCase()} is not carried out (only ALTER TABLE is): remove it.`,
    )
  }
  const { name } = cursor.qualifiedName('a table name')
  tables.set(name.text, parseAlterTable(cursor, known(tables, name)))
}

function applyDrop(cursor: TokenCursor, { tables }: Builder): void {
  const what = cursor.next()
  if (what.text !== 'table') {
    throw unsupported(
      what.position,
      `DROP ${what.text.toUpperCase()} is not carried out (only DROP TABLE is): remove it.`,
    )
  }
  const ifExists = cursor.accept('if', 'exists')
  const { name } = cursor.qualifiedName('a table name')
  if (!ifExists) known(tables, name)
  tables.delete(name.text)
}

function refuseObject(what: Token): void {
  const reason = Object.hasOwn(refusedObjects, what.text) ? refusedObjects[what.text] : undefined
  if (reason !== undefined) throw unsupported(what.position, `${reason}.`)
}

function known(tables: ReadonlyMap<string, TableSchema>, name: Token): TableSchema {
  const table = tables.get(name.text)
  if (table !== undefined) return table
  const near = nearest(name.text, tables.keys())
  const hint = near === undefined ? 'create it first' : `did you mean ${near}?`
  throw missing(name.position, `no table ${describeToken(name)} has been created by this point: ${hint}`)
}

function missing(position: Position, sentence: string): Error {
  return cqlError('CQL_MIGRATIONS_INVALID', position, sentence)
}

function invalid(sentence: string): Error {
  return fatalError('CQL_MIGRATIONS_INVALID', sentence)
}
