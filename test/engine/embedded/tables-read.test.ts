import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bucketOf } from '../../../engine/cql/buckets.ts'
import { loadMigrations } from '../../../engine/cql/migrations.ts'
import { parseNamedRead } from '../../../engine/cql/named-reads.ts'
import { EmbeddedTables } from '../../../engine/embedded/tables.ts'

const columns =
  'store text, bucket text, at timestamp, id int, what text, PRIMARY KEY ((store, bucket), at, id)'
const order = 'WITH CLUSTERING ORDER BY (at DESC, id ASC)'
const catalogue = loadMigrations([
  {
    path: 'cql/0001-a.cql',
    text: `CREATE TABLE long (${columns}) ${order}; CREATE TABLE short (${columns}) ${order}`,
  },
])
const names = ['long', 'short'] as const
const start = Date.parse('2025-10-30T12:00:00Z')
const span = 4 * 86_400_000

interface Event {
  readonly table: (typeof names)[number]
  readonly store: string
  readonly at: number
  readonly id: number
}

const event: fc.Arbitrary<Event> = fc.record({
  table: fc.constantFrom(...names),
  store: fc.constantFrom('a', 'b'),
  // Few different times, so that rows of both tables have equal keys.
  at: fc.nat(12).map((part) => start + Math.floor((part * span) / 12)),
  id: fc.nat(2),
})

function open(events: readonly Event[], memoryBytes = 2000): EmbeddedTables {
  const tables = new EmbeddedTables(new DatabaseSync(':memory:'), catalogue, {
    memoryBytes,
    now: () => start + span,
  })
  const rows = events.map(({ table, ...values }) => ({
    table,
    mode: 'insert' as const,
    timestampMicros: 1,
    values: { ...values, bucket: bucketOf(values.at, 'day'), what: `${table} ${values.id}` },
  }))
  // One by one and with little memory, so that rows are in the tree, frozen and in memory.
  for (const row of rows) expect(tables.writeRows([row])).toEqual([{ stored: true }])
  return tables
}

function readOf(newest: boolean, lower: string, upper: string, limit: string) {
  const where = `WHERE store = :store AND bucket = :bucket AND at ${lower} :from AND at ${upper} :to`
  const rest = `${newest ? '' : 'ORDER BY at ASC, id DESC'} ${limit}`
  return parseNamedRead(
    'cql/queries/q.cql',
    `-- summary: x
     -- param store text
     -- param from timestamp
     -- param to timestamp = now
     -- buckets: bucket by day from :from to :to, ${newest ? 'newest' : 'oldest'} first
     SELECT at, id, what FROM long ${where} ${rest};
     SELECT at, id, what FROM short ${where} ${rest};`,
    catalogue,
  )
}

describe('named reads of embedded tables', () => {
  test('return what a filter and a sort would, in pages of any size as in one', () => {
    const work = fc.record({
      events: fc.array(event, { maxLength: 60 }),
      newest: fc.boolean(),
      lower: fc.constantFrom('>', '>='),
      upper: fc.constantFrom('<', '<='),
      from: fc.nat(14).map((part) => start + Math.floor(((part - 1) * span) / 12)),
      to: fc.nat(14).map((part) => start + Math.floor(((part - 1) * span) / 12)),
      limit: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      page: fc.integer({ min: 1, max: 7 }),
    })
    fc.assert(
      fc.property(work, ({ events, newest, lower, upper, from, to, limit, page }) => {
        const tables = open(events)
        const read = readOf(newest, lower, upper, limit === undefined ? '' : `LIMIT ${limit}`)
        const params = { store: 'a', from, to }
        const inRange = events.filter(({ store, at }) => {
          return (
            store === 'a' && (lower === '>' ? at > from : at >= from) && (upper === '<' ? at < to : at <= to)
          )
        })
        const way = newest ? 1 : -1
        const unique = [...new Map(inRange.map((one) => [`${one.table} ${one.at} ${one.id}`, one])).values()]
        const expected = unique
          .sort(
            (x, y) =>
              way * (y.at - x.at) || way * (x.id - y.id) || names.indexOf(x.table) - names.indexOf(y.table),
          )
          .slice(0, limit)
          .map(({ table, at, id }) => ({ at, id, what: `${table} ${id}` }))
        expect(tables.executeNamedRead(read, params).rows).toEqual(expected)

        const paged: unknown[] = []
        let token: string | undefined
        do {
          const found = tables.executeNamedRead(read, params, { limit: page, pageToken: token })
          if (found.nextPageToken !== undefined) expect(found.rows).toHaveLength(page)
          paged.push(...found.rows)
          expect(paged.length).toBeLessThanOrEqual(expected.length)
          token = found.nextPageToken
        } while (token !== undefined)
        expect(paged).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('pages of one SELECT go on where the last one ended', () => {
    const events = Array.from({ length: 700 }, (_, id): Event => ({
      table: 'long',
      store: 'a',
      at: start + (id % 3),
      id,
    }))
    const tables = open(events, 20_000)
    const [select] = readOf(true, '>=', '<=', '').selects
    const params = { store: 'a', bucket: '2025-10-30', from: start, to: '2025-10-30T13:00:00Z' }
    const all: unknown[] = []
    let token: string | undefined
    do {
      const page = tables.read(select!, params, { pageSize: 93, pageToken: token })
      all.push(...page.rows)
      token = page.nextPageToken
    } while (token !== undefined)
    expect(all).toHaveLength(700)
    expect(all).toEqual(tables.read(select!, params, { pageSize: 1000 }).rows)
  })

  test('refuse a token of other parameters, and a page of no rows', () => {
    const tables = open([0, 1, 2].map((id): Event => ({ table: 'long', store: 'a', at: start, id })))
    const read = readOf(true, '>=', '<', '')
    const { nextPageToken: token } = tables.executeNamedRead(read, { store: 'a', from: start }, { limit: 1 })
    expect(token).toBeDefined()
    const other = () =>
      tables.executeNamedRead(read, { store: 'b', from: start }, { limit: 1, pageToken: token })
    expect(other).toThrow('belongs to another read or to other parameters')
    expect(() => tables.executeNamedRead(read, { store: 'a', from: start }, { limit: 0 })).toThrow(
      'A page has from 1',
    )
    expect(() => tables.read(read.selects[0]!, { store: 'a' })).toThrow('The parameter bucket is missing')
  })

  test('"now" stays that of the first page', () => {
    let now = start + 1
    const tables = new EmbeddedTables(new DatabaseSync(':memory:'), catalogue, { now: () => now })
    const write = (at: number, id: number) => {
      const values = { store: 'a', bucket: bucketOf(at, 'day'), at, id }
      tables.writeRows([{ table: 'long', mode: 'insert', values, timestampMicros: 1 }])
    }
    const read = readOf(false, '>=', '<', '')
    for (const id of [1, 2]) write(start, id)
    const first = tables.executeNamedRead(read, { store: 'a', from: start }, { limit: 1 })
    now = start + 86_400_000
    write(start + 1000, 3)
    const second = tables.executeNamedRead(
      read,
      { store: 'a', from: start },
      { limit: 9, pageToken: first.nextPageToken },
    )
    expect([...first.rows, ...second.rows].map(({ id }) => id)).toEqual([2, 1])
  })
})
