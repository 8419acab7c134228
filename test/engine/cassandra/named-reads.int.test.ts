import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openClient, type CassandraClient } from '../../../engine/cassandra/client.ts'
import { migrationSession } from '../../../engine/cassandra/migration-session.ts'
import { applyMigrations } from '../../../engine/cassandra/migrations.ts'
import { CassandraReads } from '../../../engine/cassandra/named-reads.ts'
import { bucketOf } from '../../../engine/cql/buckets.ts'
import { encodeCell } from '../../../engine/cql/cells.ts'
import { readMigrations } from '../../../engine/cql/migrations.ts'
import { parseNamedRead } from '../../../engine/cql/named-reads.ts'
import { plainValue } from '../../../engine/cql/read-params.ts'
import type { ReadPage } from '../../../engine/cql/read-pages.ts'
import { toCqlValue } from '../../../engine/cql/values.ts'
import { EmbeddedTables } from '../../../engine/embedded/tables.ts'
import { sharedCassandra, type SharedCassandra } from '../../support/servers/cassandra-shared.ts'
import { cassandraSettings } from './cassandra-settings.ts'

const columns =
  'store text, bucket text, at timestamp, id int, what text, PRIMARY KEY ((store, bucket), at, id)'
const order = 'WITH CLUSTERING ORDER BY (at DESC, id ASC)'
const everyType = `
  CREATE TABLE every (
    part text, n int,
    t text, a ascii, u uuid, tu timeuuid, i int, b bigint, s smallint, y tinyint, v varint, d double, f float,
    e decimal, o boolean, ts timestamp, da date, ti time, bl blob, ip inet,
    li frozen<list<int>>, se frozen<set<text>>, ma frozen<map<text, text>>, mb frozen<map<timestamp, blob>>,
    PRIMARY KEY (part, n)
  );`
const migrations = readMigrations([
  {
    path: 'cql/0001-a.cql',
    text: `CREATE TABLE long (${columns}) ${order}; CREATE TABLE short (${columns}) ${order};${everyType}`,
  },
])
const { catalogue } = migrations
const names = ['long', 'short'] as const
const start = Date.parse('2025-10-30T12:00:00Z')
const span = 4 * 86_400_000
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

interface Event {
  readonly table: (typeof names)[number]
  readonly at: number
  readonly id: number
}

const event: fc.Arbitrary<Event> = fc.record({
  table: fc.constantFrom(...names),
  // Few different times, so that rows of both tables have equal keys.
  at: fc.nat(12).map((part) => start + Math.floor((part * span) / 12)),
  id: fc.nat(2),
})

interface Work {
  readonly events: readonly Event[]
  readonly newest: boolean
  readonly lower: string
  readonly upper: string
  readonly from: number
  readonly to: number
  readonly limit: number | undefined
  readonly page: number
}

const work: fc.Arbitrary<Work> = fc.record({
  events: fc.array(event, { maxLength: 40, size: 'max' }),
  newest: fc.boolean(),
  lower: fc.constantFrom('>', '>='),
  upper: fc.constantFrom('<', '<='),
  from: fc.nat(14).map((part) => start + Math.floor(((part - 1) * span) / 12)),
  to: fc.nat(14).map((part) => start + Math.floor(((part - 1) * span) / 12)),
  limit: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  page: fc.integer({ min: 1, max: 7 }),
})

function readOf({ newest, lower, upper, limit }: Pick<Work, 'newest' | 'lower' | 'upper' | 'limit'>) {
  const where = `WHERE store = :store AND bucket = :bucket AND at ${lower} :from AND at ${upper} :to`
  const rest = `${newest ? '' : 'ORDER BY at ASC, id DESC'} ${limit === undefined ? '' : `LIMIT ${limit}`}`
  return parseNamedRead(
    'cql/queries/q.cql',
    `-- summary: x
     -- param store text
     -- param from timestamp
     -- param to timestamp = now
     -- buckets: bucket by day from :from to :to, ${newest ? 'newest' : 'oldest'} first
     SELECT at, id, what, store FROM long ${where} ${rest};
     SELECT at, id, what, store FROM short ${where} ${rest};`,
    catalogue,
  )
}

let server: SharedCassandra
let client: CassandraClient
let embedded: EmbeddedTables
let reads: CassandraReads

beforeAll(async () => {
  server = await sharedCassandra()
  const settings = cassandraSettings(server, await server.newKeyspace('reads'))
  client = await openClient(settings)
  await applyMigrations(
    {
      session: migrationSession(client.driver),
      keyspace: settings.keyspace,
      dialect: 'auto',
      migrations,
    },
    { by: 'test' },
  )
  const now = () => start + span
  embedded = new EmbeddedTables(new DatabaseSync(':memory:'), catalogue, { now })
  reads = new CassandraReads(client, now)
})

afterAll(async () => {
  await client?.close()
  await server?.reset()
})

/** Writes a row to both, as it is. */
async function write(table: string, values: Record<string, unknown>): Promise<void> {
  expect(embedded.writeRows([{ table, values, mode: 'insert', timestampMicros: 1 }])).toEqual([
    { stored: true },
  ])
  const given = catalogue.tables.get(table)!.columns.filter(({ name }) => values[name] !== undefined)
  const list = given.map(({ name }) => name).join(', ')
  const marks = given.map(() => '?').join(', ')
  const bytes = given.map(({ name, type }) => encodeCell(type, toCqlValue(type, values[name], name)!))
  await client.driver.execute(
    `INSERT INTO ${table} (${list}) VALUES (${marks}) USING TIMESTAMP 1 AND TTL 0`,
    bytes,
    { prepare: true },
  )
}

/** As the command prints it. */
function printed({ columns: shown, rows, nextPageToken }: ReadPage): string {
  const plain = rows.map((row) => shown.map(({ name, type }) => [name, plainValue(type, row[name] ?? null)]))
  return JSON.stringify({ plain, nextPageToken })
}

describe('named reads of Cassandra', () => {
  test('give the pages and the page tokens of embedded tables', async () => {
    await fc.assert(
      fc.asyncProperty(work, async (one) => {
        const store = randomBytes(6).toString('hex')
        for (const { table, ...values } of one.events) {
          const bucket = bucketOf(values.at, 'day')
          await write(table, { ...values, store, bucket, what: `${table} ${values.id}` })
        }
        const read = readOf(one)
        const params = { store, from: Math.min(one.from, one.to), to: Math.max(one.from, one.to) }
        let token: string | undefined
        do {
          const options = { limit: one.page, pageToken: token }
          const here = embedded.executeNamedRead(read, params, options)
          const there = await reads.executeNamedRead(read, params, options)
          expect(printed(there)).toBe(printed(here))
          // Tokens are equal, so that each page also shows that one's token goes on in the other.
          token = there.nextPageToken
        } while (token !== undefined)
      }),
      { numRuns: 50, seed },
    )
  })

  test('go on in the middle of a large partition, over several pages of the database', async () => {
    const store = 'large'
    for (let id = 0; id < 300; id++)
      await write('long', { store, bucket: '2025-10-30', at: start + (id % 3), id, what: 'x' })
    const [select] = readOf({ newest: true, lower: '>=', upper: '<=', limit: undefined }).selects
    const params = { store, bucket: '2025-10-30', from: start, to: start + 1000 }
    let token: string | undefined
    let rows = 0
    do {
      const page = await reads.read(select!, params, { pageSize: 37, pageToken: token })
      expect(printed(page)).toBe(printed(embedded.read(select!, params, { pageSize: 37, pageToken: token })))
      rows += page.rows.length
      token = page.nextPageToken
    } while (token !== undefined)
    expect(rows).toBe(300)
  })

  test('rank as embedded tables do, and refuse too many in the same words', async () => {
    for (let id = 0; id < 60; id++)
      await write('long', {
        store: 'ranked',
        bucket: '2025-10-30',
        at: start + id,
        id: (id * 37) % 60,
        what: 'x',
      })
    const read = (most: number) =>
      parseNamedRead(
        'cql/queries/top.cql',
        `-- summary: x\n-- param limit int\n-- rank: id, highest first, of at most ${most}
         SELECT id, at FROM long WHERE store = 'ranked' AND bucket = '2025-10-30' LIMIT :limit`,
        catalogue,
      )
    const there = await reads.executeNamedRead(read(60), { limit: 7 })
    expect(there.rows.map(({ id }) => id)).toEqual([59, 58, 57, 56, 55, 54, 53])
    expect(printed(there)).toBe(printed(embedded.executeNamedRead(read(60), { limit: 7 })))
    await expect(reads.executeNamedRead(read(59), { limit: 7 })).rejects.toThrow(
      'There are more than 59 rows',
    )
  })

  test('give values of every type as embedded tables do', async () => {
    const values = {
      ...{ part: 'p', n: 1, t: 'grün 🐦', a: 'ascii', u: '6f0c1a52-6a8e-4b4e-9d2c-0a8f6e1f2b3c' },
      ...{ tu: 'b54f6b40-b5a8-11ef-9cd2-0242ac120002', i: -5, b: 2n ** 62n, s: -3, y: 7, v: -(2n ** 90n) },
      ...{ d: 1.5e-300, f: 0.1, e: '-12345678901234567890.000100', o: false, ts: -1, da: '1899-12-31' },
      ...{ ti: '23:59:59.000000001', bl: '0x00ff', ip: '2001:db8::1', li: [3, 1, 2], se: ['b', 'a'] },
      ...{ ma: { x: 'y', a: '' }, mb: new Map([[start, Buffer.from('z')]]) },
    }
    await write('every', values)
    await write('every', {
      part: 'p',
      n: 2,
      e: '1E+5',
      ip: '10.0.0.1',
      d: NaN,
      f: Infinity,
      da: '9999-01-01',
    })
    const text = `-- summary: x\n-- param part text\nSELECT * FROM every WHERE part = :part`
    const read = parseNamedRead('cql/queries/every.cql', text, catalogue)
    const there = await reads.executeNamedRead(read, { part: 'p' })
    expect(there.rows).toHaveLength(2)
    expect(printed(there)).toBe(printed(embedded.executeNamedRead(read, { part: 'p' })))
  })

  test('refuse what embedded reads refuse, in the same words', async () => {
    const read = readOf({ newest: true, lower: '>=', upper: '<', limit: undefined })
    const cases: [Record<string, unknown>, { limit?: number; pageToken?: string }][] = [
      [{ from: start }, {}],
      [{ store: 'a', from: start, too: 1 }, {}],
      [{ store: 'a', from: start }, { limit: 0 }],
      [{ store: 'a', from: start }, { pageToken: 'x' }],
    ]
    for (const [given, page] of cases) {
      const here = () => embedded.executeNamedRead(read, given, page)
      const message = await reads
        .executeNamedRead(read, given, page)
        .then(String, (error: Error) => error.message)
      expect(here).toThrow(message)
    }
  })
})
