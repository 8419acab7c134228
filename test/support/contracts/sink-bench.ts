import { expect } from '@jest/globals'
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
export interface Entry extends Required<Omit<Stored, 'headers'>> {
  readonly offset: number
  readonly partition: number
  readonly headers: readonly Header[]
  readonly bytes: Buffer | null
  readonly kind: Kind
}

type Kind = 'good' | 'bad' | 'tombstone'
type Outcomes = RowOutcome['outcome'][]

/** Makes records, writes them, and knows what must be stored by then. */
export class Bench {
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

/** An error that a person may read: one sentence. */
export function expectSentence(error: unknown): asserts error is MillraceError {
  expect(error).toBeInstanceOf(MillraceError)
  expect((error as Error).message).toMatch(/^[^\n]+\.$/)
}
