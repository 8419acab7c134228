import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keyOf } from '../../../engine/component/packed-records.ts'
import type { RecordBatch } from '../../../engine/component/record-batch.ts'
import { WriteBatch } from '../../../engine/component/write-batch.ts'
import { Budget } from '../../../engine/runtime/budget.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import type { LedgerRun } from '../../../engine/runtime/ledger-run.ts'
import { Ledger } from '../../../engine/runtime/ledger.ts'
import { Outbox } from '../../../engine/runtime/outbox.ts'
import { Refusals } from '../../../engine/runtime/refusals.ts'
import { batchFrom, CountingOwner, packed } from '../../support/harness-records.ts'

interface Taken {
  readonly n: number
  readonly ledger: number
  readonly at: number
  readonly run: LedgerRun
  readonly batch: RecordBatch
  isSettled: boolean
}

/** An output by its number, which says what it was made of. */
interface Written {
  readonly record: Taken
  readonly where: string
}

/** Records of some inputs of a task, and what they have in its outbox. Records have numbers, in the order in which they come. */
class Trial {
  readonly outbox = new Outbox(new Budget(1e9, 1e9).share(), new Refusals())
  readonly records: Taken[] = []
  readonly #ledgers: readonly Ledger[]
  readonly #written: Written[] = []
  readonly #left: number[] = []
  #now = 0

  constructor(inputs: number) {
    this.#ledgers = Array.from({ length: inputs }, (_, partition) => {
      return new Ledger({ topic: 'in', partition }, 0, new Intervals(), new CountingOwner())
    })
  }

  /** Some records come in at once. */
  take(many: number, ledger = 0): void {
    this.#now++
    const offset = this.#ledgers[ledger]!.end
    const given = packed(Array.from({ length: many }, (_, n) => ({ offset: offset + n, key: 'k' })))
    const run = this.#ledgers[ledger]!.admit(given, this.#now)
    const batch = batchFrom(given, run)
    for (let row = 0; row < many; row++) {
      const record = { n: this.records.length, ledger, at: this.#now, run, batch: batch.only(row) }
      this.records.push({ ...record, isSettled: false })
    }
  }

  write(record: Taken, key: string, topic = 'out'): void {
    const output = packed([{ offset: 0, key, value: this.#written.length }], topic)
    this.#written.push({ record, where: `${topic}/${key}` })
    this.outbox.add(new WriteBatch(record.batch), { output, sources: undefined, outcomes: undefined })
  }

  settle(record: Taken): void {
    record.isSettled = true
    record.batch.releaseAll('stored')
  }

  /** A commit: whatever must be in it is, and nothing leaves before what was before it. */
  cut(): void {
    this.outbox.holdBack()
    for (const ledger of this.#ledgers) ledger.seal(() => true)
    for (const output of this.outbox.seal()) {
      for (let n = 0; n < output.count; n++) {
        const value = output.bytes.subarray(output.valueStarts[n], output.valueEnds[n])
        this.#leaves(Number(Buffer.from(value).toString()), keyOf(output, n)!.toString())
      }
    }
    this.outbox.committed()
    for (const ledger of this.#ledgers) ledger.committed()
    for (const record of this.records) {
      const mustLeave =
        record.isSettled &&
        this.records.every((one) => one.isSettled || one.at > record.at || one.n > record.n)
      if (mustLeave) expect(this.isOut(record)).toBe(true)
      if (!record.isSettled) expect(this.isOut(record)).toBe(false)
    }
  }

  isOut({ run, batch }: Taken): boolean {
    return run.isSealed(batch.lineageRow(0))
  }

  #leaves(number: number, key: string): void {
    const { record, where } = this.#written[number]!
    expect(where.endsWith(`/${key}`)).toBe(true)
    for (const [before, one] of this.#written.slice(0, number).entries()) {
      if (one.where !== where || one.record.ledger !== record.ledger || one.record.n > record.n) continue
      expect(this.#left).toContain(before)
    }
    this.#left.push(number)
  }
}

type Step =
  | { readonly take: readonly [many: number, ledger: number] }
  | { readonly write: readonly [record: number, key: string, topic: string] }
  | { readonly settle: number }
  | 'cut'

const aStep = (inputs: number): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ take: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(inputs - 1)) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        write: fc.tuple(fc.nat(50), fc.constantFrom('a', 'b', 'c'), fc.constantFrom('out', 'other')),
      }),
    },
    { weight: 4, arbitrary: fc.record({ settle: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.constant<Step>('cut') },
  )

function run(inputs: number, steps: readonly Step[]): void {
  const trial = new Trial(inputs)
  // One of the latest that are open: those are between each other.
  const open = (from: number): Taken | undefined =>
    trial.records
      .filter(({ isSettled }) => !isSettled)
      .slice(-6)
      .at(from % 6)
  for (const step of steps) {
    if (step === 'cut') trial.cut()
    else if ('take' in step) trial.take(...step.take)
    else {
      const record = open('write' in step ? step.write[0] : step.settle)
      if (record === undefined) continue
      if ('write' in step) trial.write(record, step.write[1], step.write[2])
      else trial.settle(record)
    }
  }
  for (const record of trial.records) if (!record.isSettled) trial.settle(record)
  trial.cut()
  expect(trial.records.filter((record) => !trial.isOut(record))).toEqual([])
}

test.each([1, 2, 3])(
  'outputs leave in the order of their records, and none waits for later ones: %i inputs',
  (inputs) => {
    fc.assert(
      fc.property(fc.array(aStep(inputs), { maxLength: 120, size: 'max' }), (steps) => run(inputs, steps)),
      { numRuns: 150 },
    )
  },
)

test('a key that goes on without an end does not keep its records out of the cuts', () => {
  const trial = new Trial(1)
  // Each record has an output at once and one later, when the next one is there already: some record is always open.
  trial.take(1)
  trial.write(trial.records[0]!, 'hot')
  for (let n = 1; n < 50; n++) {
    trial.take(1)
    trial.write(trial.records[n]!, 'hot')
    trial.write(trial.records[n - 1]!, 'hot')
    trial.settle(trial.records[n - 1]!)
    trial.cut()
    expect(trial.isOut(trial.records[n - 1]!)).toBe(true)
  }
})

test('a record waits for an earlier one that is slow, and later ones wait behind its other outputs', () => {
  const trial = new Trial(1)
  trial.take(3)
  const [slow, second, third] = trial.records
  trial.write(slow!, 'a')
  trial.write(second!, 'a')
  trial.write(second!, 'b')
  trial.write(third!, 'b')
  trial.settle(second!)
  trial.settle(third!)
  trial.cut()
  expect([slow, second, third].map((one) => trial.isOut(one!))).toEqual([false, false, false])
  trial.settle(slow!)
  trial.cut()
  expect([slow, second, third].map((one) => trial.isOut(one!))).toEqual([true, true, true])
})
