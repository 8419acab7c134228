import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { loadMigrations } from '../../../engine/cql/migrations.ts'
import { parseNamedRead } from '../../../engine/cql/named-reads.ts'
import { EmbeddedTables } from '../../../engine/embedded/tables.ts'

const defaultTtl = 3
const catalogue = loadMigrations([
  {
    path: 'cql/0001-t.cql',
    text: `CREATE TABLE t (p int, c int, a int, b text, PRIMARY KEY (p, c))
      WITH CLUSTERING ORDER BY (c DESC) AND default_time_to_live = ${defaultTtl}`,
  },
])
const upwards = parseNamedRead(
  'cql/queries/up.cql',
  '-- summary: x\n-- param p int\nSELECT c, a, b FROM t WHERE p = :p ORDER BY c ASC',
  catalogue,
).selects[0]!

interface Write {
  readonly type: 'insert' | 'update'
  readonly p: number
  readonly c: number
  readonly a: number | null | undefined
  readonly b: string | null | undefined
  readonly ttl: number | undefined
}
type Operation = { readonly timestamp: number; readonly clock: number } & (
  | Write
  | { readonly type: 'deleteRow'; readonly p: number; readonly c: number }
  | { readonly type: 'deletePartition'; readonly p: number }
)

interface Row {
  readonly p: number
  readonly c: number
  readonly a: number | null
  readonly b: string | null
}

/** One write of one cell, or of a row's marker (value: true). */
interface Version {
  readonly value: number | string | true | null
  readonly timestamp: number
  /** The second at which it ends, or was written where it is a tombstone. */
  readonly end: number
}

const ps = [0, 1]
const cs = [-1, 0, 1]

/**
 * Cassandra, as simple as it can be said: keep every write there ever was; at read, drop those that a deletion covers
 * and take the greatest by (timestamp, ends at all, tombstone, end, bytes of the value).
 */
function model(operations: readonly Operation[], now: number): Row[] {
  const rows: Row[] = []
  for (const p of ps) {
    for (const c of [...cs].reverse()) {
      const shadow = Math.max(
        -1,
        ...operations.filter((one) => covers(one, p, c)).map((one) => one.timestamp),
      )
      const writes = operations.filter(
        (one): one is Write & Operation =>
          (one.type === 'insert' || one.type === 'update') &&
          one.p === p &&
          one.c === c &&
          one.timestamp > shadow,
      )
      const marker = greatest(writes.filter(({ type }) => type === 'insert').map((one) => version(one, true)))
      const a = greatest(writes.flatMap((one) => (one.a === undefined ? [] : [version(one, one.a)])))
      const b = greatest(writes.flatMap((one) => (one.b === undefined ? [] : [version(one, one.b)])))
      const row = { p, c, a: live(a, now) as number | null, b: live(b, now) as string | null }
      if (live(marker, now) !== null || row.a !== null || row.b !== null) rows.push(row)
    }
  }
  return rows
}

function covers(operation: Operation, p: number, c: number): boolean {
  if (operation.type === 'deletePartition') return operation.p === p
  return operation.type === 'deleteRow' && operation.p === p && operation.c === c
}

function version(
  { timestamp, clock, ttl = defaultTtl }: Write & Operation,
  value: Version['value'],
): Version {
  return { value, timestamp, end: value === null ? clock : ttl === 0 ? Infinity : clock + ttl }
}

function greatest(versions: readonly Version[]): Version | undefined {
  const rank = (one: Version) => [
    one.timestamp,
    Number(one.end !== Infinity),
    Number(one.value === null),
    one.end,
  ]
  return [...versions].sort((left, right) => {
    const [a, b] = [rank(left), rank(right)]
    const at = a.findIndex((value, index) => value !== b[index])
    if (at >= 0) return b[at]! - a[at]!
    return Buffer.compare(bytesOf(right.value), bytesOf(left.value))
  })[0]
}

function bytesOf(value: Version['value']): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  const bytes = Buffer.alloc(4)
  if (typeof value === 'number') bytes.writeInt32BE(value)
  return bytes
}

function live(found: Version | undefined, now: number): Version['value'] {
  if (found === undefined || found.value === null) return null
  return found.end > now ? found.value : null
}

const key = { p: fc.constantFrom(...ps), c: fc.constantFrom(...cs) }
const when = { timestamp: fc.nat(3), clock: fc.nat(5) }
const write = fc.record({
  ...key,
  ...when,
  type: fc.constantFrom('insert' as const, 'update' as const),
  a: fc.constantFrom(undefined, null, -1, 1),
  b: fc.constantFrom(undefined, null, '', 'x', 'y'.repeat(300)),
  ttl: fc.constantFrom(undefined, 0, 0, 1, 2),
})
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: write },
  { weight: 1, arbitrary: fc.record({ ...key, ...when, type: fc.constant('deleteRow' as const) }) },
  { weight: 1, arbitrary: fc.record({ p: key.p, ...when, type: fc.constant('deletePartition' as const) }) },
)
type Chore = 'none' | 'flush' | 'sweep' | 'reopen' | 'get' | 'batch'
const chore = fc.constantFrom<Chore>('none', 'none', 'flush', 'sweep', 'reopen', 'get', 'batch', 'batch')

class Subject {
  readonly #db = new DatabaseSync(':memory:')
  readonly #memoryBytes: number
  #clock = 0
  tables: EmbeddedTables
  #batch: (Write & Operation)[] = []

  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes
    this.tables = this.#open()
  }

  #open(): EmbeddedTables {
    return new EmbeddedTables(this.#db, catalogue, {
      now: () => this.#clock * 1000,
      memoryBytes: this.#memoryBytes,
    })
  }

  apply(one: Operation, chore: Chore): void {
    if (one.type === 'insert' || one.type === 'update') {
      // Rows of one call share its clock.
      if (this.#batch.length > 0 && this.#batch[0]?.clock !== one.clock) this.send()
      this.#batch.push(one)
      if (chore === 'batch') return
    }
    this.send()
    this.#clock = one.clock
    if (one.type === 'deleteRow') this.tables.deleteRow('t', { p: one.p, c: one.c }, one.timestamp)
    if (one.type === 'deletePartition') this.tables.deletePartition('t', { p: one.p }, one.timestamp)
    if (chore === 'flush') this.tables.flush()
    if (chore === 'sweep') this.tables.sweep(2)
    if (chore === 'reopen') this.tables = this.#open()
    if (chore === 'get') this.read(one.clock)
  }

  send(): void {
    const [first] = this.#batch
    if (first === undefined) return
    this.#clock = first.clock
    const rows = this.#batch.map(({ type: mode, p, c, a, b, ttl, timestamp }) => {
      return { table: 't', mode, values: { p, c, a, b }, timestampMicros: timestamp, ttlSeconds: ttl }
    })
    expect(this.tables.writeRows(rows).every(({ stored }) => stored)).toBe(true)
    this.#batch = []
  }

  /** The same rows by every way there is to read them. */
  read(now: number): Row[] {
    this.send()
    this.#clock = now
    const rows = [...this.tables.dump('t')] as unknown as Row[]
    const points = ps.flatMap((p) => [...cs].reverse().map((c) => this.tables.get('t', { p, c })))
    expect(points.filter((row) => row !== undefined)).toEqual(rows)
    const ranges = ps.flatMap((p) => {
      return [...this.tables.read(upwards, { p }).rows].reverse().map((row) => ({ p, ...row }))
    })
    expect(ranges).toEqual(rows)
    expect(this.tables.count('t')).toBe(rows.length)
    return rows
  }

  close(): void {
    this.#db.close()
  }
}

describe('tables against a naive Cassandra', () => {
  test('have the same rows whatever came first, and whatever was moved, swept or opened again in between', () => {
    const step = fc.record({ operation, chore })
    const history = fc.array(step, { maxLength: 14 }).chain((steps) => {
      const order = fc.shuffledSubarray([...steps.keys()], {
        minLength: steps.length,
        maxLength: steps.length,
      })
      return fc.tuple(fc.constant(steps), order, fc.constantFrom(1, 700, 1e6))
    })
    fc.assert(
      fc.property(history, ([steps, order, memoryBytes]) => {
        const operations = steps.map((one) => one.operation)
        const [straight, shuffled] = [new Subject(memoryBytes), new Subject(memoryBytes)]
        for (const one of steps) straight.apply(one.operation, one.chore)
        for (const [index, at] of order.entries()) shuffled.apply(steps[at]!.operation, steps[index]!.chore)
        for (const now of [5, 0, 1, 2, 3, 4, 6, 7, 8, 9]) {
          const expected = model(operations, now)
          expect(straight.read(now)).toEqual(expected)
          expect(shuffled.read(now)).toEqual(expected)
        }
        straight.close()
        shuffled.close()
      }),
      { numRuns: 400 },
    )
  })
})
