import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import type { Due } from '../../../engine/component/contracts/owing.ts'
import type { KeyValueStore } from '../../../engine/component/contracts/state.ts'
import { HeldTypes } from '../../../engine/component/operators/held-types.ts'
import { timerName, Timers, type Timer } from '../../../engine/component/operators/schedule/timers.ts'
import { createKeyValueStore } from '../../../engine/state/key-value-store.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'
import {
  expectedOccurrences,
  type Occurrence,
  type TimerRecord,
  type TimerRules,
} from '../../support/schedule-model.ts'

/** One partition with its timers, its commits, and its crashes. */
class Partition {
  /** What was acknowledged in a commit that took effect, in that order. */
  readonly acknowledged: Occurrence[] = []
  committed = 0
  next = 0
  readonly wrong: string[] = []
  readonly #rules: TimerRules
  readonly #arrivals: readonly TimerRecord[]
  readonly #blocks: StateBlock[] = []
  readonly #records = new FakeLineage()
  readonly #owed = new FakeLineage()
  #entries!: KeyValueStore
  #timers!: Timers
  #underWay: Due[] = []
  #rows = 0

  constructor(rules: TimerRules, arrivals: readonly TimerRecord[]) {
    this.#rules = rules
    this.#arrivals = arrivals
    this.restore()
  }

  restore(): void {
    this.#entries = createKeyValueStore({ name: 'timers' })
    this.#timers = new Timers({
      ...this.#rules,
      as: 'due',
      clock: 'event',
      idle: undefined,
      now: () => 0,
      entries: this.#entries,
      types: new HeldTypes(this.#entries, undefined),
    })
    for (const block of this.#blocks) this.#entries.restore(block)
    this.#underWay = []
    this.next = this.committed
    this.#send()
  }

  take(count: number): void {
    for (let n = 0; n < count && this.next < this.#arrivals.length; n++) {
      const offset = this.next++
      const { key, time, due } = this.#arrivals[offset]!
      this.#timers.advance(time, this.#records, offset)
      const { repeats } = this.#rules
      const again = repeats && { k: repeats.times, e: repeats.every }
      const timer = due === undefined ? undefined : { d: due, ...again, v: { offset, due } }
      const setting = { name: timerName(key, 'a|b'), time, at: `0/${offset}`, timer }
      this.#timers.set(setting, this.#records, offset)
    }
  }

  /** Commits the records below `upTo`, and what became of the first of what was sent. */
  commit(upTo: number, share: number, refused: boolean): void {
    const done = this.#underWay.splice(0, Math.ceil(this.#underWay.length * share))
    for (const [n, due] of done.entries()) {
      const fails = refused && n === 0
      due.settle(fails ? 'parked' : 'stored', this.#owed, this.#rows++)
      if (!fails && due.emission !== undefined) this.acknowledged.push(due.emission.value as Occurrence)
    }
    this.committed = Math.max(this.committed, Math.min(upTo, this.next))
    const has = (lineage: unknown, row: number): boolean => lineage === this.#owed || row < this.committed
    this.#blocks.push(...this.#entries.seal({ has }).blocks)
    this.#entries.committed()
    this.#send()
  }

  #send(): void {
    const due = this.#timers.due(3)
    // Nothing is sent but what the committed records come to.
    const { sent } = expectedOccurrences(this.#rules, this.#arrivals.slice(0, this.committed))
    for (const { emission } of due) {
      if (emission === undefined) continue
      const one = emission.value as Occurrence
      const { key } = this.#arrivals[one.offset]!
      if (!sent.some(({ offset, due: at }) => offset === one.offset && at === one.due))
        this.wrong.push(`${one.offset} was sent too early`)
      expect([emission.key, emission.timestamp]).toEqual([key, one.due])
    }
    this.#underWay.push(...due)
  }

  get owes(): boolean {
    return this.#underWay.length > 0 || this.#timers.owes
  }

  get size(): number {
    return this.#timers.size
  }

  /** What is in the store, and was not sent. */
  get set(): Occurrence[] {
    return [...this.#entries.entries()]
      .filter(([id]) => !id.startsWith('@'))
      .flatMap(([id, value]) => {
        const { d, k = 1, e = 0, v } = value as Timer
        const sent = (this.#entries.get(`@sent|${id}`) ?? 0) as number
        const { offset } = v as Occurrence
        return Array.from({ length: k - sent }, (_, n) => ({ offset, due: d + (sent + n) * e }))
      })
      .sort((a, b) => a.offset - b.offset || a.due - b.due)
  }

  /** Entries that count how often a timer was sent. */
  get counts(): number {
    return [...this.#entries.entries()].filter(([id]) => id.startsWith('@sent|')).length
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ act: fc.constant('take' as const), n: fc.integer({ min: 1, max: 6 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        act: fc.constant('commit' as const),
        back: fc.integer({ min: 0, max: 3 }),
        share: fc.constantFrom(0, 0.4, 1),
        refused: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('crash' as const) }) },
  ),
  { maxLength: 60 },
)

const arrivals = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'ü|1'),
    time: fc.integer({ min: 0, max: 40 }),
    due: fc.option(fc.integer({ min: 0, max: 60 }), { freq: 4, nil: undefined }),
  }),
  { maxLength: 40 },
)

const settings = fc.record({
  grace: fc.constantFrom(0, 0, 5),
  keep: fc.constantFrom('first' as const, 'last' as const),
  repeats: fc.option(
    fc.record({ every: fc.integer({ min: 1, max: 20 }), times: fc.integer({ min: 1, max: 4 }) }),
    { nil: undefined },
  ),
})

test('whatever crashes: what is sent and what is set is what the records come to', () => {
  fc.assert(
    fc.property(settings, arrivals, steps, (given, all, course) => {
      const records = all.map((one, offset) => ({ ...one, offset }))
      const partition = new Partition(given, records)
      for (const step of course) {
        if (step.act === 'take') partition.take(step.n)
        else if (step.act === 'commit') partition.commit(partition.next - step.back, step.share, step.refused)
        else partition.restore()
      }
      // What was refused is sent again in another life.
      partition.commit(partition.next, 1, false)
      partition.restore()
      partition.take(all.length)
      for (let turns = 0; turns < 80; turns++) partition.commit(all.length, 1, false)
      const { sent, set } = expectedOccurrences(given, records)
      expect(partition.wrong).toEqual([])
      const acknowledged = partition.acknowledged.toSorted((a, b) => a.offset - b.offset || a.due - b.due)
      expect(acknowledged).toEqual(sent)
      const setBy = new Set(set.map(({ offset }) => offset)).size
      expect([partition.owes, partition.set, partition.size]).toEqual([false, set, setBy])
      expect(partition.counts).toBeLessThanOrEqual(setBy)
      inTime(partition.acknowledged)
    }),
    { numRuns: 800 },
  )
})

/** Of each timer the times come in their order. */
function inTime(acknowledged: readonly Occurrence[]): void {
  const before = new Map<number, number>()
  for (const { offset, due } of acknowledged) {
    expect(due).toBeGreaterThan(before.get(offset) ?? Number.NEGATIVE_INFINITY)
    before.set(offset, due)
  }
}
