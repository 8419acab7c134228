import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SinkContext } from '../../engine/component/contracts/sink.ts'
import type { TableInfo, TableOutcome, TableRow } from '../../engine/component/contracts/tables.ts'
import { WriteBatch } from '../../engine/component/write-batch.ts'
import { bucketOf } from '../../engine/cql/buckets.ts'
import { permanentError } from '../../engine/errors.ts'
import { table } from '../../sinks/table.ts'
import { canonical, canonicalHash } from '../../sinks/table/canonical-hash.ts'
import { ttlOf } from '../../sinks/table/row-maker.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { batchOfValues, tableInfo, type Incoming } from '../support/fake-scope.ts'

const day = 86_400_000
const now = 1_700_000_000_000
const events = tableInfo(
  'events',
  ['user_id text', 'bucket text', 'event_time timestamp', 'hash text', 'action text', 'note text'],
  2,
  2,
)
const old = { ...events, name: 'events_short' }
const blobs = tableInfo('blobs', ['id text', 'hash blob'], 1, 1)
const users = tableInfo('users', ['user_id text', 'name text', 'version bigint'], 1, 0)

const insert = {
  table: 'events',
  columns: { event_time: 'time', note: 'more.note' },
  bucket: { column: 'bucket', by: 'month' },
  hash: { of: ['userId', 'time', 'action'] },
  retention: '365d',
}

type Answer = (rows: readonly TableRow[]) => readonly TableOutcome[]
const allStored: Answer = (rows) => rows.map(() => ({ outcome: 'stored' }))

async function write(
  config: object,
  records: readonly Incoming[],
  answer = allStored,
  order: 'batch' | 'record' = 'batch',
) {
  const written: TableRow[] = []
  const known = new Map<string, TableInfo>([events, old, blobs, users].map((info) => [info.name, info]))
  const tables = {
    order,
    describe: (name: string) => known.get(name),
    write: (rows: readonly TableRow[]) => {
      written.push(...rows)
      return answer(rows)
    },
  }
  const context = { clock: new FakeClock(now), tables, topology: 't', node: 'n' } as unknown as SinkContext
  const writer = await table.open(table.config.parse(config), context)
  const outcomes = await writer.write(new WriteBatch(batchOfValues(records)))
  await writer.close()
  return { written, outcomes, writer }
}

const event = (fields: object = {}, timestamp = now): Incoming => {
  return { value: { userId: 'u1', time: timestamp, action: 'added', ...fields }, timestamp }
}

describe('mode insert', () => {
  test('names columns after fields, and computes bucket, hash, timestamp and time to live', async () => {
    const { written, outcomes } = await write(insert, [
      event({ more: { note: 'hello' }, other: 1 }, now - 365 * day + 5999),
    ])
    const time = now - 365 * day + 5999
    expect(outcomes).toBeUndefined()
    expect(written).toEqual([
      {
        table: 'events',
        mode: 'insert',
        orderKey: 'key',
        timestampMicros: time * 1000,
        ttlSeconds: 5,
        values: {
          user_id: 'u1',
          bucket: '2022-11',
          event_time: time,
          hash: canonicalHash(['u1', time, 'added']),
          action: 'added',
          note: 'hello',
        },
      },
    ])
  })

  test('each event has the bucket of its own time, whatever came before it', async () => {
    const start = Date.parse('2023-10-31T23:00:00Z')
    const times = [0, 3_599_999, 3_600_000, 1, 3_600_001].map((later) => start + later)
    const { written } = await write(
      { ...insert, bucket: { column: 'bucket', by: 'hour' } },
      times.map((time) => event({}, time)),
    )
    expect(written.map(({ values }) => values['bucket'])).toEqual([
      '2023-10-31T23',
      '2023-10-31T23',
      '2023-11-01T00',
      '2023-10-31T23',
      '2023-11-01T00',
    ])
  })

  test('leaves null and absent cells alone', async () => {
    const { written } = await write(insert, [event({ action: null, more: null })])
    expect(Object.keys(written[0]!.values).sort()).toEqual(['bucket', 'event_time', 'hash', 'user_id'])
  })

  test('drops what has outlived its retention, and says so', async () => {
    const { written, outcomes } = await write(insert, [event({}, now - 365 * day), event()])
    expect(outcomes).toEqual([{ outcome: 'dropped', reason: 'expired' }, { outcome: 'stored' }])
    expect(written).toHaveLength(1)
  })

  test('keeps for ever what has no retention', async () => {
    const { written } = await write({ ...insert, retention: 'unlimited' }, [event({}, 0)])
    expect(written[0]).not.toHaveProperty('ttlSeconds')
  })

  test('chooses table and retention by a field', async () => {
    const variants = { by: 'kind', when: { short: { table: 'events_short', retention: '1d' } } }
    const records = [
      event({ kind: 'short' }),
      event({ kind: 'other' }),
      event(),
      event({ kind: 'short' }, now - 2 * day),
    ]
    const { written, outcomes } = await write({ ...insert, variants }, records)
    expect(written.map((row) => [row.table, row.ttlSeconds])).toEqual([
      ['events_short', 86_400],
      ['events', 365 * 86_400],
      ['events', 365 * 86_400],
    ])
    expect(outcomes?.[3]).toEqual({ outcome: 'dropped', reason: 'expired' })
  })

  test('a hash column may be a blob, and a column may be left alone', async () => {
    const { written } = await write({ table: 'blobs', hash: { of: ['id'] } }, [{ value: { id: 'a' } }])
    expect(written[0]!.values).toEqual({ id: 'a', hash: Buffer.from(canonicalHash(['a']), 'hex') })
    const config = { ...insert, columns: { ...insert.columns, note: null } }
    expect((await write(config, [event({ note: 'x' })])).written[0]!.values).not.toHaveProperty('note')
  })

  test('refuses a record without key, without touching the others; its followers wait', async () => {
    const records = [
      { ...event({ userId: null }), key: 'a' },
      { ...event(), key: 'a' },
      { ...event(), key: 'b' },
      { value: null, key: 'c' },
    ]
    const { written, outcomes } = await write(insert, records)
    expect(written.map(({ orderKey }) => orderKey)).toEqual(['b'])
    expect(outcomes).toEqual([
      { outcome: 'refused', error: expect.objectContaining({ code: 'RECORD_INVALID', kind: 'permanent' }) },
      { outcome: 'untried' },
      { outcome: 'stored' },
      { outcome: 'refused', error: expect.objectContaining({ code: 'RECORD_INVALID' }) },
    ])
  })

  test('passes the table’s answers on, to the right records', async () => {
    const error = permanentError('ROW_REFUSED', 'No.')
    const answer: Answer = (rows) =>
      rows.map(
        (_row, n) =>
          [
            { outcome: 'refused', error } as const,
            { outcome: 'untried' } as const,
            { outcome: 'stored' } as const,
          ][n]!,
      )
    const records = [
      event({}, now - 400 * day),
      { ...event(), key: 'a' },
      { ...event(), key: 'a' },
      { ...event({}, 0), key: 'a' },
      { ...event(), key: 'b' },
    ]
    const { outcomes } = await write(insert, records, answer)
    expect(outcomes?.map(({ outcome }) => outcome)).toEqual([
      'dropped',
      'refused',
      'untried',
      'untried',
      'stored',
    ])
  })

  test('follows the order that the tables keep', async () => {
    expect((await write(insert, [])).writer).toMatchObject({ order: 'batch', concurrency: 1 })
    expect((await write(insert, [], allStored, 'record')).writer).toMatchObject({ order: 'record' })
  })
})

describe('mode latest', () => {
  const latest = { table: 'users', mode: 'latest', sequence: 'version', base: 1000 }

  test('takes the timestamp from the sequence, and deletes what is not there', async () => {
    const { written } = await write(latest, [{ value: { userId: 'u', version: 7 } }])
    expect(written[0]).toMatchObject({
      timestampMicros: 1007,
      values: { user_id: 'u', name: null, version: 7 },
    })
    expect(written[0]).not.toHaveProperty('ttlSeconds')
  })

  test.each([null, 1.5, '7', 2 ** 60])('refuses %s as a sequence', async (version) => {
    const { outcomes } = await write(latest, [{ value: { userId: 'u', version } }])
    expect(outcomes).toEqual([
      { outcome: 'refused', error: expect.objectContaining({ code: 'RECORD_INVALID' }) },
    ])
  })
})

describe('the config', () => {
  test.each([
    [{ ...insert, table: 'nothing' }, 'TABLE_UNKNOWN'],
    [{ ...insert, columns: { nothing: 'a' } }, 'CONFIG_INVALID'],
    [{ ...insert, bucket: { column: 'nothing', by: 'day' } }, 'CONFIG_INVALID'],
    [{ ...insert, variants: { by: 'x', when: { y: { table: 'nothing' } } } }, 'TABLE_UNKNOWN'],
  ])('%j is refused when the sink opens', async (config, code) => {
    await expect(write(config, [])).rejects.toMatchObject({ code, kind: 'fatal' })
  })

  test('knows which fields belong to which mode', () => {
    expect(() => table.config.parse({ table: 'users', mode: 'latest' })).toThrow(/sequence/)
    expect(() => table.config.parse({ table: 'users', sequence: 'v' })).toThrow(/sequence/)
    expect(() =>
      table.config.parse({ table: 'users', mode: 'latest', sequence: 'v', retention: '1d' }),
    ).toThrow(/mode insert only/)
  })
})

describe('rules of rows', () => {
  test('a row never lives longer than its retention says, and never for ever by mistake', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 1, max: 40 * 365 * day }),
        fc.integer({ min: 0, max: 4e12 }),
        (eventTime, retention, time) => {
          const ttl = ttlOf(eventTime, retention, time)
          expect(ttl).not.toBe(0)
          if (ttl < 0) expect(eventTime + retention - time).toBeLessThan(1000)
          else {
            expect(time + ttl * 1000).toBeLessThanOrEqual(eventTime + retention)
            expect(ttl).toBeLessThanOrEqual(630_720_000)
          }
        },
      ),
    )
    expect(ttlOf(0, undefined, now)).toBe(0)
  })

  test('a row depends on the event alone: writing it again later changes only how long it has left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: now - 300 * day, max: now }), fc.string(), async (time, action) => {
        const [first, again] = (await write(insert, [event({ action }, time), event({ action }, time)]))
          .written
        expect(again).toEqual(first)
        expect(first!.timestampMicros).toBe(time * 1000)
        expect(first!.values['bucket']).toBe(bucketOf(time, 'month'))
      }),
      { numRuns: 50 },
    )
  })

  const json = fc.jsonValue({ maxDepth: 2 })

  test('different values have different encodings, however they are put together', () => {
    const lists = fc.array(fc.oneof(json, fc.bigInt(), fc.double({ noNaN: true })), { maxLength: 4 })
    const key = (values: readonly unknown[]): string => JSON.stringify(values, ordered)
    fc.assert(
      fc.property(lists, lists, (left, right) => {
        expect(left.map(canonical).join('') === right.map(canonical).join('')).toBe(key(left) === key(right))
      }),
      { numRuns: 2000 },
    )
    expect(canonicalHash(['a', 'bc'])).not.toBe(canonicalHash(['ab', 'c']))
    expect(canonicalHash(['a', null])).not.toBe(canonicalHash([null, 'a']))
    expect(canonicalHash(['1'])).not.toBe(canonicalHash([1]))
  })

  test('equal values have one hash, whatever their encoding', () => {
    expect(canonicalHash([5, undefined, { a: 1, b: undefined, c: [2] }])).toBe(
      canonicalHash([5n, null, { c: [2n], a: 1 }]),
    )
    expect(canonicalHash([new Map([['x', 1]]), new Date(5)])).toBe(canonicalHash([{ x: 1 }, 5]))
    expect(canonicalHash([Buffer.from('ab')])).toBe(canonicalHash([new Uint8Array([97, 98])]))
  })

  test('the hash of an event is what it was: stored rows have it in their key', () => {
    expect(canonicalHash(['e1', 'shop', 1_700_000_000_000, null, true, 1.5])).toBe(
      'b482254fd6a0ab065e677a36ee8374a4',
    )
  })
})

/** JSON in which equal values have equal texts: -0 is 0, bigints are numbers, names are sorted. */
function ordered(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { int: String(BigInt(value)) } : { float: String(value) }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if ('int' in value || 'float' in value) return value
  return { object: Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)) }
}
