import { permanentError } from '../errors.ts'
import { encodeKey } from './keys.ts'
import type { ColumnSchema } from './schema.ts'
import { cqlError } from './tokens.ts'
import type { Position } from './tokens.ts'
import { keyTypeProblem, typeName } from './types.ts'
import type { CqlType, CqlValue } from './types.ts'

type RowValues = Record<string, CqlValue | null>

/**
 * Rows in the order of a column that is not in the key. All rows that the read finds are looked at, and so their number is
 * bounded: beyond `most` there is no answer, rather than a wrong one.
 */
export interface Ranking {
  readonly column: string
  readonly highestFirst: boolean
  /** Rows that are looked at, at most. */
  readonly most: number
  readonly position: Position
}

/** How many rows a read may rank. */
const mostRanked = 100_000

const form = /^(\w+)\s*,\s*(highest|lowest)\s+first\s*,\s*of\s+at\s+most\s+(\d{1,9})\.?$/i

/** Reads what follows `-- rank:`, such as `units, highest first, of at most 10000`. Throws CQL_SYNTAX. */
export function parseRanking(text: string, position: Position): Ranking {
  const [, column = '', first = '', most = ''] = form.exec(text) ?? []
  if (Number(most) >= 1 && Number(most) <= mostRanked)
    return { column, highestFirst: first.toLowerCase() === 'highest', most: Number(most), position }
  throw cqlError(
    'CQL_SYNTAX',
    position,
    `"${text}" does not say how to rank: write "rank: COLUMN, highest first, of at most N" (or lowest first), with N from 1 to ${mostRanked}.`,
  )
}

/** Throws CQL_SYNTAX for a column that no SELECT answers, or whose values have no order. */
export function checkRanking({ column, position }: Ranking, columns: readonly ColumnSchema[]): void {
  const found = columns.find(({ name }) => name === column)
  if (found === undefined)
    throw cqlError(
      'CQL_SYNTAX',
      position,
      `the rows are ranked by ${column}, which the read does not answer (${columns.map(({ name }) => name).join(', ')}): name one of these, or select it.`,
    )
  if (keyTypeProblem(found.type) === undefined) return
  throw cqlError(
    'CQL_SYNTAX',
    position,
    `the rows are ranked by ${column}, and a ${typeName(found.type)} cannot be: name a number, a time or a text.`,
  )
}

/**
 * The rows in their rank, the first `count` of them; null comes last, and equal ones as they were. `complete` says whether these
 * are all rows: throws QUERY_REFUSED if not.
 */
export function rankRows(
  { column, highestFirst, most }: Ranking,
  {
    rows,
    complete,
    type,
    count,
  }: {
    readonly rows: readonly RowValues[]
    readonly complete: boolean
    readonly type: CqlType
    readonly count: number
  },
): RowValues[] {
  if (!complete)
    throw permanentError(
      'QUERY_REFUSED',
      `There are more than ${most} rows, which is the most that this read ranks by ${column}: ask for less, or raise "of at most" in its file.`,
    )
  const keyed = rows.map((row) => {
    const value = row[column] ?? null
    return { row, key: value === null ? undefined : encodeKey([type], [value]) }
  })
  keyed.sort((left, right) => {
    if (left.key === undefined || right.key === undefined)
      return Number(left.key === undefined) - Number(right.key === undefined)
    return highestFirst ? right.key.compare(left.key) : left.key.compare(right.key)
  })
  return keyed.slice(0, count).map(({ row }) => row)
}
