import type { Client } from 'cassandra-driver'
import { encodeKey } from '../cql/keys.ts'
import {
  firstBucket,
  firstHead,
  PageFiller,
  resumedSelect,
  type FoundPage,
  type FoundRow,
} from '../cql/merge-reads.ts'
import type { NamedRead } from '../cql/named-reads.ts'
import type { SelectStatement } from '../cql/parse-select.ts'
import {
  namedReadJob,
  selectJob,
  type PageJob,
  type PageOptions,
  type Parameters,
  type ReadPage,
  type RowValues,
} from '../cql/read-pages.ts'
import type { CqlValue } from '../cql/types.ts'
import type { CassandraClient } from './client.ts'
import { clientError } from './client-errors.ts'
import { columnsOf, questionOf, slicesOf, type Slice } from './named-read-slices.ts'
import { askPage, fromDriver } from './pages.ts'
import { whereOf } from './settings.ts'

/** How many rows are asked for at once. */
const mostFetched = 5000

/** How many buckets are read at once, at most: a walk through empty ones would otherwise wait for each. */
const mostBuckets = 16

/**
 * The named reads on Cassandra or Scylla, with the pages and page tokens of embedded mode: a token of the one goes on in
 * the other. Each SELECT is prepared, and reads one partition at a time.
 */
export class CassandraReads {
  readonly #client: CassandraClient
  readonly #now: () => number

  /** `now` is the clock in ms: what `now` means in parameters. */
  constructor(client: CassandraClient, now: () => number = Date.now) {
    this.#client = client
    this.#now = now
  }

  /** A page of one SELECT with its parameters by name. Rejects with QUERY_REFUSED. */
  async read(select: SelectStatement, params: Parameters, page: PageOptions = {}): Promise<ReadPage> {
    return this.#page(selectJob(select, params, page, this.#now()), `A read of ${select.table.name}`)
  }

  /** A page of a named read; `given` are the parameters as text or values. Rejects with QUERY_REFUSED. */
  async executeNamedRead(
    read: NamedRead,
    given: Parameters,
    page: { readonly limit?: number | undefined; readonly pageToken?: string | undefined } = {},
  ): Promise<ReadPage> {
    const options = { pageSize: page.limit, pageToken: page.pageToken }
    return this.#page(namedReadJob(read, given, options, this.#now()), `The read ${read.name}`)
  }

  async #page(job: PageJob, what: string): Promise<ReadPage> {
    const { driver, settings } = this.#client
    try {
      const { rows, last } = await readRows({ ...job, driver, keyspace: settings.keyspace })
      return job.page(rows, last)
    } catch (error) {
      throw clientError(error, what, whereOf(settings))
    }
  }
}

interface Reading extends Pick<
  PageJob,
  'selects' | 'params' | 'bucketParam' | 'buckets' | 'after' | 'count'
> {
  readonly driver: Client
  readonly keyspace: string
}

/** Reads up to `count` rows behind a position. */
async function readRows(job: Reading): Promise<FoundPage> {
  const filler = new PageFiller(job.count)
  for await (const found of walk(job)) if (!filler.take(found)) break
  return filler.page
}

async function* walk(job: Reading): AsyncGenerator<FoundRow> {
  const { buckets, after } = job
  const start = firstBucket(buckets, after)
  const open: RowSource[][] = []
  let next = start
  let ahead = 1
  for (let index = start; index < buckets.length; index++) {
    for (; next < buckets.length && next < index + ahead; next++) open.push(sourcesOf(job, buckets[next]!))
    yield* merged(open.shift()!, job.selects[0]?.reversed === true)
    // Whoever needs the next bucket will often need those behind it as well.
    ahead = Math.min(ahead * 2, mostBuckets)
  }
}

function sourcesOf(job: Reading, bucket: string): RowSource[] {
  const { bucketParam, params, after, selects } = job
  const bound = bucketParam === undefined ? params : { ...params, [bucketParam]: bucket }
  return selects.map((select, index) => {
    const resumed = resumedSelect(after, bucket, index)
    return new RowSource(job, { select, index, bucket, params: bound }, slicesOf(select, bound, resumed))
  })
}

async function* merged(sources: readonly RowSource[], reversed: boolean): AsyncGenerator<FoundRow> {
  const heads = await Promise.all(sources.map((source) => source.next()))
  for (;;) {
    const first = firstHead(heads, reversed)
    if (first === undefined) return
    yield heads[first]!
    heads[first] = await sources[first]!.next()
  }
}

interface Part {
  readonly select: SelectStatement
  readonly index: number
  readonly bucket: string
  readonly params: Parameters
}

/** The rows of one SELECT in one partition, page by page. The first page is asked for at once. */
class RowSource {
  readonly #job: Reading
  readonly #part: Part
  readonly #slices: readonly Slice[]
  /** One row more than the page has says whether there are more. */
  readonly #wanted: number
  #slice = 0
  #state: string | undefined
  #rows: readonly Readonly<Record<string, unknown>>[] = []
  #at = 0
  #page: Promise<void> | undefined

  constructor(job: Reading, part: Part, slices: readonly Slice[]) {
    this.#job = job
    this.#part = part
    this.#slices = slices
    this.#wanted = job.count + 1
    this.#page = this.#fetch()
    // Told when somebody asks for the row; until then nobody waits for it.
    this.#page.catch(() => undefined)
  }

  async next(): Promise<FoundRow | undefined> {
    for (;;) {
      await this.#page
      this.#page = undefined
      const row = this.#rows[this.#at++]
      if (row !== undefined) return this.#found(row)
      if (this.#slice >= this.#slices.length) return undefined
      this.#page = this.#fetch()
    }
  }

  async #fetch(): Promise<void> {
    const slice = this.#slices[this.#slice]
    if (slice === undefined) return
    const { driver, keyspace } = this.#job
    const { select, params } = this.#part
    const question = questionOf(select, slice, { keyspace, params, limit: this.#wanted })
    const size = Math.min(this.#wanted, mostFetched)
    const page = await askPage(driver, question, { rows: size, state: this.#state })
    this.#rows = page.rows
    this.#at = 0
    this.#state = page.state
    // Within a slice the LIMIT stays what it was: the state belongs to the question as it was asked.
    if (page.state === undefined) this.#slice++
  }

  #found(row: Readonly<Record<string, unknown>>): FoundRow {
    const { select, bucket, index } = this.#part
    const all: RowValues = {}
    for (const { name, type } of columnsOf(select)) all[name] = fromDriver(type, row[name])
    const values: RowValues = {}
    for (const { name } of select.columns) values[name] = all[name]!
    const { clusteringKey, clusteringOrder } = select.table
    const key = clusteringKey.map(({ name }) => all[name] as CqlValue)
    const types = clusteringKey.map(({ type }) => type)
    return {
      values,
      bucket,
      select: index,
      clustering: encodeKey(types, key, clusteringOrder).toString('latin1'),
    }
  }
}
