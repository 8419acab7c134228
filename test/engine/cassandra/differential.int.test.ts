// The same writes to embedded tables and to Cassandra must leave the same rows, whatever types, timestamps, TTLs,
// nulls and UNSETs they come with, and be refused in the same sentences.

import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { embeddedTables } from '../../../cli/project/tables.ts'
import type { TableOutcome, TableRow, Tables } from '../../../engine/component/contracts/tables.ts'
import { EmbeddedTables } from '../../../engine/embedded/tables.ts'
import { sentenceOf } from '../../../engine/errors.ts'
import { sharedCassandra } from '../../support/servers/cassandra-shared.ts'
import { CassandraRoom, type Opened } from './cassandra-room.ts'

const types = `t text, a ascii, u uuid, tu timeuuid, i int, b bigint, s smallint, y tinyint, v varint, d double, f float,
  e decimal, o boolean, ts timestamp, da date, ti time, bl blob, ip inet, li list<int>, se set<text>, sn set<bigint>,
  ma map<text, text>, mb map<timestamp, blob>, ll list<frozen<list<text>>>`
const migration = `
CREATE TABLE cells (run int, p int, c int, a int, b text, PRIMARY KEY ((run, p), c))
  WITH CLUSTERING ORDER BY (c DESC) AND default_time_to_live = 77;
CREATE TABLE every (run int, n int, ${types}, PRIMARY KEY (run, n));
CREATE TABLE keyed (run int, t text, bl blob, u uuid, ts timestamp, b bigint, da date, body text,
  PRIMARY KEY ((run, t, bl), u, ts, b, da));
CREATE TABLE plain (name text PRIMARY KEY, body text);`

const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const started = Math.floor(Date.now() / 1000) * 1000

let room: CassandraRoom
let opened: Opened
let local: Tables
/** Each run of a property has rows of its own. */
let runs = 0

beforeAll(async () => {
  room = await CassandraRoom.make(await sharedCassandra(), migration)
  opened = await room.open()
  local = embeddedTables(new EmbeddedTables(new DatabaseSync(':memory:'), room.catalogue), room.catalogue)
})
afterAll(() => room.close())

/** What a test can see of an outcome. */
function shown(outcome: TableOutcome): string {
  return outcome.outcome === 'refused' ? `refused: ${sentenceOf(outcome.error)}` : outcome.outcome
}

/** Writes to both, and compares what was said. */
async function writeBoth(rows: readonly TableRow[]): Promise<string[]> {
  const [remote, embedded] = [await opened.tables.write(rows), await local.write(rows)]
  expect(remote.map(shown)).toEqual(embedded.map(shown))
  return remote.map(shown)
}

async function compareRows(table: string, keys: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const [remote, embedded] = [opened.tables.lookup(table), local.lookup(table)]
  for (const key of keys) expect(await remote.get(key)).toEqual(await embedded.get(key))
}

async function holds<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, property: (value: T) => Promise<void>) {
  process.stdout.write(`seed ${seed}\n`)
  await fc.assert(fc.asyncProperty(arbitrary, property), { seed, numRuns, endOnFailure: true })
}

const micros = (part: number): number => started * 1000 + part

describe('rows of embedded tables and of Cassandra', () => {
  const cell = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 3, arbitrary: value }, fc.constantFrom(null, undefined))
  const write = fc.record({
    mode: fc.constantFrom('insert' as const, 'update' as const),
    p: fc.nat(1),
    c: fc.nat(1),
    a: cell(fc.nat(3)),
    b: cell(fc.constantFrom('', 'x', 'y')),
    // Ties are where Cassandra's rules are.
    time: fc.nat(3),
    // Seconds that no test lives to see the end of, and for ever.
    ttl: fc.constantFrom(undefined, undefined, 0, 5000, 6000),
    call: fc.boolean(),
  })

  test('agree cell by cell, in whichever order writes come', () =>
    holds(fc.array(write, { minLength: 1, maxLength: 12 }), 150, async (writes) => {
      const run = ++runs
      let call: TableRow[] = []
      for (const { p, c, a, b, time, ttl, mode, call: ends } of writes) {
        const values = { run, p, c, ...(a !== undefined && { a }), ...(b !== undefined && { b }) }
        const row = { table: 'cells', values, timestampMicros: micros(time), mode }
        call.push(ttl === undefined ? row : { ...row, ttlSeconds: ttl })
        if (!ends) continue
        await writeBoth(call)
        call = []
      }
      await writeBoth(call)
      const keys = [0, 1].flatMap((p) => [0, 1].map((c) => ({ run, p, c })))
      await compareRows('cells', keys)
    }))

  const int = (bits: number) =>
    fc.oneof(fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }), fc.constant(0))
  const big = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  const bytes = fc.uint8Array({ maxLength: 12 }).map((each) => Buffer.from(each))
  const ms = fc.integer({ min: -8_000_000_000_000, max: 8_000_000_000_000 })
  const day = fc.integer({ min: -700_000, max: 2_000_000 })
  const timeuuid = fc.uuid({ version: 1 })
  const every: Record<string, fc.Arbitrary<unknown>> = {
    t: text,
    a: fc.string({ unit: 'binary-ascii', maxLength: 9 }),
    u: fc.oneof(
      fc.uuid(),
      fc.uuid().map((id) => id.toUpperCase()),
    ),
    tu: timeuuid,
    i: fc.oneof(int(32), fc.constantFrom(2 ** 31, 1.5, '7')),
    b: fc.oneof(big, fc.maxSafeInteger(), big.map(String), fc.constant(2n ** 63n)),
    s: int(16),
    y: int(8),
    v: fc.oneof(fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }), fc.maxSafeInteger()),
    d: fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity)),
    f: fc.float(),
    e: fc.oneof(
      fc.constantFrom('1', '1.0', '-0.50', '1e3', '12345678901234567890.123'),
      fc.integer().map(Number),
    ),
    o: fc.boolean(),
    ts: fc.oneof(
      ms,
      ms.map((each) => new Date(each)),
      ms.map((each) => new Date(each).toISOString()),
    ),
    da: fc.oneof(
      day,
      day.map((each) => new Date(each * 86_400_000)),
    ),
    ti: fc.oneof(
      fc.bigInt({ min: 0n, max: 86_399_999_999_999n }),
      fc.constantFrom('12:34:56.789', '00:00:00'),
    ),
    bl: fc.oneof(
      bytes,
      bytes.map((each) => `0x${each.toString('hex')}`),
    ),
    ip: fc.oneof(fc.ipV4(), fc.ipV6()),
    li: fc.array(int(32), { maxLength: 4 }),
    se: fc.array(text, { maxLength: 4 }),
    sn: fc.array(big, { maxLength: 4 }),
    ma: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
    mb: fc.array(fc.tuple(ms, bytes), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    ll: fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 3 }),
  }

  test('hold values of every type alike, and refuse the same', () =>
    holds(
      fc.array(fc.record(every, { requiredKeys: [] }), { minLength: 1, maxLength: 5 }),
      120,
      async (all) => {
        const run = ++runs
        const rows = all.map((values, n): TableRow => {
          return {
            table: 'every',
            values: { run, n, ...values },
            timestampMicros: micros(0),
            mode: 'insert',
          }
        })
        await writeBoth(rows)
        await compareRows('every', rows.map(({ values }) => ({ run, n: values['n'] }))) // prettier-ignore
      },
    ))

  const key = fc.record({ t: text, bl: bytes, u: fc.uuid(), ts: ms, b: big, da: day })

  test('are found by keys of every type', () =>
    holds(fc.array(key, { minLength: 1, maxLength: 6 }), 80, async (keys) => {
      const run = ++runs
      const named = keys.map((each) => ({ run, ...each }))
      const rows = named.map((values, n): TableRow => {
        return {
          table: 'keyed',
          values: { ...values, body: `b${n}` },
          timestampMicros: micros(n),
          mode: 'insert',
        }
      })
      await writeBoth(rows)
      await compareRows('keyed', named)
    }))

  const values = fc.record(
    {
      name: fc.oneof(text, fc.constantFrom('', null, undefined, 5, 'long'.repeat(20_000))),
      body: fc.oneof(text, fc.constantFrom(null, 5, '\ud800')),
      boddy: fc.constant('x'),
    },
    { requiredKeys: ['name'] },
  )
  const flawed = fc.record({
    values,
    timestampMicros: fc.constantFrom(micros(0), micros(1), 1.5, 2 ** 60),
    ttlSeconds: fc.constantFrom(0, 5000, -1, 1.5, 630_720_001),
    mode: fc.constantFrom('insert' as const, 'update' as const),
    orderKey: fc.constantFrom('k1', 'k2', undefined),
    table: fc.constantFrom('plain', 'plain', 'plain', 'plian'),
  })

  test('refuse flawed rows in the same sentences, and leave the same ones untried', () =>
    holds(fc.array(flawed, { minLength: 1, maxLength: 8 }), 150, async (all) => {
      const run = ++runs
      const rows = all.map(({ orderKey, values: given, ...row }): TableRow => {
        const { name, ...others } = given
        // A name of this run alone, where it is one.
        const own = typeof name === 'string' && name !== '' ? `${run} ${name}` : name
        return { ...row, values: { name: own, ...others }, ...(orderKey !== undefined && { orderKey }) }
      })
      const said = await writeBoth(rows)
      const stored = rows.filter(({ table }, n) => table === 'plain' && said[n] === 'stored')
      await compareRows('plain', stored.map((row) => ({ name: row.values['name'] }))) // prettier-ignore
    }))
})
