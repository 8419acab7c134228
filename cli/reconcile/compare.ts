import type { ExpectedRow, FoundCell, FoundRow } from './rows.ts'

/** One thing about a row that is not as the records say. */
export interface CellDifference {
  readonly column: number
  readonly what: 'value' | 'absent' | 'unexpected' | 'timestamp' | 'expiry'
  readonly expected?: number
  readonly found?: number
}

/** What the comparison of one key came to. */
export type RowVerdict =
  | { readonly kind: 'equal' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'extra' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'different'; readonly cells: readonly CellDifference[] }

export interface CompareOptions {
  /** Columns whose values are looked up, and may differ between runs: only when they were written, and end, is compared. */
  readonly enriched: ReadonlySet<number>
  /** What has ended by now need not be there, seconds since 1970. */
  readonly now: number
}

/**
 * How much earlier a row may end than its records say, seconds. The second in which a row is written is rounded down, that of
 * the server and that of the end: two of them may differ by one second, and the moment of reading by another.
 */
const earlier = 2

/**
 * How much later, seconds. The database counts a time to live from when it has the row, and a row is told what is left when it is
 * sent: however long it waited before, it ends when its record says. What it may live longer is what the database took to
 * begin with it: one that was frozen for a moment takes what was sent before.
 */
const later = 60

/**
 * Compares the row of one key with what the records of that key make. `absent`: neither is there, and need not be. Of
 * several records the later timestamp of a cell counts; records that need not be stored yet may have won or not.
 */
export function compareRow(
  expected: readonly ExpectedRow[],
  found: FoundRow | undefined,
  options: CompareOptions,
): RowVerdict {
  if (expected.length === 0)
    return { kind: found === undefined || isEnding(found, options.now) ? 'absent' : 'extra' }
  const required = expected.filter((row) => row.required)
  if (found === undefined)
    return { kind: required.some((row) => lives(row, options.now)) ? 'missing' : 'absent' }
  const optional = expected.filter((row) => !row.required)
  const columns = new Set([...expected, found].flatMap(({ cells }) => cells.map(({ column }) => column)))
  const cells: CellDifference[] = []
  for (const column of columns) {
    const difference = options.enriched.has(column)
      ? compareTimes(column, expected, found)
      : compareCell(column, { required, optional }, found, options.now)
    if (difference !== undefined) cells.push(difference)
  }
  return cells.length === 0 ? { kind: 'equal' } : { kind: 'different', cells }
}

/** Whether a value that was looked up is what a lookup gives now. Nothing is wrong where it is not. */
export interface LookedUpCell {
  readonly column: number
  readonly same: boolean
}

/** What the looked-up cells of a row are, beside what the records make of it. */
export function lookedUpCells(
  expected: readonly ExpectedRow[],
  found: FoundRow,
  enriched: ReadonlySet<number>,
): LookedUpCell[] {
  if (enriched.size === 0 || expected.length === 0) return []
  return [...enriched].map((column) => {
    const cell = found.cells.find((one) => one.column === column)
    const values = expected.map((row) => row.cells.find((one) => one.column === column)?.value ?? undefined)
    return { column, same: values.some((value) => equal(value, cell?.value)) }
  })
}

function equal(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left === undefined || right === undefined ? left === right : left.equals(right)
}

/** A looked-up cell was written by one of the records, with its time and end, whatever its value is. */
function compareTimes(
  column: number,
  rows: readonly ExpectedRow[],
  found: FoundRow,
): CellDifference | undefined {
  const cell = found.cells.find((one) => one.column === column)
  if (cell === undefined) return undefined
  const sameTime = rows.filter(({ timestamp }) => timestamp === cell.timestamp)
  if (sameTime.length === 0)
    return { column, what: 'timestamp', expected: rows[0]!.timestamp, found: cell.timestamp }
  if (sameTime.some(({ expiresAt }) => sameEnd(expiresAt, cell.expiresAt))) return undefined
  return { column, what: 'expiry', expected: sameTime[0]!.expiresAt, found: cell.expiresAt }
}

/** A row that ends about now was there when the table was read, and is made no more. */
function isEnding({ cells }: FoundRow, now: number): boolean {
  return cells.length > 0 && cells.every(({ expiresAt }) => expiresAt > 0 && expiresAt <= now + later)
}

/** Whether a record's row must still be there. */
function lives(row: ExpectedRow, now: number): boolean {
  if (row.expiresAt > 0 && row.expiresAt <= now + earlier) return false
  return row.marker || row.cells.some(({ value }) => value !== null)
}

/** A cell as one record writes it. */
interface Writing {
  readonly value: Buffer | null
  readonly timestamp: number
  readonly expiresAt: number
}

function compareCell(
  column: number,
  rows: { readonly required: readonly ExpectedRow[]; readonly optional: readonly ExpectedRow[] },
  found: FoundRow,
  now: number,
): CellDifference | undefined {
  const cell = found.cells.find((one) => one.column === column)
  const must = latest(writings(rows.required, column))
  const may = writings(rows.optional, column)
  const least = must[0]
  // A record that may have been stored can only win over what must be there.
  const possible = [...must, ...may.filter(({ timestamp }) => timestamp >= (least?.timestamp ?? -Infinity))]
  if (cell === undefined) {
    const mayLack = least === undefined || possible.some((one) => one.value === null || ended(one, now))
    return mayLack ? undefined : { column, what: 'absent' }
  }
  if (possible.every(({ value }) => value === null)) return { column, what: 'unexpected' }
  return nearest(column, cell, possible)
}

function ended({ expiresAt }: Writing, now: number): boolean {
  return expiresAt > 0 && expiresAt <= now + earlier
}

function writings(rows: readonly ExpectedRow[], column: number): Writing[] {
  return rows.flatMap((row) => {
    const cell = row.cells.find((one) => one.column === column)
    return cell === undefined
      ? []
      : [{ value: cell.value, timestamp: row.timestamp, expiresAt: row.expiresAt }]
  })
}

/** Those with the highest timestamp: of equal ones the database keeps one, by an order of values that is not followed here. */
function latest(all: readonly Writing[]): Writing[] {
  const highest = Math.max(...all.map(({ timestamp }) => timestamp))
  return all.filter(({ timestamp }) => timestamp === highest)
}

/** How the cell differs from the writing that it is nearest to. */
function nearest(column: number, cell: FoundCell, possible: readonly Writing[]): CellDifference | undefined {
  const live = possible.filter(({ value }) => value !== null)
  const sameValue = live.filter(({ value }) => value!.equals(cell.value))
  if (sameValue.length === 0) return { column, what: 'value' }
  const sameTime = sameValue.filter(({ timestamp }) => timestamp === cell.timestamp)
  if (sameTime.length === 0)
    return { column, what: 'timestamp', expected: sameValue[0]!.timestamp, found: cell.timestamp }
  if (sameTime.some((one) => sameEnd(one.expiresAt, cell.expiresAt))) return undefined
  return { column, what: 'expiry', expected: sameTime[0]!.expiresAt, found: cell.expiresAt }
}

function sameEnd(expected: number, found: number): boolean {
  if (expected < 0) return true
  if (expected === 0 || found === 0) return expected === found
  return found >= expected - earlier && found <= expected + later
}
