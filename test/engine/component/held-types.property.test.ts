// Records that wait in a sequence or for a time, while versions of their types are deployed: they go on as if they were read then.
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { avroTypesCodec } from '../../../engine/avro/types-codec.ts'
import { createEncoder } from '../../../engine/avro/codec.ts'
import type { RegisteredSchema, SchemaRegistry } from '../../../engine/avro/registry.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import type { ValueCodec } from '../../../engine/component/codec.ts'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import type { Due, Emission, Owing } from '../../../engine/component/contracts/owing.ts'
import type { KeyValueStore } from '../../../engine/component/contracts/state.ts'
import { materialize, type Operator, type OperatorScope } from '../../../engine/component/operator.ts'
import { resequence } from '../../../engine/component/operators/resequence.ts'
import { schedule } from '../../../engine/component/operators/schedule.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { batchOf, RecordBatch } from '../../../engine/component/record-batch.ts'
import { createKeyValueStore } from '../../../engine/state/key-value-store.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'

const record = (name: string, fields: readonly object[]): object => ({
  ...{ type: 'record', namespace: 'shop', name, fields },
})
const field = (name: string, type: unknown, rest: object = {}): object => ({ name, type, ...rest })
const note = field('note', ['null', 'string'], { default: null })

/** Each version reads what those before it wrote: numbers grow, fields come with defaults, go, and get other names. */
const versions = [
  [field('n', 'int'), field('x', 'string'), field('gone', 'int')],
  [field('n', 'long'), field('x', 'string'), field('gone', 'int'), note],
  [field('n', 'long'), field('y', 'string', { aliases: ['x'], default: '?' }), note],
  [
    field('n', 'double'),
    field('y', 'string', { aliases: ['x'] }),
    note,
    field('tags', { type: 'array', items: 'string' }, { default: [] }),
  ],
].map((fields) => record('Order', fields))
const other = record('Refund', [field('n', 'long'), field('why', 'string')])
const registered = [...versions, other].map((json, id): RegisteredSchema => ({
  id,
  schema: schemaFrom(json, `${id}`),
}))
const registry: SchemaRegistry = {
  byId: (id) => registered[id]?.schema,
  load: (id) => Promise.resolve(registered[id]!.schema),
  latest: () => Promise.reject(new Error('nobody asks')),
}
const encoders = registered.map((schema) => createEncoder(schema))

function written(writer: number, n: number): Buffer {
  const all: Record<string, unknown> = {
    n,
    x: `x${n}`,
    y: `x${n}`,
    gone: n,
    why: `w${n}`,
    note: `${n}`,
    tags: ['t'],
  }
  const { root } = registered[writer]!.schema
  const names = root.kind === 'record' ? root.fields.map(({ name }) => name) : []
  return encoders[writer]!(Object.fromEntries(names.map((name) => [name, all[name]])))
}

/** What a deployment reads: the orders of that version, and refunds. */
const codecOf = (version: number): ValueCodec =>
  avroTypesCodec(registry, [registered[version]!, registered[versions.length]!])

interface Arrival {
  /** Version that writes it, of those that are there by then; `refund` for the other type. */
  readonly writer: number | 'refund'
  /** What a node makes of it first: nothing, the same, or no record of its type any more. */
  readonly made: 'nothing' | 'same' | 'more'
}

/** A node in a partition: its records, its commits, crashes and deployments. */
class Held {
  readonly out: { readonly emission: Emission; readonly value: unknown }[] = []
  readonly #operators: readonly Operator[]
  readonly #blocks: StateBlock[] = []
  readonly #records = new FakeLineage()
  readonly #owed = new FakeLineage()
  readonly #bytes: Buffer[] = []
  /** What a node had made of a record when it came last. */
  readonly #derived: unknown[] = []
  #entries!: KeyValueStore
  #owing!: Owing
  #input!: Subject<RecordBatch>
  #underWay: Due[] = []
  #rows = 0
  #version = 0
  #codec!: ValueCodec
  next = 0
  committed = 0
  readonly #arrivals: readonly Arrival[]
  readonly #order: readonly number[]

  constructor(operators: readonly Operator[], arrivals: readonly Arrival[], order: readonly number[]) {
    this.#operators = operators
    this.#arrivals = arrivals
    this.#order = order
    this.start(0)
  }

  /** The worker starts (again), with that version. */
  start(version: number): void {
    this.#version = Math.max(this.#version, version)
    this.#codec = codecOf(this.#version)
    this.#entries = createKeyValueStore({ name: 'held' })
    this.#input = new Subject()
    const scope = {
      clock: { now: () => 0 },
      holding: false,
      store: () => this.#entries,
      types: () => this.#codec.types,
      owe: (owing: Owing) => (this.#owing = owing),
      isReleased: () => false,
      inputOf: () => 0,
      follow: () => false,
      count: () => undefined,
      absorb: () => undefined,
      fail: (_batch: RecordBatch, _i: number, error: unknown) => {
        throw error
      },
    } as unknown as OperatorScope
    this.#input.pipe(materialize(this.#operators[0]!, scope)).subscribe()
    for (const block of this.#blocks) this.#entries.restore(block)
    this.#underWay = []
    this.next = this.committed
    this.#send()
  }

  get version(): number {
    return this.#version
  }

  take(count: number): void {
    for (let n = 0; n < count && this.next < this.#arrivals.length; n++) {
      const offset = this.next++
      const { writer, made } = this.#arrivals[offset]!
      const number = this.#order[offset]!
      const by = writer === 'refund' ? versions.length : Math.min(writer, this.#version)
      this.#bytes[offset] ??= written(by, number)
      const one = { key: Buffer.from('k'), value: this.#bytes[offset], headers: [], timestamp: number * 10 }
      const records = packRecords('in', 0, [one], offset)
      const origin = { records, eventTimes: Float64Array.of(offset * 10), codec: this.#codec }
      const batch = batchOf({ ...origin, lineage: this.#records, lineageBase: offset })
      const value = batch.value(0)
      this.#derived[offset] = made === 'more' ? { ...(value as object), more: true } : undefined
      const values = made === 'nothing' ? undefined : [this.#derived[offset] ?? value]
      this.#input.next(new RecordBatch(batch.origin, batch.rows, 1, values))
    }
  }

  commit(back: number): void {
    for (const due of this.#underWay.splice(0)) due.settle('stored', this.#owed, this.#rows++)
    this.committed = Math.max(this.committed, this.next - back)
    const has = (lineage: unknown, row: number): boolean => lineage === this.#owed || row < this.committed
    this.#blocks.push(...this.#entries.seal({ has }).blocks)
    this.#entries.committed()
    this.#send()
  }

  #send(): void {
    for (const due of this.#owing.due(3)) {
      this.#underWay.push(due)
      if (due.emission === undefined) continue
      const { value } = due.emission
      const sent = value !== null && typeof value === 'object' && 'record' in value ? value.record : value
      const number = Number((sent as { n: unknown }).n)
      expect([due.emission.type, sent]).toEqual(this.#expected(number))
      this.out.push({ emission: due.emission, value: sent })
    }
  }

  #expected(number: number): readonly [string, unknown] {
    const offset = this.#order.indexOf(number)
    const { writer } = this.#arrivals[offset]!
    const bytes = this.#bytes[offset]!
    const now = this.#codec.decode(bytes, 0, bytes.length)
    return [writer === 'refund' ? 'shop.Refund' : 'shop.Order', this.#derived[offset] ?? now]
  }
}

const sequence = resequence({
  ...{ by: 'n', withinMs: 1e9, first: 0, most: 1000, memory: 1e9, forget: undefined },
  ...{ gaps: 'gaps', late: 'late' },
})
const timers = [
  schedule({
    ...{ due: { after: 35 }, starts: undefined, cancels: undefined, id: 'n', repeats: undefined },
    ...{ keep: 'last', clock: 'event', idle: undefined, grace: 0, as: undefined },
  }),
]

const course = fc.record({
  arrivals: fc.array(
    fc.record({
      writer: fc.oneof(
        { weight: 4, arbitrary: fc.nat(3) },
        { weight: 1, arbitrary: fc.constant('refund' as const) },
      ),
      made: fc.constantFrom('nothing' as const, 'nothing' as const, 'same' as const, 'more' as const),
    }),
    { minLength: 1, maxLength: 20 },
  ),
  shuffle: fc.infiniteStream(fc.nat(4)),
  steps: fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ act: fc.constant('take' as const), by: fc.integer({ min: 1, max: 5 }) }),
      },
      { weight: 4, arbitrary: fc.record({ act: fc.constant('commit' as const), by: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('start' as const), by: fc.nat(1) }) },
    ),
    { maxLength: 30 },
  ),
})

test.each([
  ['sequence', sequence],
  ['timers', timers],
])('%s: what waited has its type, and is read as the newest version reads it', (kind, operators) => {
  let deployed = 0
  fc.assert(
    fc.property(course, ({ arrivals, shuffle, steps }) => {
      const order = arrivals.map((_, n) => n)
      if (kind === 'sequence')
        for (let n = 0; n < order.length; n++) {
          const to = Math.min(order.length - 1, n + (shuffle.next().value as number))
          const moved = order[n]!
          order[n] = order[to]!
          order[to] = moved
        }
      const held = new Held(operators, arrivals, order)
      for (const { act, by } of steps) {
        if (act === 'take') held.take(by)
        else if (act === 'commit') held.commit(by)
        else held.start(Math.min(versions.length - 1, held.version + by))
      }
      deployed += held.version
      held.start(versions.length - 1)
      held.take(arrivals.length)
      for (let n = 0; n < arrivals.length + 2; n++) held.commit(0)
      const numbers = held.out.map(({ value }) => Number((value as { n: unknown }).n))
      const all = kind === 'sequence' ? arrivals.length : Math.max(0, arrivals.length - 4)
      expect(new Set(numbers).size).toBe(all)
    }),
    { numRuns: 500 },
  )
  expect(deployed).toBeGreaterThan(100)
})
