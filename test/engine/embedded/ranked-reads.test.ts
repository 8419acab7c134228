// Named reads that rank their rows by a column which is in no key.
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { loadMigrations } from '../../../engine/cql/migrations.ts'
import { parseNamedRead } from '../../../engine/cql/named-reads.ts'
import { EmbeddedTables } from '../../../engine/embedded/tables.ts'

const catalogue = loadMigrations([
  {
    path: 'cql/0001-sales.cql',
    text: 'CREATE TABLE sales (hour int, sku text, units bigint, share double, price decimal, PRIMARY KEY ((hour), sku))',
  },
])

const readOf = (rank: string, rest = 'WHERE hour = :hour') =>
  parseNamedRead(
    'cql/queries/top.cql',
    `-- summary: What sold best.\n-- param hour int\n-- param limit int = 5\n-- rank: ${rank}\nSELECT sku, units, share, price FROM sales ${rest} LIMIT :limit`,
    catalogue,
  )

interface Sold {
  readonly sku: string
  readonly units: bigint | null
  readonly share: number
}

function tablesWith(sold: readonly Sold[]): EmbeddedTables {
  const tables = new EmbeddedTables(new DatabaseSync(':memory:'), catalogue, { now: () => 0 })
  for (const hour of [8, 9]) {
    const rows = (hour === 8 ? sold : [{ sku: 'other hour', units: 99_999n, share: 1 }]).map((values) => ({
      ...{ table: 'sales', mode: 'insert' as const, timestampMicros: 1, values: { hour, ...values } },
    }))
    if (rows.length > 0) expect(tables.writeRows(rows)).toEqual(rows.map(() => ({ stored: true })))
  }
  return tables
}

const sales = fc.uniqueArray(
  fc.record({
    sku: fc.constantFrom(...'abcdefghijklmnop'),
    units: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: null }),
    share: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  }),
  { selector: ({ sku }) => sku },
)

test('answers what a sort of all rows would, the first ones of it', () => {
  const work = fc.record({ sold: sales, limit: fc.integer({ min: 1, max: 20 }), highest: fc.boolean() })
  fc.assert(
    fc.property(work, ({ sold, limit, highest }) => {
      const tables = tablesWith(sold)
      const way = highest ? 1 : -1
      const ofUnits = ({ units }: Sold): bigint => units ?? 0n
      const bySku = sold.toSorted((x, y) => (x.sku < y.sku ? -1 : 1))
      const byUnits = bySku.toSorted((x, y) => {
        if (x.units === null || y.units === null) return Number(x.units === null) - Number(y.units === null)
        return way * (ofUnits(x) < ofUnits(y) ? 1 : ofUnits(x) > ofUnits(y) ? -1 : 0)
      })
      const order = highest ? 'highest' : 'lowest'
      const found = tables.executeNamedRead(readOf(`units, ${order} first, of at most 16`), {
        hour: 8,
        limit,
      })
      expect(found.rows.map(({ sku }) => sku)).toEqual(byUnits.slice(0, limit).map(({ sku }) => sku))
      expect(found.nextPageToken).toBeUndefined()
      const byShare = bySku.toSorted((x, y) => way * (y.share - x.share))
      const shares = tables.executeNamedRead(readOf(`share, ${order} first, of at most 16`), {
        hour: 8,
        limit: 20,
      })
      expect(shares.rows.map(({ sku }) => sku)).toEqual(byShare.map(({ sku }) => sku))
    }),
    { numRuns: 200 },
  )
})

test('says that there are too many, and does not rank some of them', () => {
  const sold = Array.from({ length: 11 }, (_, n) => ({ sku: `s${n}`, units: BigInt(n), share: 0 }))
  const tables = tablesWith(sold)
  const read = (most: number) => readOf(`units, highest first, of at most ${most}`)
  expect(tables.executeNamedRead(read(11), { hour: 8 }).rows.map(({ sku }) => sku)).toEqual([
    ...['s10', 's9', 's8', 's7', 's6'],
  ])
  expect(() => tables.executeNamedRead(read(10), { hour: 8 })).toThrow(
    'There are more than 10 rows, which is the most that this read ranks by units: ask for less, or raise "of at most" in its file.',
  )
})

test('has one page, as large as the smaller of LIMIT and what is asked for', () => {
  const tables = tablesWith([...'abcdefg'].map((sku, n) => ({ sku, units: BigInt(n), share: 0 })))
  const read = readOf('units, lowest first, of at most 100')
  expect(tables.executeNamedRead(read, { hour: 8 }, { limit: 2 }).rows.map(({ sku }) => sku)).toEqual([
    'a',
    'b',
  ])
  expect(tables.executeNamedRead(read, { hour: 8, limit: 3 }, { limit: 100 }).rows).toHaveLength(3)
  expect(() => tables.executeNamedRead(read, { hour: 8 }, { pageToken: 'x' })).toThrow('has one page')
})

test.each([
  ['units', 'does not say how to rank'],
  ['units, best first, of at most 10', 'does not say how to rank'],
  ['units, highest first, of at most 0', 'with N from 1 to 100000'],
  ['units, highest first, of at most 100001', 'with N from 1 to 100000'],
  [
    'unit, highest first, of at most 10',
    'ranked by unit, which the read does not answer (sku, units, share, price)',
  ],
  ['price, highest first, of at most 10', 'a decimal cannot be: name a number, a time or a text'],
])('refuses "%s" with its place', (rank, message) => {
  expect(() => readOf(rank)).toThrow(/^cql\/queries\/top\.cql:4:1: /)
  expect(() => readOf(rank)).toThrow(message)
})

test('a misspelt directive is told', () => {
  const text = '-- summary: x\n-- ranks: units\nSELECT sku FROM sales WHERE hour = 1'
  expect(() => parseNamedRead('cql/queries/q.cql', text, catalogue)).toThrow('did you mean "rank: …"?')
})
