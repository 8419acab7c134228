import { parseMap } from './parse-options.ts'
import { parseAlterTable, parseCreateTable, withOptions } from './parse-table.ts'
import { nearest } from './schema.ts'
import type { OptionValue, TableSchema } from './schema.ts'
import { describeToken, TokenCursor } from './token-cursor.ts'
import { commentLines, cqlError, place, unsupported } from './tokens.ts'
import type { Position, Token } from './tokens.ts'

/** A file and its text; the path is what errors name. */
export interface CqlFile {
  readonly path: string
  readonly text: string
}

/** What a statement does. */
export type MigrationAct =
  | { readonly act: 'create-table'; readonly table: TableSchema }
  | { readonly act: 'add-columns'; readonly table: TableSchema; readonly before: TableSchema }
  | {
      readonly act: 'set-options'
      readonly table: TableSchema
      readonly options: Readonly<Record<string, OptionValue>>
    }
  | { readonly act: 'drop-table'; readonly name: string }
  | { readonly act: 'create-keyspace' | 'use'; readonly name: string }

/** The databases that a statement may be for alone. */
export const dialects = ['cassandra', 'scylla'] as const
export type DialectName = (typeof dialects)[number]

/** One statement of a migration. */
export type MigrationStep = MigrationAct & {
  /** Set where the statement is for one database alone (`-- millrace:scylla` in front of it). */
  readonly only: DialectName | undefined
  /** The statement as written, without its semicolon. */
  readonly text: string
  readonly position: Position
  /** The keyspace that it names in front of the table. */
  readonly keyspace: string | undefined
}

/** What there is so far: each statement changes it. */
export interface Builder {
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

/** Reads the statements of one file, and applies them to what there is. Throws as `loadMigrations` says. */
export function* stepsOf(file: CqlFile, builder: Builder): Generator<MigrationStep> {
  const cursor = new TokenCursor(file.path, file.text)
  const directives = directivesOf(file)
  while (cursor.peek().kind !== 'end') {
    if (cursor.accept(';')) continue
    const first = cursor.peek()
    const only = directiveBefore(directives, first.position)
    const known = only === undefined ? builder : { ...builder, tables: new Map(builder.tables) }
    const { keyspace, ...act } = applyStatement(cursor, known)
    const text = file.text.slice(first.start, cursor.previous().end)
    if (only !== undefined) checkOnly(act, first.position)
    if (cursor.peek().kind !== 'end') cursor.expect(';')
    yield { ...act, only, text, position: first.position, keyspace }
  }
  const [unread] = directives
  if (unread !== undefined)
    throw cqlError('CQL_SYNTAX', unread.position, 'no statement follows this line: remove it, or write one.')
}

interface Directive {
  readonly only: DialectName
  readonly position: Position
}

function directivesOf({ path, text }: CqlFile): Directive[] {
  return commentLines(path, text).flatMap(({ text: line, position }) => {
    const found = /^millrace\s*:\s*(\S*)\s*$/i.exec(line)
    if (found === null) return []
    const only = dialects.find((name) => name === found[1]?.toLowerCase())
    if (only !== undefined) return [{ only, position }]
    throw cqlError(
      'CQL_SYNTAX',
      position,
      `"${line}" does not say for which database the next statement is: write "-- millrace:cassandra" or "-- millrace:scylla".`,
    )
  })
}

function directiveBefore(directives: Directive[], statement: Position): DialectName | undefined {
  let only: DialectName | undefined
  while (directives[0] !== undefined && directives[0].position.line < statement.line)
    only = directives.shift()?.only
  return only
}

/** What only one database gets must not change what a table means: embedded tables and the other know nothing of it. */
function checkOnly(act: MigrationAct, position: Position): void {
  const meaning = ['default_time_to_live', 'gc_grace_seconds']
  if (act.act === 'set-options' && !meaning.some((name) => Object.hasOwn(act.options, name))) return
  throw unsupported(
    position,
    'a statement for one database alone may only be ALTER TABLE … WITH, without default_time_to_live and gc_grace_seconds: tables mean the same everywhere.',
  )
}

type Applied = MigrationAct & { readonly keyspace: string | undefined }

function applyStatement(cursor: TokenCursor, builder: Builder): Applied {
  const word = cursor.next()
  if (word.kind === 'word') {
    if (word.text === 'create') return applyCreate(cursor, builder)
    if (word.text === 'alter') return applyAlter(cursor, builder)
    if (word.text === 'drop') return applyDrop(cursor, builder)
    if (word.text === 'use')
      return { act: 'use', name: cursor.identifier('a keyspace').text, keyspace: undefined }
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

function applyCreate(cursor: TokenCursor, { tables, keyspaces }: Builder): Applied {
  const what = cursor.next()
  if (what.text === 'keyspace') {
    const name = parseKeyspace(cursor)
    keyspaces.push(name)
    return { act: 'create-keyspace', name, keyspace: undefined }
  }
  refuseObject(what)
  if (what.text !== 'table' && what.text !== 'columnfamily') {
    cursor.fail(`expected TABLE or KEYSPACE after CREATE, found ${describeToken(what)}.`, what)
  }
  const { table, ifNotExists } = parseCreateTable(cursor)
  const before = tables.get(table.name)
  if (before === undefined) {
    tables.set(table.name, table)
    return { act: 'create-table', table, keyspace: table.keyspace }
  }
  // Even with IF NOT EXISTS the second one says something that does not hold: it would silently be skipped.
  const hint = ifNotExists ? 'IF NOT EXISTS would skip it silently' : 'it cannot be created again'
  throw missing(
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

function applyAlter(cursor: TokenCursor, { tables }: Builder): Applied {
  const what = cursor.next()
  refuseObject(what)
  if (what.text !== 'table') {
    throw unsupported(
      what.position,
      `ALTER ${what.text.toUpperCase()} is not carried out (only ALTER TABLE is): remove it.`,
    )
  }
  const { name, keyspace } = cursor.qualifiedName('a table name')
  const before = known(tables, name)
  if (!cursor.sees('with')) {
    const table = parseAlterTable(cursor, before)
    tables.set(name.text, table)
    return { act: 'add-columns', table, before, keyspace }
  }
  // What this statement says by itself: the table's other options are not to be sent again.
  const { options } = parseAlterTable(cursor, { ...before, options: {} })
  const table = withOptions(before, { ...before.options, ...options })
  tables.set(name.text, table)
  return { act: 'set-options', table, options, keyspace }
}

function applyDrop(cursor: TokenCursor, { tables }: Builder): Applied {
  const what = cursor.next()
  if (what.text !== 'table') {
    throw unsupported(
      what.position,
      `DROP ${what.text.toUpperCase()} is not carried out (only DROP TABLE is): remove it.`,
    )
  }
  const ifExists = cursor.accept('if', 'exists')
  const { name, keyspace } = cursor.qualifiedName('a table name')
  if (!ifExists) known(tables, name)
  tables.delete(name.text)
  return { act: 'drop-table', name: name.text, keyspace }
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
