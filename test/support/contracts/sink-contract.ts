import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { MillraceError, packRecords, RecordBatch, WriteBatch } from '../../../engine/component/index.ts'
import type { Header, RowOutcome, SinkDefinition, SinkWriter } from '../../../engine/component/index.ts'
import { batchOf } from '../../../engine/component/record-batch.ts'
import { codecOf } from '../../../sources/codecs.ts'
import { FakeLineage } from '../fake-lineage.ts'

/** The values of the records that the contract writes. */
export interface Value {
  readonly id: string
  readonly shop: string
  readonly body: string
  readonly n: number | bigint
}

/** What a sink stored of one record: the `id` of its value, and whatever else it keeps. What is absent is not compared. */
export interface Stored {
  readonly id: string | null
  readonly value?: unknown
  /** `topic/partition@offset` of the record. */
  readonly position?: string
  readonly key?: string | null
  /** Event time, milliseconds since 1970. */
  readonly time?: number
  readonly headers?: readonly (readonly [name: string, value: string | null])[]
}

/** A sink under test, open in an environment of its own. */
export interface SinkHarness {
  readonly definition: Pick<SinkDefinition, 'idempotent'>
  readonly writer: SinkWriter
  /** What another process finds at this moment, in the order of storing. */
  readonly stored: () => Promise<readonly Stored[]>
  /** True where the order of storing cannot be seen afterwards (a table). */
  readonly unordered?: boolean
  /** Each makes a good value one that this sink refuses; empty where it refuses nothing. */
  readonly spoil: readonly ((value: Value) => unknown)[]
  readonly tombstones: 'stored' | 'refused'
  /** An event time that this sink drops on purpose. */
  readonly dropsBefore?: number
  /** What the sink writes into is closed; undefined where nothing can be. */
  readonly shut?: (() => Promise<void>) | undefined
  readonly close: () => Promise<void>
}

/** The event time of the first record of a test; each later one is a second later. */
export const firstEvent = Date.UTC(2026, 0, 1)

/** A record of the contract, and what must be stored of it. */
interface Entry extends Required<Omit<Stored, 'headers'>> {
  readonly offset: number
  readonly partition: number
  readonly headers: readonly Header[]
  readonly bytes: Buffer | null
  readonly kind: Kind
}

type Kind = 'good' | 'bad' | 'tombstone'
type Outcomes = RowOutcome['outcome'][]

/** Makes records, writes them, and knows what must be stored by then. */
class Bench {
  readonly harness: SinkHarness
  readonly acknowledged: Entry[] = []
  #made = 0

  constructor(harness: SinkHarness) {
    this.harness = harness
  }

  entry(key: string | null, kind: Kind = 'good', parts: Partial<Entry> & { n?: bigint } = {}): Entry {
    const number = ++this.#made
    const { partition = 0, n = number, ...rest } = parts
    const good = { id: `id-${String(number).padStart(6, '0')}`, shop: 'north', body: `body ${number}`, n }
    const { spoil } = this.harness
    const value = kind === 'tombstone' ? null : kind === 'bad' ? spoil[number % spoil.length]!(good) : good
    // Offsets have gaps, as in a log where other records were removed.
    const offset = number * 3
    const place = { offset, partition, position: `in/${partition}@${offset}` }
    const bytes = value === null ? null : Buffer.from(typeof n === 'bigint' ? '{}' : JSON.stringify(value))
    const id = value === null ? null : good.id
    return { id, key, kind, value, ...place, time: firstEvent + number * 1000, headers: [], bytes, ...rest }
  }

  /** Good records; keys take turns, none comes twice where a batch may not hold one twice. */
  several(count: number, partition = 0): Entry[] {
    const keys = this.harness.writer.order === 'batch' ? 7 : count
    const entry = (n: number) => this.entry(`${partition} ${n % keys}`, 'good', { partition })
    return Array.from({ length: count }, (_, n) => entry(n))
  }

  /** A run of these records. With `derived`, their values were made by a node, and other ones came in. */
  run(entries: readonly Entry[], derived = false): RecordBatch {
    const raw = Buffer.from('{"id":"raw","shop":"raw","body":"raw","n":0}')
    const plain = entries.map(({ key, bytes, headers }) => {
      const [keyBytes, value] = [key === null ? null : Buffer.from(key), derived ? raw : bytes]
      return { key: keyBytes, value, headers, timestamp: 1 }
    })
    const offsets = entries.map(({ offset }) => offset)
    const records = packRecords('in', entries[0]?.partition ?? 0, plain, 0, offsets)
    const eventTimes = Float64Array.from(entries, ({ time }) => time)
    const codec = codecOf('json')
    const batch = batchOf({ records, eventTimes, codec, lineage: new FakeLineage(), lineageBase: 0 })
    const values = entries.map(({ value }) => value)
    return derived ? new RecordBatch(batch.origin, batch.rows, batch.length, values) : batch
  }

  /** Writes these records (as one run, unless a batch of them is given), and notes what was acknowledged. */
  async write(entries: readonly Entry[], batch = new WriteBatch(this.run(entries))): Promise<Outcomes> {
    const answer = (await this.harness.writer.write(batch)) ?? entries.map(() => stored)
    expect(answer).toHaveLength(entries.length)
    answer.forEach((outcome, n) => {
      if (outcome.outcome === 'stored') this.acknowledged.push(entries[n]!)
      if (outcome.outcome === 'refused') expectSentence(outcome.error)
      if (outcome.outcome === 'dropped') expect(outcome.reason).toMatch(/^[a-z]\w*$/i)
    })
    return answer.map(({ outcome }) => outcome)
  }

  /** Writes good records, which a sink must all store. */
  async writeAll(entries: readonly Entry[], batch?: WriteBatch): Promise<void> {
    expect(await this.write(entries, batch)).toEqual(entries.map(() => 'stored'))
  }

  /** Everything that was acknowledged is stored, once, in its order; and nothing else. */
  async check(expected: readonly Entry[] = this.acknowledged, anyOrder = this.harness.unordered === true) {
    const found = [...(await this.harness.stored())]
    const wanted = [...expected]
    if (anyOrder) for (const list of [found, wanted]) list.sort(byId)
    expect(found.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
    expect(found).toEqual(wanted.map((entry, n) => partsOf(entry, found[n]!)))
  }

  /** What a sink must answer to these records: those behind a refused one of their key stay untried. */
  expected(entries: readonly Entry[]): Outcomes {
    const refused = new Set<string | null>()
    return entries.map(({ key, kind }) => {
      if (key !== null && refused.has(key)) return 'untried'
      const bad = kind === 'bad' || (kind === 'tombstone' && this.harness.tombstones === 'refused')
      if (bad) refused.add(key)
      return bad ? 'refused' : 'stored'
    })
  }

  /** Writes records by their keys (`-` is none; `!` makes it bad, `~` a tombstone), and checks answers and store. */
  async writeKeys(keys: string): Promise<Entry[]> {
    const words = keys.split(' ').filter(Boolean)
    const entries = words.map((word) => {
      const kind = word.endsWith('!') ? 'bad' : word.endsWith('~') ? 'tombstone' : 'good'
      return this.entry(word.startsWith('-') ? null : word[0]!, kind)
    })
    expect(await this.write(entries)).toEqual(this.expected(entries))
    await this.check()
    return entries
  }
}

const stored: RowOutcome = { outcome: 'stored' }

const byId = ({ id: one }: Stored | Entry, { id: other }: Stored | Entry) =>
  (one ?? '') < (other ?? '') ? -1 : 1

/** What the sink keeps of an entry. */
function partsOf(entry: Entry, kept: Stored): Stored {
  const text = (value: Uint8Array | null) => value && Buffer.from(value).toString('latin1')
  const whole: Stored = { ...entry, headers: entry.headers.map(({ name, value }) => [name, text(value)]) }
  const parts = Object.keys(kept).map((name) => [name, whole[name as keyof Stored]])
  return Object.fromEntries(parts) as Stored
}

function expectSentence(error: unknown): asserts error is MillraceError {
  expect(error).toBeInstanceOf(MillraceError)
  expect((error as Error).message).toMatch(/^[^\n]+\.$/)
}

const cases: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'stores every record once, in order, before it acknowledges it': async (bench) => {
    for (const count of [40, 1, 25]) {
      await bench.writeAll(bench.several(count))
      await bench.check()
    }
  },
  'leaves the same when a batch is written again, or everything twice if it says so': async (bench) => {
    const { definition, stored } = bench.harness
    const entries = bench.several(12)
    await bench.writeAll(entries)
    const before = await stored()
    await bench.writeAll(entries)
    if (definition.idempotent) expect(await stored()).toEqual(before)
    else await bench.check([...entries, ...entries])
  },
  'a refused record fails no other': async (bench) => {
    for (const _ of bench.harness.spoil) await bench.writeKeys('a b! c')
  },
  'an undecodable value fails no other record': async (bench) => {
    const entries = ['a', 'broken', 'c'].map((key) => bench.entry(key))
    entries[1] = { ...entries[1]!, bytes: Buffer.from('{"id":') }
    const [first, , last] = await bench.write(entries)
    expect([first, last]).toEqual(['stored', 'stored'])
    const ids = (await bench.harness.stored()).map(({ id }) => id)
    for (const n of [0, 2]) expect(ids.filter((id) => id === entries[n]!.id)).toHaveLength(1)
  },
  'leaves those behind a refused record of their key untried, and stores those before it': async (bench) => {
    if (bench.harness.writer.order !== 'batch' || bench.harness.spoil.length === 0) return
    const entries = await bench.writeKeys('a b a! a b a! a')
    // Once the refused ones are out of the way, those that were untried are stored for the first time.
    await bench.writeAll([entries[3]!, entries[6]!])
    await bench.check()
  },
  'stores a tombstone as one, or refuses it': async (bench) => {
    await bench.writeKeys('a b~ c')
  },
  'stores records without key, which hold nobody back': async (bench) => {
    await bench.writeKeys(bench.harness.spoil.length > 0 ? '- -! - -' : '- - -')
  },
  'writes the values that nodes made, also of a part of a run': async (bench) => {
    const entries = bench.several(9)
    const batch = bench.run(entries, true).select(Int32Array.of(1, 2, 5, 8), 4)
    const picked = [1, 2, 5, 8].map((i) => entries[i]!)
    await bench.writeAll(picked, new WriteBatch(batch))
    await bench.check()
  },
  'rounds no whole number beyond 2^53': async (bench) => {
    const exact = bench.entry('a', 'good', { n: 2n ** 53n + 1n })
    const [outcome] = await bench.write([exact], new WriteBatch(bench.run([exact], true)))
    const [first] = await bench.harness.stored()
    if (outcome === 'refused' || first?.value === undefined) return
    expect(String((first.value as Value).n)).toBe('9007199254740993')
  },
  'drops on purpose without holding the key back': async (bench) => {
    const { dropsBefore, writer } = bench.harness
    if (dropsBefore === undefined) return
    const old = bench.entry('a', 'good', { time: dropsBefore })
    const entries = [old, bench.entry(writer.order === 'batch' ? 'a' : 'b')]
    expect(await bench.write(entries)).toEqual(['dropped', 'stored'])
    await bench.check()
  },
  'keeps headers whatever their names are': async (bench) => {
    const named = ['trace', 'constructor', 'toString', '__proto__', 'naïve', 'trace']
    const headers = named.map((name, n) => ({ name, value: Buffer.from(`value ${n}`) }))
    const odd = [...headers, { name: '', value: Buffer.alloc(0) }, { name: 'none', value: null }]
    await bench.writeAll([bench.entry('a', 'good', { headers: odd }), bench.entry('b')])
    await bench.check()
  },
  'takes records that were picked from several runs': async (bench) => {
    const [one, two] = [bench.several(6), bench.several(6, 1)]
    const [first, second] = [bench.run(one), bench.run(two, true)]
    const batch = new WriteBatch()
    batch.push(first, 4)
    batch.push(second, 0)
    for (const alone of [first.detached(5), second.only(3), second.detached(5)]) batch.push(alone, 0)
    await bench.writeAll([one[4]!, two[0]!, one[5]!, two[3]!, two[5]!], batch)
    await bench.check()
  },
  'says limits that make sense, and keeps to them': async (bench) => {
    const { order, maxBatch, concurrency } = bench.harness.writer
    expect(['batch', 'record']).toContain(order)
    const sane = (limit: number) => Number.isInteger(limit) && limit >= 1 && limit <= 100_000
    expect([maxBatch, concurrency].filter(sane)).toHaveLength(2)
    if (order === 'batch') expect(concurrency).toBe(1)
    await bench.writeAll(bench.several(maxBatch))
    expect(await bench.write([])).toEqual([])
    await bench.check()
  },
  'keeps batches apart that several tasks write at once': async (bench) => {
    const { stored, unordered } = bench.harness
    const tasks = [0, 1, 2, 3].map((partition) => bench.several(10, partition))
    await Promise.all(tasks.map((entries) => bench.writeAll(entries)))
    await bench.check(tasks.flat(), true)
    if (unordered === true) return
    const order = (await stored()).map(({ id }) => id)
    for (const entries of tasks) {
      const places = entries.map(({ id }) => order.indexOf(id))
      expect(places).toEqual([...places].sort((one, other) => one - other))
    }
  },
  'neither changes a batch nor needs it once it has answered': async (bench) => {
    const entries = bench.several(20)
    const run = bench.run(entries)
    const { bytes } = run.origin.records
    const before = Buffer.from(bytes)
    await bench.writeAll(entries, new WriteBatch(run))
    expect(bytes.equals(before)).toBe(true)
    bytes.fill(0)
    await bench.check()
  },
  'may be closed twice': async (bench) => {
    await bench.writeAll(bench.several(3))
    for (let turn = 0; turn < 2; turn++) await bench.harness.writer.close()
    await bench.check()
  },
  'fails in one sentence where the store was closed, and stores nothing': async (bench) => {
    const { shut, writer } = bench.harness
    if (shut === undefined) return
    await bench.writeAll(bench.several(3))
    await shut()
    const late = new WriteBatch(bench.run(bench.several(3)))
    // Sinks may throw, reject, or refuse each record.
    const write = async () => writer.write(late)
    const failed: unknown = await write().catch((error: unknown) => ({ error }))
    const { error } = (Array.isArray(failed) ? failed[0] : failed) as { readonly error?: unknown }
    expectSentence(error)
    expect(['downstream', 'fatal']).toContain(error.kind)
    await bench.check()
  },
  'answers truly where the store closes in the middle of a write': async (bench) => {
    const { shut, stored } = bench.harness
    if (shut === undefined) return
    const entries = bench.several(50)
    const writing = bench.write(entries).catch(expectSentence)
    await shut()
    if ((await writing) !== undefined) return bench.check()
    const ids = entries.map(({ id }) => id)
    for (const { id } of await stored()) expect(ids).toContain(id)
  },
  'answers for each record of any batch': async (bench) => {
    const { spoil, writer } = bench.harness
    const kind = fc.constantFrom('', '', '~', ...(spoil.length > 0 ? ['!'] : []))
    const word = fc.tuple(fc.constantFrom(...'abcd--'), kind).map((parts) => parts.join(''))
    // Where a batch may not hold a key twice, only `-` comes twice.
    const unique = { maxLength: 25, selector: (text: string) => (text.startsWith('-') ? {} : text[0]) }
    const words = writer.order === 'batch' ? fc.array(word, { maxLength: 25 }) : fc.uniqueArray(word, unique)
    const property = fc.asyncProperty(words, async (given) => void (await bench.writeKeys(given.join(' '))))
    // The store goes on from one batch to the next, so that a failure cannot be shrunk.
    await fc.assert(property, { numRuns: 25, endOnFailure: true })
  },
}

/** The promises one by one, so that a test can show that broken sinks break them. */
export const sinkCases: readonly (readonly [title: string, run: (harness: SinkHarness) => Promise<void>])[] =
  Object.entries(cases).map(([title, run]) => [title, (harness) => run(new Bench(harness))])

/**
 * What every sink promises (engine/component/contracts/sink.ts). `make` is called for each test, for an environment of its
 * own. `defects` are titles of promises that the sink is known to break: such a test fails as soon as it keeps them.
 */
export function sinkContract(name: string, make: () => Promise<SinkHarness>, defects: string[] = []): void {
  describe(`${name} keeps the sink contract`, () => {
    jest.setTimeout(20_000)
    let harness: SinkHarness

    beforeEach(async () => {
      harness = await make()
    })
    afterEach(() => harness.close())

    for (const [title, run] of sinkCases) {
      const register = defects.includes(title) ? test.failing : test
      register(title, () => run(harness))
    }
  })
}
