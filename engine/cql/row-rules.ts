import { permanentError } from '../errors.ts'
import type { MillraceError } from '../errors.ts'
import { longestTtl } from './parse-options.ts'
import { nearest } from './schema.ts'
import type { CqlType } from './types.ts'
import { describeValue } from './values.ts'

/** What makes a row one that no table takes, wherever the table is: the same sentences everywhere. */

/** The most bytes of a primary key. */
export const longestKey = 65_535

/** A write timestamp as an exact number of microseconds. Throws ROW_REFUSED beyond ±2^53 (the year 2255). */
export function timestampMicros(given: bigint | number): number {
  const timestamp = Number(given)
  if (Number.isSafeInteger(timestamp)) return timestamp
  throw permanentError(
    'ROW_REFUSED',
    `The write timestamp ${given} is no whole number of microseconds before the year 2255: give microseconds since 1970.`,
  )
}

/** A TTL in seconds. Throws ROW_REFUSED for what Cassandra would refuse. */
export function checkedTtl(ttl: number): number {
  if (Number.isInteger(ttl) && ttl >= 0 && ttl <= longestTtl) return ttl
  throw permanentError(
    'ROW_REFUSED',
    `The TTL ${ttl} is not a whole number of seconds from 0 (for ever) to ${longestTtl} (twenty years): correct it.`,
  )
}

/** Refuses a key that Cassandra could not hold. */
export function checkKeyLength(table: string, length: number): void {
  if (length <= longestKey) return
  throw refusal(
    `A primary key of ${table} is ${length} bytes long and may have ${longestKey}: shorten its columns.`,
    table,
  )
}

/** A column of the primary key, `table.column`, without a value. */
export function missingInKey(path: string, given: unknown): MillraceError {
  return refusal(
    `${path} belongs to the primary key and ${describeValue(given)} was given: correct the record, or the mapping.`,
    path,
  )
}

/** Whether values of a type can be of no bytes at all: alone in a partition key, such a value is none. */
export function mayBeEmpty({ kind }: CqlType): boolean {
  return kind === 'text' || kind === 'ascii' || kind === 'blob'
}

/** A partition key of one column, whose value has no bytes. */
export function emptyPartitionKey(path: string): MillraceError {
  return refusal(
    `${path} is the whole partition key and may not be empty: correct the record, or the mapping.`,
    path,
  )
}

/** A value for a column that the table has not. */
export function unknownColumn(table: string, name: string, columns: ReadonlySet<string>): MillraceError {
  const near = nearest(name, columns)
  const hint = near === undefined ? `it has ${[...columns].join(', ')}` : `did you mean ${near}?`
  return refusal(`The table ${table} has no column "${name}": ${hint}`, name)
}

function refusal(sentence: string, column: string): MillraceError {
  return permanentError('ROW_REFUSED', sentence, { facts: { column } })
}
