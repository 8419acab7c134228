import { type NamedRead } from '../cql/named-reads.ts'
import { checksum, decodePageToken, encodePageToken, type PagePosition } from '../cql/page-tokens.ts'
import { type SelectStatement } from '../cql/parse-select.ts'
import { bindParameters } from '../cql/read-params.ts'
import { permanentError } from '../errors.ts'
import { bucketsOf, type OpenTable, type Parameters, readPage, type ReadJob, type ReadPage, valueOf } from './tables-read.ts' // prettier-ignore

/** Which page of a read. */
export interface PageOptions {
  /** Rows at most; 500 without it. */
  readonly pageSize?: number | undefined
  /** From the page before. */
  readonly pageToken?: string | undefined
}

type Open = (table: string) => OpenTable

const defaultPageSize = 500
const largestPageSize = 100_000

/** A page of one SELECT with its parameters by name; `now` is the clock in ms. Throws QUERY_REFUSED. */
export function runSelect(
  select: SelectStatement,
  params: Parameters,
  page: PageOptions,
  now: number,
  open: Open,
): ReadPage {
  const fingerprint = fingerprintOf([select.text], params)
  const after = page.pageToken === undefined ? undefined : decodePageToken(page.pageToken, fingerprint)
  const walk = { bucketParam: undefined, buckets: [''] }
  return runPage({ selects: [select], params, ...walk }, page, after, { now, open, fingerprint })
}

/** A page of a named read with its parameters as given, as text or values. Throws QUERY_REFUSED. */
export function runNamedRead(
  read: NamedRead,
  given: Parameters,
  page: PageOptions,
  now: number,
  open: Open,
): ReadPage {
  const fingerprint = fingerprintOf([read.name, ...read.selects.map(({ text }) => text)], given)
  const after = page.pageToken === undefined ? undefined : decodePageToken(page.pageToken, fingerprint)
  // "now" is that of the first page, or rows would slip in and out of the range between pages.
  const first = after?.now ?? now
  const params = bindParameters(read.params, given, first)
  const buckets = read.buckets === undefined ? [''] : bucketsOf(read.buckets, params)
  const walk = { bucketParam: read.buckets?.column, buckets }
  return runPage({ selects: read.selects, params, ...walk }, page, after, { now, first, open, fingerprint })
}

function runPage(
  work: Omit<ReadJob, 'open' | 'now'>,
  page: PageOptions,
  after: PagePosition | undefined,
  context: {
    readonly now: number
    readonly first?: number
    readonly open: Open
    readonly fingerprint: string
  },
): ReadPage {
  const { now, first = now, open, fingerprint } = context
  const tables = work.selects.map(({ table }) => open(table.name))
  const allowed = after === undefined ? limitOf(work.selects[0], work.params) : after.remaining
  const count = Math.min(pageSizeOf(page), allowed ?? Infinity)
  const job: ReadJob = { ...work, open: tables, now: Math.floor(now / 1000) }
  const { rows, last } = readPage(job, count, after)
  const remaining = allowed === undefined ? undefined : allowed - rows.length
  const more = last !== undefined && remaining !== 0
  const nextPageToken = more ? encodePageToken({ ...last, remaining, now: first }, fingerprint) : undefined
  return { columns: work.selects[0]?.columns ?? [], rows, nextPageToken }
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
