import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openProject } from '../../../cli/project/project.ts'
import { systemClock } from '../../../engine/component/contracts/clock.ts'
import type { Lineage } from '../../../engine/component/lineage.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { batchOf, RecordBatch } from '../../../engine/component/record-batch.ts'
import { WriteBatch } from '../../../engine/component/write-batch.ts'
import { codecOf } from '../../../sources/codecs.ts'
import { clockContract } from '../../support/contracts/clock-contract.ts'
import {
  lookupContract,
  type LookupHarness,
  lookupMigration,
} from '../../support/contracts/lookup-contract.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { batchOfValues } from '../../support/fake-scope.ts'
import { Random } from '../../support/harness-records.ts'
import { Life } from '../../support/model-life.ts'

/** Lets at least so much time go by; whatever the system was to run by then has run. */
async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  await new Promise((resolve) => setImmediate(resolve))
}

clockContract('The system clock', () => ({ clock: systemClock, pass: wait }))

async function passOn(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms)
  await new Promise((resolve) => setImmediate(resolve))
}

clockContract('The fake clock', () => {
  const clock = new FakeClock()
  return { clock, pass: (ms) => passOn(clock, ms) }
})

clockContract('The clock of a life in the model cluster', () => {
  const time = new FakeClock()
  return { clock: new Life('one', time, new Random(1)).clock, pass: (ms) => passOn(time, ms) }
})

test('a timer of the system clock does not keep the process alive', () => {
  const clock = join(import.meta.dirname, '../../../engine/component/contracts/clock.ts')
  const code = `import { systemClock } from ${JSON.stringify(clock)}
    systemClock.after(3_600_000, () => console.log('ran'))
    console.log('set')`
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code]
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toBe('set\n')
})

const lookupDefects = ['what is done to a key afterwards changes no row that was answered']

async function embeddedLookup(): Promise<LookupHarness> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-lookup-'))
  mkdirSync(join(dir, 'cql'))
  writeFileSync(join(dir, 'cql/0001-rows.cql'), lookupMigration)
  const clock = new FakeClock()
  const open = () => openProject({ cwd: dir, project: dir, clock })
  const project = await open()
  project.acquireWorkerLock()
  return {
    tables: project.tables,
    async writeBeside(rows) {
      const other = await open()
      await other.tables.write(rows)
      await other.close()
    },
    pass: (seconds) => clock.advance(seconds * 1000),
    shut: () => project.close(),
    async close() {
      await project.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

lookupContract('A lookup in embedded tables', embeddedLookup, lookupDefects)

/** A record as plain as can be: what a batch must say of it, whatever was selected, copied or derived. */
interface Plain {
  readonly key: string | null
  /** The JSON that came in; null for a tombstone. */
  readonly json: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly offset: number
  readonly time: number
  readonly lineageRow: number
  /** Set once a node derived another value. */
  readonly derived?: { readonly value: unknown }
}

/** Where a batch comes from: how many bytes it copied, and whose tokens it gave back. */
class Told implements Lineage {
  readonly copies: [row: number, bytes: number][] = []
  readonly released: number[] = []
  retain(): void {}
  release(): void {}
  judge(): void {}
  whenSettled(): void {}
  readonly verdict = () => undefined
  copied(row: number, bytes: number): void {
    this.copies.push([row, bytes])
  }
  releaseAll(rows: Int32Array, length: number, base: number): void {
    for (let n = 0; n < length; n++) this.released.push(rows[n]! + base)
  }
}

const lineageBase = 100

const plainRecords = fc
  .array(
    fc.record({
      key: fc.option(fc.string({ unit: 'binary' })),
      json: fc.option(fc.json({ maxDepth: 1 })),
      headers: fc.array(fc.tuple(fc.string(), fc.option(fc.string())), { maxLength: 3 }),
      gap: fc.nat(5),
      time: fc.nat(4e12),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((given) => {
    let offset = 2 ** 40
    return given.map(({ gap, ...rest }, n): Plain => {
      offset += gap + 1
      return { ...rest, offset, lineageRow: lineageBase + n }
    })
  })

function batchFrom(plain: readonly Plain[], lineage = new Told()): RecordBatch {
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
  const given = plain.map(({ key, json, headers }) => {
    const packed = headers.map(([name, value]) => ({ name, value: bytes(value) }))
    return { key: bytes(key), value: bytes(json), headers: packed, timestamp: 7 }
  })
  const offsets = plain.map(({ offset }) => offset)
  const records = packRecords('in', 3, given, 0, offsets)
  const eventTimes = Float64Array.from(plain, ({ time }) => time)
  return batchOf({ records, eventTimes, codec: codecOf('json'), lineage, lineageBase })
}

function expectSame(batch: RecordBatch, plain: readonly Plain[]): void {
  expect([batch.topic, batch.partition, batch.length]).toEqual(['in', 3, plain.length])
  const seen = plain.map((_, i) => ({
    key: batch.key(i)?.toString() ?? null,
    hasKeyText: batch.keyText(i) !== undefined,
    headers: batch.headers(i).map(({ name, value }) => [name, value && Buffer.from(value).toString()]),
    offset: batch.offset(i),
    time: batch.timestamp(i),
    lineageRow: batch.lineageRow(i),
    value: batch.value(i),
    isTombstone: batch.isTombstone(i),
  }))
  const wanted = plain.map(({ json, derived, ...rest }) => ({
    ...rest,
    hasKeyText: rest.key !== null,
    value: derived === undefined ? (json === null ? null : JSON.parse(json)) : derived.value,
    isTombstone: derived === undefined ? json === null : derived.value === null,
  }))
  expect(seen).toEqual(wanted)
}

/** What a node may do with a batch, at random, beside the same done to plain records. */
const change = fc.record({ to: fc.constantFrom('select', 'only', 'detached', 'derive'), bits: fc.nat(0xfff) })

function apply(batch: RecordBatch, plain: readonly Plain[], { to, bits }: { to: string; bits: number }) {
  if (to === 'derive') {
    const values = plain.map((_, i) => (i % 3 === 0 ? null : { made: bits + i }))
    const derived = plain.map((one, i) => ({ ...one, derived: { value: values[i] } }))
    return [new RecordBatch(batch.origin, batch.rows, batch.length, values), derived] as const
  }
  if (to === 'select') {
    const kept = plain.flatMap((_, i) => ((bits >> i) & 1 || i === 0 ? [i] : []))
    // Indexes may stand in an array that is longer than what is used of it.
    const indexes = Int32Array.from([...kept, -1, -1])
    return [batch.select(indexes, kept.length), kept.map((i) => plain[i]!)] as const
  }
  const i = bits % plain.length
  return [to === 'only' ? batch.only(i) : batch.detached(i), [plain[i]!]] as const
}

describe('a record batch', () => {
  test('says the same of its records whatever was selected, copied or derived, and never changes', () => {
    fc.assert(
      fc.property(plainRecords, fc.array(change, { maxLength: 6 }), (plain, changes) => {
        const steps: (readonly [RecordBatch, readonly Plain[]])[] = [[batchFrom(plain), plain]]
        for (const each of changes) steps.push(apply(...steps.at(-1)!, each))
        for (const [batch, records] of steps) expectSame(batch, records)
      }),
    )
  })

  test('a record that was copied out needs the buffer no more, and says so', () => {
    fc.assert(
      fc.property(plainRecords, fc.nat(11), (plain, at) => {
        const lineage = new Told()
        const batch = batchFrom(plain, lineage)
        const i = at % plain.length
        const alone = batch.detached(i)
        batch.origin.records.bytes.fill(0)
        expectSame(alone, [plain[i]!])
        expectSame(alone.detached(0).only(0), [plain[i]!])
        const { length } = alone.origin.records.bytes
        expect(lineage.copies).toEqual(Array(2).fill([lineageBase + i, length]))
      }),
    )
  })

  test('gives back one token for each of its records, also of copies', () => {
    const lineage = new Told()
    const plain = fc.sample(plainRecords, { numRuns: 1, seed: 1 })[0]!
    const batch = batchFrom(
      [...plain, ...plain].map((one, n) => ({ ...one, offset: n })),
      lineage,
    )
    batch.select(Int32Array.of(0, 1), 2).releaseAll()
    batch.detached(1).releaseAll()
    batch.only(0).releaseAll('dropped')
    expect(lineage.released).toEqual([0, 1, 1, 0].map((row) => lineageBase + row))
  })

  test('keys are equal as text when they are equal as bytes, and only then', () => {
    const keys = fc.uint8Array({ maxLength: 3, max: 3 })
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        const given = [one, other].map((key) => ({ key, value: null, headers: [], timestamp: 1 }))
        const records = packRecords('in', 0, given, 0)
        const codec = codecOf('json')
        const batch = batchOf({
          records,
          eventTimes: records.timestamps,
          codec,
          lineage: new Told(),
          lineageBase,
        })
        expect(batch.keyText(0) === batch.keyText(1)).toBe(Buffer.compare(one, other) === 0)
      }),
    )
  })

  test('a value that does not decode throws a permanent error, and the others are as they were', () => {
    const [good, bad] = [
      { key: 'a', headers: [], time: 1 },
      { key: 'b', headers: [], time: 2 },
    ]
    const batch = batchFrom([
      { ...bad, json: '{', offset: 1, lineageRow: 100 },
      { ...good, json: '1', offset: 2, lineageRow: 101 },
    ])
    expect(() => batch.value(0)).toThrow(expect.objectContaining({ kind: 'permanent' }))
    expect([batch.value(1), batch.isTombstone(0), batch.keyText(0)]).toEqual([1, false, 'b'])
  })
})

test('what nodes share of a batch is made once for each name, and is not that of another batch', () => {
  const [batch, other] = [[1], [2]].map((values) => batchOfValues(values.map((value) => ({ value }))))
  const made: string[] = []
  const make = (what: string) => () => made.push(what)
  expect([batch!.shared('a', make('a')), batch!.shared('a', make('never'))]).toEqual([1, 1])
  expect([batch!.shared('b', make('b')), other!.shared('a', make('other')), made]).toEqual([
    2,
    3,
    ['a', 'b', 'other'],
  ])
})

test('a write batch holds records of many batches, in the order in which they were put in', () => {
  fc.assert(
    fc.property(
      plainRecords,
      plainRecords,
      fc.array(fc.tuple(fc.boolean(), fc.nat(11))),
      (one, other, picks) => {
        const [first, second] = [batchFrom(one), batchFrom(other)]
        const picked = new WriteBatch()
        for (const [which, at] of picks) {
          const batch = which ? first : second
          picked.push(batch, at % batch.length)
        }
        expect([picked.length, picked.whole]).toEqual([picks.length, undefined])
        picks.forEach(([which, at], n) => {
          const [batch, plain] = which ? ([first, one] as const) : ([second, other] as const)
          expect([picked.batchOf(n), picked.indexOf(n)]).toEqual([batch, at % plain.length])
          expect(picked.record(n).offset).toBe(plain[at % plain.length]!.offset)
          expect(picked.keyText(n)).toBe(batch.keyText(at % plain.length))
        })
        const whole = new WriteBatch(first)
        expect(one.map((_, n) => whole.record(n).offset)).toEqual(one.map(({ offset }) => offset))
        expect([whole.length, whole.whole, whole.indexOf(0)]).toEqual([first.length, first, 0])
        const both = new WriteBatch(first, second)
        expect([both.length, both.whole, both.parts]).toEqual([
          first.length + second.length,
          undefined,
          [first, second],
        ])
        const all = [...one, ...other]
        expect(all.map((_, n) => both.record(n).offset)).toEqual(all.map(({ offset }) => offset))
        expect([both.batchOf(first.length), both.indexOf(first.length)]).toEqual([second, 0])
      },
    ),
  )
})
