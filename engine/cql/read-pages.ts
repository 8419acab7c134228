import { MillraceError, permanentError } from '../errors.ts'
import { bucketsBetween } from './buckets.ts'
import type { NamedRead } from './named-reads.ts'
import { checksum, decodePageToken, encodePageToken } from './page-tokens.ts'
import type { PagePosition } from './page-tokens.ts'
import type { Operand, SelectStatement } from './parse-select.ts'
import { rankRows, type Ranking } from './ranking.ts'
import { bindParameters } from './read-params.ts'
import type { ColumnSchema } from './schema.ts'
import type { CqlType, CqlValue } from './types.ts'
import { toCqlValue } from './values.ts'

/** The values of a read's parameters, by name, canonical or not. */
export type Parameters = Readonly<Record<string, unknown>>

/** The values of a row that was read: every column asked for, null where there is none. */
export type RowValues = Record<string, CqlValue | null>

/** Which page of a read. */
export interface PageOptions {
  /** Rows at most; 500 without it. */
  readonly pageSize?: number | undefined
  /** From the page before. */
  readonly pageToken?: string | undefined
}

/** One page of a read. */
export interface ReadPage {
  readonly columns: readonly Pick<ColumnSchema, 'name' | 'type'>[]
  readonly rows: readonly RowValues[]
  /** Give it with the same parameters for the next page; undefined where there are no more rows. */
  readonly nextPageToken: string | undefined
}

/** Where the last row of a page stands. */
export type LastRow = Pick<PagePosition, 'bucket' | 'select' | 'key'>

/** What is to be read for one page, wherever the tables are. */
export interface PageJob {
  readonly selects: readonly SelectStatement[]
  readonly params: Parameters
  /** Which parameter is the bucket, and its values in the order of the walk; one empty bucket where none is walked. */
  readonly bucketParam: string | undefined
  readonly buckets: readonly string[]
  /** Rows behind this one only. */
  readonly after: LastRow | undefined
  /** Rows at most. */
  readonly count: number
  /** The page of the rows that were found, `last` the position of the last of them if there are more. */
  page(rows: readonly RowValues[], last: LastRow | undefined): ReadPage
}

const defaultPageSize = 500
const largestPageSize = 100_000

/** A page of one SELECT with its parameters by name; `now` is the clock in ms. Throws QUERY_REFUSED. */
export function selectJob(
  select: SelectStatement,
  params: Parameters,
  page: PageOptions,
  now: number,
): PageJob {
  const fingerprint = fingerprintOf([select.text], params)
  const after = page.pageToken === undefined ? undefined : decodePageToken(page.pageToken, fingerprint)
  const walk = { bucketParam: undefined, buckets: [''] }
  return jobOf({ selects: [select], params, ...walk }, page, { after, first: now, fingerprint })
}

/** A page of a named read with its parameters as given, as text or values. Throws QUERY_REFUSED. */
export function namedReadJob(read: NamedRead, given: Parameters, page: PageOptions, now: number): PageJob {
  if (read.rank !== undefined && page.pageToken !== undefined)
    throw permanentError(
      'QUERY_REFUSED',
      'A read that ranks its rows has one page: leave the page token out.',
    )
  const fingerprint = fingerprintOf([read.name, ...read.selects.map(({ text }) => text)], given)
  const after = page.pageToken === undefined ? undefined : decodePageToken(page.pageToken, fingerprint)
  // "now" is that of the first page, or rows would slip in and out of the range between pages.
  const first = after?.now ?? now
  const params = bindParameters(read.params, given, first)
  const { buckets: walk, selects } = read
  const buckets =
    walk === undefined
      ? ['']
      : bucketsBetween(params[walk.from] as number, params[walk.to] as number, walk.unit, walk.newestFirst)
  const work = { selects, params, bucketParam: walk?.column, buckets }
  if (read.rank !== undefined) return rankedJob(read.rank, work, page)
  return jobOf(work, page, { after, first, fingerprint })
}

type Work = Pick<PageJob, 'selects' | 'params' | 'bucketParam' | 'buckets'>

/** All rows are read, and the first ones by rank answered: there is no page behind. */
function rankedJob(rank: Ranking, work: Work, page: PageOptions): PageJob {
  const columns = work.selects[0]?.columns ?? []
  const { type } = columns.find(({ name }) => name === rank.column)!
  const count = Math.min(pageSizeOf(page), limitOf(work.selects[0], work.params) ?? Infinity)
  return {
    ...work,
    after: undefined,
    count: rank.most,
    page: (rows, last) => ({
      columns,
      rows: rankRows(rank, { rows, complete: last === undefined, type, count }),
      nextPageToken: undefined,
    }),
  }
}

function jobOf(
  work: Work,
  page: PageOptions,
  from: {
    readonly after: PagePosition | undefined
    readonly first: number
    readonly fingerprint: string
  },
): PageJob {
  const { after, first, fingerprint } = from
  const allowed = after === undefined ? limitOf(work.selects[0], work.params) : after.remaining
  return {
    ...work,
    after,
    count: Math.min(pageSizeOf(page), allowed ?? Infinity),
    page(rows, last) {
      const remaining = allowed === undefined ? undefined : allowed - rows.length
      const more = last !== undefined && remaining !== 0
      const nextPageToken = more
        ? encodePageToken({ ...last, remaining, now: first }, fingerprint)
        : undefined
      return { columns: work.selects[0]?.columns ?? [], rows, nextPageToken }
    },
  }
}

/** The canonical value of an operand. Throws QUERY_REFUSED for a parameter that is missing or does not fit. */
export function valueOf(operand: Operand, type: CqlType, params: Parameters): CqlValue {
  if (operand.kind === 'value') return operand.value
  const given = params[operand.name]
  try {
    const value = toCqlValue(type, given, operand.name)
    if (value !== undefined && value !== null) return value
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw permanentError('QUERY_REFUSED', error.message, { facts: error.facts })
  }
  throw permanentError('QUERY_REFUSED', `The parameter ${operand.name} is missing: give ${operand.name}=….`)
}

function limitOf(select: SelectStatement | undefined, params: Parameters): number | undefined {
  if (select?.limit === undefined) return undefined
  const limit = valueOf(select.limit, { kind: 'int' }, params) as number
  if (limit > 0) return limit
  throw permanentError('QUERY_REFUSED', `LIMIT is ${limit} and must be at least 1: give a larger one.`)
}

function pageSizeOf({ pageSize = defaultPageSize }: PageOptions): number {
  if (Number.isInteger(pageSize) && pageSize > 0 && pageSize <= largestPageSize) return pageSize
  throw permanentError(
    'QUERY_REFUSED',
    `A page has from 1 to ${largestPageSize} rows and ${pageSize} were asked for: give another limit.`,
  )
}

/** What a page token belongs to: the statements and the parameters, in whatever order they were given. */
function fingerprintOf(texts: readonly string[], params: Parameters): string {
  const given = Object.keys(params).sort().map((name) => [name, typeof params[name], asText(params[name])]) // prettier-ignore
  return checksum(JSON.stringify([texts, given]))
}

function asText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return JSON.stringify(value) ?? ''
}
