import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import type { Due } from '../../../engine/component/contracts/owing.ts'
import type { KeyValueStore } from '../../../engine/component/contracts/state.ts'
import { HeldTypes } from '../../../engine/component/operators/held-types.ts'
import { Sequences, type Sent } from '../../../engine/component/operators/resequence/sequences.ts'
import { createKeyValueStore } from '../../../engine/state/key-value-store.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'

interface Arrival {
  readonly key: string
  readonly number: number
}

interface Settings {
  readonly within: number
  readonly first: number | undefined
  readonly most: number
  readonly memory: number
  readonly forget: number | undefined
}

/** What was sent: a number, or a gap, and whether a commit says so. */
interface Out {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly gap: boolean
  /** Offset of the record. */
  readonly offset: number | undefined
}

/** One partition with its re-sequencing, its commits, and its crashes. */
class Partition {
  /** Acknowledged in a commit that took effect, in the order of the acknowledgements. */
  readonly acknowledged: Out[] = []
  /** Offsets of records whose turn was over when they last came. */
  readonly late = new Set<number>()
  now = 0
  committed = 0
  next = 0
  readonly #settings: Settings
  readonly #blocks: StateBlock[] = []
  readonly #records = new FakeLineage()
  readonly #owed = new FakeLineage()
  #entries!: KeyValueStore
  #sequences!: Sequences
  #underWay: { readonly due: Due; readonly out: Out | undefined }[] = []
  #rows = 0

  constructor(settings: Settings) {
    this.#settings = settings
    this.restore()
  }

  restore(): void {
    this.#entries = createKeyValueStore({ name: 'turns' })
    const types = new HeldTypes(this.#entries, undefined)
    this.#sequences = new Sequences({ ...this.#settings, now: () => this.now, entries: this.#entries, types })
    for (const block of this.#blocks) this.#entries.restore(block)
    this.#underWay = []
    this.next = this.committed
    this.#send()
  }

  take(arrivals: readonly Arrival[], count: number): void {
    for (let n = 0; n < count && this.next < arrivals.length; n++) {
      const offset = this.next++
      const { key, number } = arrivals[offset]!
      const record = { a: this.now, t: offset, v: offset }
      if (this.#sequences.apply(key, number, record, this.#records, offset)) this.late.delete(offset)
      else this.late.add(offset)
    }
  }

  /** Commits the records below `upTo`, and what became of the first of what was sent: `parked` for what is refused. */
  commit(upTo: number, share: number, refused: boolean): void {
    const done = this.#underWay.splice(0, Math.ceil(this.#underWay.length * share))
    const blocked = new Set<string>()
    for (const [n, { due, out }] of done.entries()) {
      // One is refused, and with it the records that follow of its key, as the engine has it; gaps go to another sink.
      const fails = out !== undefined && ((refused && n === 0) || (blocked.has(out.key) && !out.gap))
      if (fails) blocked.add(out.key)
      due.settle(fails ? 'parked' : 'stored', this.#owed, this.#rows++)
      if (!fails && out !== undefined) this.acknowledged.push(out)
    }
    for (const rest of this.#underWay.filter(({ out }) => out?.gap === false && blocked.has(out.key))) {
      rest.due.settle('parked', this.#owed, this.#rows++)
      this.#underWay.splice(this.#underWay.indexOf(rest), 1)
    }
    this.committed = Math.max(this.committed, Math.min(upTo, this.next))
    const has = (lineage: unknown, row: number): boolean => lineage === this.#owed || row < this.committed
    this.#blocks.push(...this.#entries.seal({ has }).blocks)
    this.#entries.committed()
    this.#send()
  }

  tick(): void {
    const due = this.#sequences.tick()
    due?.settle('stored', this.#owed, this.#rows++)
    if (due !== undefined) this.#send()
  }

  #send(): void {
    for (const due of this.#sequences.due(7)) {
      const { emission } = due
      if (emission === undefined) {
        this.#underWay.push({ due, out: undefined })
        continue
      }
      const sent = emission.value as Sent
      const { key } = emission
      const out: Out =
        'gap' in sent
          ? { key, ...sent.gap, gap: true, offset: undefined }
          : { key, ...range(sent.record as number), gap: false, offset: sent.record as number }
      this.#underWay.push({ due, out })
    }
  }

  get owes(): boolean {
    return this.#underWay.length > 0 || this.#sequences.owes
  }

  get saturated(): boolean {
    return this.#sequences.saturated
  }

  /** What is in the store. */
  get entries(): number {
    return this.#entries.size
  }

  get held(): number {
    return this.#sequences.size
  }
}

let numbers: readonly number[] = []
function range(offset: number): { readonly from: number; readonly to: number } {
  return { from: numbers[offset]!, to: numbers[offset]! }
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
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
    },
  ),
  { maxLength: 60 },
)

const arrivals = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'ü|1'), number: fc.integer({ min: -1, max: 14 }) }),
  { maxLength: 50 },
)

/** Goes through the steps, and then to the end: all is taken, and every wait is over. */
function run(settings: Settings, all: readonly Arrival[], course: Steps): Partition {
  numbers = all.map(({ number }) => number)
  const partition = new Partition(settings)
  for (const step of course) {
    if (step.act === 'take') partition.take(all, step.n)
    else if (step.act === 'commit') partition.commit(partition.next - step.back, step.share, step.refused)
    else if (step.act === 'crash') partition.restore()
    else {
      partition.now += step.ms
      partition.tick()
    }
  }
  // What was refused is sent again in another life.
  partition.commit(partition.next, 1, false)
  partition.restore()
  partition.take(all, all.length)
  for (let turns = 0; turns < 200; turns++) {
    partition.now += settings.within
    partition.tick()
    partition.commit(all.length, 1, false)
  }
  return partition
}

type Steps = typeof steps extends fc.Arbitrary<infer Value> ? Value : never

test('whatever crashes: numbers of a key ascend, gaps and records tile them, and each record is somewhere', () => {
  const settings = fc.record({
    within: fc.constantFrom(10, 30, 1000),
    first: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    most: fc.constantFrom(1, 3, 100),
    memory: fc.constantFrom(500, 2000, Number.POSITIVE_INFINITY),
    // So long that nothing is forgotten before the end.
    forget: fc.constantFrom(undefined, 100_000),
  })
  fc.assert(
    fc.property(settings, arrivals, steps, (given, all, course) => {
      const partition = run(given, all, course)
      expect(partition.owes).toBe(false)
      expect(partition.held).toBe(0)
      expect(partition.saturated).toBe(false)
      if (given.forget !== undefined && given.within === 1000) expect(partition.entries).toBe(0)
      for (const key of new Set(all.map((one) => one.key))) {
        const out = partition.acknowledged.filter((one) => one.key === key)
        let next = given.first ?? out[0]?.from
        for (const { from, to } of out) {
          expect(from).toBe(next)
          next = to + 1
        }
      }
      const sent = new Set(partition.acknowledged.flatMap(({ offset }) => offset ?? []))
      expect(sent.size + partition.late.size).toBe(all.length)
      for (const offset of sent) expect(partition.late.has(offset)).toBe(false)
      for (const { gap, offset, key, from } of partition.acknowledged)
        if (!gap) expect(all[offset!]).toMatchObject({ key, number: from })
    }),
    { numRuns: 400 },
  )
})

test('in time: the output is what sorting gives', () => {
  const counts = fc.integer({ min: 1, max: 20 }).chain((count) =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, number) => number),
      { minLength: count, maxLength: count },
    ),
  )
  fc.assert(
    fc.property(counts, steps, (order, course) => {
      const all = order.map((number) => ({ key: 'a', number }))
      const still = course.filter(({ act }) => act !== 'wait')
      const partition = run(
        { within: 1000, first: 0, most: 100, memory: Number.POSITIVE_INFINITY, forget: undefined },
        all,
        still,
      )
      expect(partition.acknowledged.map(({ from }) => from)).toEqual([...order].sort((a, b) => a - b))
      expect(partition.late.size).toBe(0)
    }),
    { numRuns: 200 },
  )
})
