import { hash } from 'node:crypto'
import type { DialectName, MigrationStep } from '../cql/migration-steps.ts'
import type { OptionValue, TableSchema } from '../cql/schema.ts'
import { typeName } from '../cql/types.ts'
import { adaptOptions } from './dialect-options.ts'

/** A database as statements are written for it. */
export interface Dialect {
  readonly name: DialectName
  /** Whether keyspaces say how their partitions are laid out (Scylla's tablets or vnodes). */
  readonly tablets: boolean
}

/** A statement for one database; no text where there is nothing to send. */
export interface Statement {
  readonly text: string | undefined
  /** What it does, for people: `create table users`. */
  readonly summary: string
  /** What is another way than in the file, and why. */
  readonly notes: readonly string[]
}

/**
 * Writes the statement of a migration's step. It is made anew from what the step says, so that a table means the same as
 * in embedded mode: collections are frozen, names are quoted, options are those of the database.
 */
export function statementOf(step: MigrationStep, keyspace: string, dialect: Dialect): Statement {
  const summary = summaryOf(step)
  if (step.only !== undefined && step.only !== dialect.name)
    return { text: undefined, summary, notes: [`for ${step.only} only`] }
  const name = (table: string): string => `${quoted(keyspace)}.${quoted(table)}`
  switch (step.act) {
    case 'create-table': {
      const { options, notes } = adaptOptions(step.table.options, dialect.name)
      return { text: createTable(name(step.table.name), step.table, options), summary, notes }
    }
    case 'add-columns': {
      const added = step.table.columns.slice(step.before.columns.length)
      const columns = added.map((column) => `${quoted(column.name)} ${typeName(column.type)}`)
      return { text: `ALTER TABLE ${name(step.table.name)} ADD (${columns.join(', ')})`, summary, notes: [] }
    }
    case 'set-options': {
      const { options, notes } = adaptOptions(step.options, dialect.name)
      const clauses = optionClauses(options)
      const text =
        clauses.length === 0
          ? undefined
          : `ALTER TABLE ${name(step.table.name)} WITH ${clauses.join(' AND ')}`
      return { text, summary, notes }
    }
    case 'drop-table':
      return { text: `DROP TABLE ${name(step.name)}`, summary, notes: [] }
    default:
      return { text: undefined, summary, notes: ['the keyspace is the environment’s'] }
  }
}

function summaryOf(step: MigrationStep): string {
  switch (step.act) {
    case 'create-table':
      return `create table ${step.table.name}`
    case 'add-columns': {
      const added = step.table.columns.slice(step.before.columns.length)
      return `add ${added.map(({ name }) => name).join(', ')} to ${step.table.name}`
    }
    case 'set-options':
      return `set ${Object.keys(step.options).join(', ')} of ${step.table.name}`
    case 'drop-table':
      return `drop table ${step.name}`
    default:
      return `${step.act === 'use' ? 'use' : 'create'} keyspace ${step.name}`
  }
}

function createTable(
  name: string,
  table: TableSchema,
  options: Readonly<Record<string, OptionValue>>,
): string {
  const list = (columns: readonly { readonly name: string }[]): string =>
    columns.map((column) => quoted(column.name)).join(', ')
  const columns = table.columns.map((column) => `  ${quoted(column.name)} ${typeName(column.type)},`)
  const clustering = table.clusteringKey.length === 0 ? '' : `, ${list(table.clusteringKey)}`
  const order = table.clusteringKey.map(
    (column, index) => `${quoted(column.name)} ${table.clusteringOrder[index] ?? 'ASC'}`,
  )
  const clauses = [
    ...(order.length === 0 ? [] : [`CLUSTERING ORDER BY (${order.join(', ')})`]),
    ...optionClauses(options),
  ]
  return [
    `CREATE TABLE ${name} (`,
    ...columns,
    `  PRIMARY KEY ((${list(table.partitionKey)})${clustering})`,
    clauses.length === 0 ? ')' : `) WITH ${clauses.join('\n  AND ')}`,
  ].join('\n')
}

/**
 * The statement that makes a keyspace. `replication` is either a whole option with its class, or replicas by datacenter.
 * On Scylla the keyspace has vnodes: conditional writes and CDC are not to be had with tablets in every version.
 */
export function createKeyspace(
  keyspace: string,
  replication: Readonly<Record<string, number | string>>,
  dialect: Dialect,
): string {
  const option = { ...('class' in replication ? {} : { class: 'NetworkTopologyStrategy' }), ...replication }
  const texts = Object.fromEntries(Object.entries(option).map(([name, value]) => [name, String(value)]))
  const vnodes = dialect.name === 'scylla' && dialect.tablets ? " AND tablets = {'enabled': false}" : ''
  return `CREATE KEYSPACE IF NOT EXISTS ${quoted(keyspace)} WITH replication = ${literal(texts)}${vnodes}`
}

/** The table that says which migrations a keyspace has, and who is at work on them. */
export const migrationsTable = 'millrace_migrations'

/**
 * The statement that makes it. Its id follows from its name: two that make it at the same time, through two nodes, make
 * the same table, where Cassandra would otherwise end with two ids for one name.
 */
export function createMigrationsTable(keyspace: string): string {
  const digest = hash('sha256', `${keyspace}.${migrationsTable}`, 'hex')
  const id = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`
  return `CREATE TABLE IF NOT EXISTS ${quoted(keyspace)}.${migrationsTable} (
  part text,
  version int,
  name text,
  checksum text,
  statements int,
  statements_done int,
  applied_at timestamp,
  applied_by text,
  lock_owner text static,
  lock_by text static,
  lock_beat timestamp static,
  PRIMARY KEY (part, version)
) WITH id = ${id} AND comment = 'Which migrations of cql/ were applied, and who is at work on them'`
}

function optionClauses(options: Readonly<Record<string, OptionValue>>): string[] {
  return Object.entries(options).map(([name, value]) => `${name} = ${literal(value)}`)
}

function literal(value: OptionValue): string {
  if (typeof value === 'string') return text(value)
  if (typeof value !== 'object') return String(value)
  return `{${Object.entries(value)
    .map(([name, one]) => `${text(name)}: ${text(one)}`)
    .join(', ')}}`
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** A name as CQL takes it whatever it is. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
