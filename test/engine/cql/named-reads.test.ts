import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bucketOf, bucketsBetween, bucketStart, bucketUnits } from '../../../engine/cql/buckets.ts'
import { loadMigrations } from '../../../engine/cql/migrations.ts'
import { parseNamedRead } from '../../../engine/cql/named-reads.ts'
import { decodePageToken, encodePageToken } from '../../../engine/cql/page-tokens.ts'

const columns =
  'store text, bucket text, at timestamp, id uuid, what text, PRIMARY KEY ((store, bucket), at, id)'
const catalogue = loadMigrations([
  {
    path: 'cql/0001-a.cql',
    text: `CREATE TABLE events (${columns}) WITH CLUSTERING ORDER BY (at DESC, id ASC);
      CREATE TABLE events_short (${columns}) WITH CLUSTERING ORDER BY (at DESC, id ASC);
      CREATE TABLE rising (${columns});
      CREATE TABLE users (id text PRIMARY KEY, name text)`,
  },
])
const header = `-- summary: What happened in a store.
-- Free words are welcome, also a path such as c://x.
-- param store text            the store
-- param from timestamp = 0000-01-01  first time
-- param to timestamp = now    before this time
-- buckets: bucket by month from :from to :to, newest first
`
const where = 'WHERE store = :store AND bucket = :bucket AND at >= :from AND at < :to'
const parse = (text: string) => parseNamedRead('cql/queries/store-events.cql', text, catalogue)

describe('named reads', () => {
  test('say what they answer, what they take and how they walk', () => {
    const read = parse(
      `${header}SELECT at, what FROM events ${where} LIMIT 50;\nSELECT at, what FROM ks.events_short ${where} LIMIT 50`,
    )
    expect(read).toMatchObject({
      name: 'store-events',
      summary: 'What happened in a store.',
      buckets: { column: 'bucket', unit: 'month', from: 'from', to: 'to', newestFirst: true },
    })
    expect(read.params.map(({ name, otherwise, description }) => [name, otherwise, description])).toEqual([
      ['store', undefined, 'the store'],
      ['from', '0000-01-01', 'first time'],
      ['to', 'now', 'before this time'],
    ])
    expect(read.selects.map(({ table, reversed }) => [table.name, reversed])).toEqual([
      ['events', false],
      ['events_short', false],
    ])
    expect(read.selects[0]?.text).toBe(`SELECT at, what FROM events ${where} LIMIT 50`)
    expect(read.columns.map(({ name }) => name)).toEqual(['at', 'what'])
  })

  test('braces name parameters in the walk as colons do', () => {
    const read = parse(`${header.replace(':from to :to', '{from} to {to}')}SELECT * FROM events ${where}`)
    expect(read.buckets).toMatchObject({ from: 'from', to: 'to' })
  })

  test('may turn the whole order and fix leading columns', () => {
    const text = `-- summary: x\n-- param s text\nSELECT * FROM events WHERE store = :s AND bucket = '2025-11' AND at = '2025-11-30' AND id > 6ba7b810-9dad-11d1-80b4-00c04fd430c8 ORDER BY at ASC, id DESC LIMIT 3`
    expect(parse(text).selects[0]).toMatchObject({
      reversed: true,
      prefix: [{ kind: 'value', value: Date.UTC(2025, 10, 30) }],
      lower: { inclusive: false },
      limit: { value: 3 },
    })
  })

  test.each([
    [`SELECT * FROM events ${where}`, '', 'begins with "-- summary: …"'],
    ['', '-- summary: x\n', 'a named read needs a SELECT'],
    ['SELECT * FROM event WHERE store = :s', '-- summary: x\n', 'creates the table "event"'],
    [
      'SELECT wht FROM events WHERE store = :s',
      '-- summary: x\n',
      'cql:2:8: events has no column "wht": did you mean what?',
    ],
    [
      "SELECT * FROM events WHERE store = 'a'",
      '-- summary: x\n',
      'the partition key of events is (store, bucket) and bucket is not given',
    ],
    ["SELECT * FROM events WHERE store = 'a' AND bucket > 'b'", '-- summary: x\n', 'compared once, with ='],
    [
      "SELECT * FROM events WHERE store = 'a' AND bucket = 'b' AND what = 'c'",
      '-- summary: x\n',
      'what is no key column of events, and filtering is not carried out',
    ],
    [
      "SELECT * FROM events WHERE store = 'a' AND bucket = 'b' AND id = :i",
      '-- summary: x\n-- param i uuid\n',
      'id can be compared only where at',
    ],
    [
      "SELECT * FROM events WHERE store = 'a' AND bucket = 'b' AND at > 5 AND id = :i",
      '-- summary: x\n-- param i uuid\n',
      'id can be compared only where at',
    ],
    [
      "SELECT * FROM events WHERE store = 'a' AND bucket = 'b' AND at > 5 AND at > 6",
      '-- summary: x\n',
      'compared too often',
    ],
    [
      "SELECT * FROM events WHERE store IN ('a') AND bucket = 'b'",
      '-- summary: x\n',
      '"in" is not carried out in WHERE',
    ],
    [
      "SELECT count(*) FROM events WHERE store = 'a'",
      '-- summary: x\n',
      'functions and aliases are not carried out',
    ],
    [
      "SELECT * FROM users WHERE id = 'a' ALLOW FILTERING",
      '-- summary: x\n',
      'ALLOW FILTERING is not carried out: reads go by the full partition key',
    ],
    ['SELECT * FROM users WHERE id = ?', '-- summary: x\n', 'write :name instead of ?'],
    ['SELECT * FROM users WHERE id = 5', '-- summary: x\n', 'id: expected a string'],
    ["SELECT * FROM users WHERE id = 'a' LIMIT 0", '-- summary: x\n', 'LIMIT takes a whole number from 1'],
    [
      "SELECT * FROM events WHERE store = 'a' AND bucket = 'b' ORDER BY id",
      '-- summary: x\n',
      'sorted by (at, id) only',
    ],
    [
      "SELECT * FROM events WHERE store = 'a' AND bucket = 'b' ORDER BY at ASC, id ASC",
      '-- summary: x\n',
      'turn every column or none',
    ],
    [
      'SELECT * FROM users WHERE id = :id',
      '-- summary: x\n-- param ib text\n',
      'the parameter :id is not described: did you mean :ib?',
    ],
    [
      'SELECT * FROM users WHERE id = :id',
      '-- summary: x\n-- param id int\n',
      ':id stands for a text but is described as int',
    ],
    [
      "SELECT * FROM users WHERE id = 'a'",
      '-- summary: x\n-- param id text\n',
      'the parameter id is described but no SELECT uses it',
    ],
    [
      "SELECT * FROM users WHERE id = 'a'",
      '-- sumary: x\n',
      '"sumary:" means nothing here: did you mean "summary: …"?',
    ],
    [
      `SELECT * FROM events ${where}`,
      header.replace('newest first', 'backwards'),
      'does not say how to walk the buckets',
    ],
    [
      `SELECT * FROM events ${where}`,
      header.replace('newest', 'oldest'),
      'walked oldest first but the rows in them come the other way',
    ],
    [`SELECT * FROM rising ${where}`, header, 'walked newest first but the rows in them come the other way'],
    [
      `SELECT * FROM events ${where}`,
      header.replace('buckets: bucket', 'buckets: at'),
      'which is not in the partition key',
    ],
    [`SELECT * FROM events ${where.replace(':bucket', ':to')}`, header, 'compared as "bucket = :bucket"'],
    [
      `SELECT * FROM events ${where}; SELECT at FROM events_short ${where}`,
      header,
      'return the same columns',
    ],
    [`SELECT * FROM events ${where}; SELECT * FROM rising ${where}`, header, 'rows come in the same order'],
    [
      `SELECT * FROM events ${where}; SELECT * FROM rising ${where} ORDER BY at DESC, id ASC`,
      header,
      'turn every column',
    ],
    [`SELECT * FROM events ${where}; SELECT * FROM events_short ${where} LIMIT 5`, header, 'have one LIMIT'],
  ])('refuse %s with %j', (select, front, sentence) => {
    expect(() => parse(front + select)).toThrow(sentence)
    expect(() => parse(front + select)).toThrow(/^cql\/queries\/store-events\.cql:\d+:\d+: /)
  })
})

describe('buckets', () => {
  test('are cut in UTC', () => {
    const ms = Date.parse('2025-11-30T23:59:59.999Z')
    expect(bucketUnits.map((unit) => bucketOf(ms, unit))).toEqual([
      '2025',
      '2025-11',
      '2025-11-30',
      '2025-11-30T23',
    ])
    expect(() => bucketOf(NaN, 'day')).toThrow('has no time bucket')
    expect(() => bucketsBetween(0, Date.now(), 'hour', true)).toThrow('more than 20000 buckets')
  })

  test('of a range have no gap, and every time has its bucket in them', () => {
    const times = fc.integer({ min: Date.parse('1969-01-01'), max: Date.parse('2100-01-01') })
    fc.assert(
      fc.property(
        times,
        fc.nat(86_400_000 * 90),
        fc.nat(),
        fc.constantFrom(...bucketUnits),
        (from, width, pick, unit) => {
          const buckets = bucketsBetween(from, from + width, unit, false)
          expect(buckets).toContain(bucketOf(from + (pick % (width + 1)), unit))
          expect(buckets[0]).toBe(bucketOf(from, unit))
          expect(buckets.at(-1)).toBe(bucketOf(from + width, unit))
          expect([...new Set(buckets)].sort()).toEqual(buckets)
          expect(bucketsBetween(from, from + width, unit, true)).toEqual([...buckets].reverse())
          for (const bucket of buckets) expect(bucketOf(bucketStart(bucket, unit)!, unit)).toBe(bucket)
          for (const [index, bucket] of buckets.slice(1).entries()) {
            expect(bucketOf(bucketStart(bucket, unit)! - 1, unit)).toBe(buckets[index])
          }
        },
      ),
    )
  })
})

describe('page tokens', () => {
  const position = { bucket: '2025-11', select: 1, key: Buffer.from([0, 255]), remaining: 7, now: 12 }

  test('come back, and are refused where anything about them is changed', () => {
    const token = encodePageToken(position, 'read and parameters')
    expect(token).toMatch(/^[\w-]+$/)
    expect(decodePageToken(token, 'read and parameters')).toEqual(position)
    expect(() => decodePageToken(token, 'other parameters')).toThrow(
      'belongs to another read or to other parameters',
    )
    for (let at = 0; at < token.length - 1; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(() => decodePageToken(changed, 'read and parameters')).toThrow('The page token')
    }
    for (const wrong of ['', 'x', '%', 'AAAA'.repeat(20)]) {
      expect(() => decodePageToken(wrong, 'read and parameters')).toThrow(
        expect.objectContaining({ code: 'QUERY_REFUSED' }),
      )
    }
  })
})
