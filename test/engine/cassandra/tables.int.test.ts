// The promises of sinks and lookups, kept by tables in Cassandra; and what they do when the keyspace is not theirs.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TableRow } from '../../../engine/component/contracts/tables.ts'
import { MillraceError } from '../../../engine/errors.ts'
import { table } from '../../../sinks/table.ts'
import { lookupContract, lookupMigration } from '../../support/contracts/lookup-contract.ts'
import { firstEvent, type SinkHarness, type Value } from '../../support/contracts/sink-bench.ts'
import { sinkContract } from '../../support/contracts/sink-contract.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { sharedCassandra } from '../../support/servers/cassandra-shared.ts'
import { CassandraRoom, type Opened } from './cassandra-room.ts'

const day = 86_400_000

const migration = `
CREATE TABLE effects (shop text, id text, body text, n bigint, PRIMARY KEY (shop, id));
CREATE TABLE events (shop text, bucket text, id text, hash text, body text, n bigint,
  PRIMARY KEY ((shop, bucket), id, hash));
CREATE TABLE states (id text PRIMARY KEY, shop text, body text, n bigint);
CREATE TABLE numbers (shop text, n int, body text, PRIMARY KEY (shop, n)) WITH default_time_to_live = 100;
CREATE TABLE keys (shop text, n int, PRIMARY KEY (shop, n));
${lookupMigration}`

let room: CassandraRoom

beforeAll(async () => {
  room = await CassandraRoom.make(await sharedCassandra(), migration)
})

afterAll(() => room.close())

/** Bodies, ids and numbers that no column takes. */
const misfits = [
  (value: Value) => ({ ...value, body: 5 }),
  (value: Value) => ({ ...value, id: null }),
  (value: Value) => ({ ...value, n: 'many' }),
]

async function harness(config: unknown, name: string, more: Partial<SinkHarness> = {}): Promise<SinkHarness> {
  await room.server.cql(`TRUNCATE ${name}`, room.keyspace)
  const opened = await room.open()
  const { tables } = opened
  const close = () => opened.close()
  const never = () => {
    throw new Error('a table sink needs tables alone')
  }
  const alone = { log: undefined as never, schemas: { encoder: never, codec: never }, print: never }
  const context = {
    topology: 'contract',
    critical: false,
    node: 'sink',
    clock: new FakeClock(firstEvent + day),
    tables,
    ...alone,
  }
  const stored = async () => {
    const rows = await room.server.cql(`SELECT id, shop, body, n FROM ${name}`, room.keyspace)
    return rows
      .map((row) => {
        const exact = BigInt(String(row['n']))
        const n = Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
        return { id: String(row['id']), value: { id: row['id'], shop: row['shop'], body: row['body'], n } }
      })
      .sort((one, other) => (one.id < other.id ? -1 : 1))
  }
  const rest = { spoil: misfits, tombstones: 'refused', unordered: true, stored, shut: close, close } as const
  return {
    definition: table,
    writer: await table.open(table.config.parse(config), context),
    ...rest,
    ...more,
  }
}

sinkContract('A table sink in mode insert, in Cassandra,', () => harness({ table: 'effects' }, 'effects'))

sinkContract('A table sink with bucket, hash and retention, in Cassandra,', () => {
  const bucket = { column: 'bucket', by: 'month' }
  const retained = { table: 'events', bucket, hash: { of: ['id', 'body'] }, retention: '3650d' }
  return harness(retained, 'events', { dropsBefore: firstEvent - 3650 * day })
})

sinkContract('A table sink in mode latest, in Cassandra,', () => {
  const spoil = [...misfits, (value: Value) => ({ ...value, n: 1.5 })]
  return harness({ table: 'states', mode: 'latest', sequence: 'n' }, 'states', { spoil })
})

lookupContract('A lookup in Cassandra', async () => {
  for (const name of ['contract_rows', 'contract_names'])
    await room.server.cql(`TRUNCATE ${name}`, room.keyspace)
  const opened = await room.open()
  const close = () => opened.close()
  return {
    tables: opened.tables,
    async writeBeside(rows) {
      const other = await room.open()
      await other.tables.write(rows)
      await other.close()
    },
    // Cassandra's clock is the real one.
    pass: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
    shut: close,
    close,
  }
})

const row = (values: TableRow['values'], more: Partial<TableRow> = {}): TableRow => {
  return { table: 'numbers', values, timestampMicros: 1_700_000_000_000_000, mode: 'insert', ...more }
}

async function ttlOf(n: number): Promise<number | null> {
  const [found] = await room.server.cql(
    `SELECT TTL(body) AS t FROM numbers WHERE shop = 'ttl' AND n = ${n}`,
    room.keyspace,
  )
  return found?.['t'] as number | null
}

async function failureOf(work: () => unknown): Promise<MillraceError> {
  const error: unknown = await (async () => work())().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MillraceError)
  expect((error as Error).message).toMatch(/^[^\n]+\.$/)
  return error as MillraceError
}

describe('tables in Cassandra', () => {
  let opened: Opened
  beforeAll(async () => {
    opened = await room.open()
  })

  test('a row without TTL lives for ever, whatever the table says', async () => {
    const { tables } = opened
    const values = (n: number) => ({ shop: 'ttl', n, body: 'b' })
    await tables.write([
      row(values(1)),
      row(values(2), { ttlSeconds: 0 }),
      row(values(3), { ttlSeconds: 50 }),
    ])
    expect([await ttlOf(1), await ttlOf(2)]).toEqual([null, null])
    expect(await ttlOf(3)).toBeGreaterThan(0)
    await tables.write([
      row(values(4), { mode: 'update' }),
      row(values(5), { mode: 'update', ttlSeconds: 50 }),
    ])
    expect(await ttlOf(4)).toBeNull()
    expect(await ttlOf(5)).toBeGreaterThan(0)
  })

  test('a key alone is a row where it is inserted, and nothing where it is updated', async () => {
    const { tables } = opened
    const key = (n: number) => ({ shop: 'keys', n })
    const rows = [row(key(1), { table: 'keys' }), row(key(2), { table: 'keys', mode: 'update' })]
    expect(await tables.write(rows)).toEqual([{ outcome: 'stored' }, { outcome: 'stored' }])
    const lookup = tables.lookup('keys')
    expect([await lookup.get(key(1)), await lookup.get(key(2))]).toEqual([key(1), undefined])
  })

  test('says what a table is, and nothing where no migration makes it', () => {
    const { tables } = opened
    expect(tables.describe('numbers')).toEqual({
      name: 'numbers',
      columns: [
        { name: 'shop', type: 'text', kind: 'partition' },
        { name: 'n', type: 'int', kind: 'clustering' },
        { name: 'body', type: 'text', kind: 'regular' },
      ],
    })
    expect(tables.describe('nothing')).toBeUndefined()
  })

  test('many rows of one partition and many partitions are all there', async () => {
    const { tables } = opened
    const rows = Array.from({ length: 3000 }, (_, n) =>
      row(
        { shop: n % 2 === 0 ? 'one' : `shop ${n}`, n, body: 'x'.repeat(n % 300) },
        { orderKey: `key ${n % 11}` },
      ),
    )
    const outcomes = await tables.write(rows)
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['stored']))
    const lookup = tables.lookup('numbers')
    const found = await Promise.all(
      rows.map(async ({ values }) => lookup.get({ shop: values['shop'], n: values['n'] })),
    )
    expect(found).toEqual(rows.map(({ values }) => values))
  })

  test('a row that the server refuses stands alone: neighbours are stored, its key waits', async () => {
    const { tables } = opened
    // More than half a segment of the commit log is refused; the test kit's are 8 MiB.
    const large = 'x'.repeat(5 * 1024 * 1024)
    const bodies = ['a', 'b', large, 'c', 'd', 'e']
    const rows = bodies.map((body, n) =>
      row({ shop: 'large', n, body }, { orderKey: n === 4 ? 'k2' : `k${n}` }),
    )
    const outcomes = await tables.write(rows)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      ...['stored', 'stored', 'refused', 'stored', 'untried', 'stored'],
    ])
    const { error } = outcomes[2] as { error: MillraceError }
    expect([error.kind, error.code]).toEqual(['permanent', 'ROW_REFUSED'])
    expect(error.message).toMatch(/^A row of numbers was not taken by Cassandra: [^\n]+\.$/)
    const lookup = tables.lookup('numbers')
    const there = await Promise.all(rows.map(async ({ values }) => (await lookup.get(values)) !== undefined))
    expect(there).toEqual([true, true, false, true, false, true])
  })

  test('a row of one partition that is refused does not take those beside it along', async () => {
    const { tables } = opened
    const rows = Array.from({ length: 40 }, (_, n) => row({ shop: 'split', n, body: `b${n}` }))
    // More than any frame may have: it is not even sent.
    const bad = row({ shop: 'split', n: 40, body: 'x'.repeat(17 * 1024 * 1024) })
    const outcomes = await tables.write([...rows.slice(0, 20), bad, ...rows.slice(20)])
    expect(outcomes.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'stored')).toEqual([
      'refused',
    ])
    expect(outcomes[20]!.outcome).toBe('refused')
    expect((outcomes[20] as { error: MillraceError }).error.message).toMatch(
      /bytes large and a write may have \d+/,
    )
  })

  test('a table that the keyspace lacks, or has in another form, is a fatal error', async () => {
    const other = await CassandraRoom.make(room.server, 'CREATE TABLE t (a int PRIMARY KEY, b text, c int);')
    const { keyspace } = other
    const described = async () => (await other.open()).tables.describe('t')
    await room.server.cql('ALTER TABLE t ADD later text', keyspace)
    expect((await described())?.columns).toHaveLength(3)
    await room.server.cql('ALTER TABLE t DROP c', keyspace)
    let error = await failureOf(described)
    expect([error.kind, error.code]).toEqual(['fatal', 'TABLE_INCOMPATIBLE'])
    expect(error.message).toMatch(/no column c: .*millrace cql apply/)
    await room.server.cql('DROP TABLE t', keyspace)
    error = await failureOf(described)
    expect([error.kind, error.code]).toEqual(['fatal', 'TABLE_UNKNOWN'])
    await room.server.cql('CREATE TABLE t (b text PRIMARY KEY, a int, c int)', keyspace)
    error = await failureOf(described)
    expect(error.message).toMatch(/its partition key is \(b\) and should be \(a\)/)
    await room.server.cql('DROP TABLE t', keyspace)
    await room.server.cql('CREATE TABLE t (a int PRIMARY KEY, b blob, c int)', keyspace)
    error = await failureOf(described)
    expect(error.message).toMatch(/its column b is blob and should be text/)
    await other.close()
  })

  test('a table that is dropped while rows are written is a fatal error', async () => {
    const { tables } = await room.open()
    expect((await tables.write([row({ shop: 'x', n: 1 }, { table: 'keys' })]))[0]!.outcome).toBe('stored')
    await room.server.cql('DROP TABLE keys', room.keyspace)
    const error = await failureOf(() => tables.write([row({ shop: 'x', n: 1 }, { table: 'keys' })]))
    expect(error.kind).toBe('fatal')
  })
})
