import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import type { Due } from '../../../engine/component/contracts/owing.ts'
import type { KeyValueStore } from '../../../engine/component/contracts/state.ts'
import { Aggregates } from '../../../engine/component/operators/aggregate/aggregates.ts'
import {
  fromOfEntry,
  isEntry,
  keyOfEntry,
  type Entry,
} from '../../../engine/component/operators/aggregate/entry.ts'
import { foldOf } from '../../../engine/component/operators/aggregate/folds.ts'
import type { SentWindow } from '../../../engine/component/operators/aggregate/session-updates.ts'
import type { WindowSpec } from '../../../engine/component/operators/aggregate/windows.ts'
import { createKeyValueStore } from '../../../engine/state/key-value-store.ts'
import { expectedOf, windowName, type Point } from '../../support/aggregate-model.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'

interface Sent {
  readonly id: string
  readonly version: number
  readonly to: number | undefined
  readonly amounts: readonly number[]
}

/** One partition with an aggregate, its commits, and its crashes. */
class Partition {
  readonly sent: Sent[] = []
  /** What readers have who keep the newest value of each key, and forget those with a tombstone. */
  readonly table = new Map<string, Sent>()
  /** Indexes of records that were late when they last came. */
  readonly late = new Set<number>()
  readonly #blocks: StateBlock[] = []
  readonly #records = new FakeLineage()
  readonly #owed = new FakeLineage()
  readonly #spec: WindowSpec
  readonly #emit: 'update' | 'close'
  #entries!: KeyValueStore
  #versions: KeyValueStore<number | readonly SentWindow[]> | undefined
  #aggregates!: Aggregates
  #underWay: Due[] = []
  #rows = 0
  next = 0
  committed = 0
  retractions = 0

  constructor(spec: WindowSpec, emit: 'update' | 'close') {
    this.#spec = spec
    this.#emit = emit
    this.restore()
  }

  restore(): void {
    this.#entries = createKeyValueStore({ name: 'sums' })
    this.#versions = this.#emit === 'update' ? createKeyValueStore<never>({ name: 'sums.sent' }) : undefined
    this.#aggregates = new Aggregates({
      window: this.#spec,
      folds: [foldOf({ fold: 'collect', of: 'amount', most: 1000, keep: 'first' })],
      names: ['amounts'],
      emit: this.#emit,
      idle: undefined,
      entries: this.#entries,
      sent: this.#versions,
    })
    for (const block of this.#blocks) {
      if (block.store === 'sums') this.#entries.restore(block)
      else this.#versions!.restore(block)
    }
    this.#underWay = []
    this.next = this.committed
  }

  take(points: readonly Point[], count: number): void {
    for (let n = 0; n < count && this.next < points.length; n++) {
      const { key, time, amount } = points[this.next]!
      const row = this.next++
      if (this.#aggregates.apply(key, time, [amount], false, this.#records, row)) this.late.delete(row)
      else this.late.add(row)
    }
  }

  /** Commits the records below `upTo`, and what became of `share` of what was sent. */
  commit(upTo: number, share: number): void {
    const done = this.#underWay.splice(0, Math.ceil(this.#underWay.length * share))
    for (const due of done) due.settle('stored', this.#owed, this.#rows++)
    this.committed = Math.max(this.committed, Math.min(upTo, this.next))
    const cut = {
      has: (lineage: unknown, row: number) => lineage === this.#owed || row < this.committed,
    }
    for (const store of [this.#entries, this.#versions]) this.#blocks.push(...(store?.seal(cut).blocks ?? []))
    this.#entries.committed()
    this.#versions?.committed()
    this.#send()
  }

  #send(): void {
    for (const due of this.#aggregates.due(1000)) {
      this.#underWay.push(due)
      if (due.emission === undefined) continue
      const name = Buffer.from(due.emission.key).toString()
      if (due.emission.value === null) {
        this.retractions += Number(this.table.delete(name))
        continue
      }
      const { key, from, to, version, amounts } = due.emission.value as {
        key: string
        from?: number
        to?: number
        version: number
        amounts: number[]
      }
      const one = { id: windowName(this.#spec, from, to, key), version, to, amounts }
      this.sent.push(one)
      this.table.set(name, one)
    }
  }

  get owes(): boolean {
    return this.#underWay.length > 0 || this.#aggregates.owes
  }

  get left(): string[] {
    return [...this.#entries.entries()]
      .filter(([id]) => isEntry(id))
      .map(([id, entry]) =>
        windowName(this.#spec, fromOfEntry(id, entry as Entry), (entry as Entry).u, keyOfEntry(id)),
      )
  }
}

const length = fc.integer({ min: 1, max: 30 })
const grace = fc.integer({ min: 0, max: 20 })
const specs: Record<WindowSpec['kind'], fc.Arbitrary<WindowSpec>> = {
  none: fc.constant({ kind: 'none' }),
  hopping: fc.record({ size: length, every: length, grace }).map(({ size, every, grace: late }) => ({
    kind: 'hopping',
    size: Math.max(size, every),
    every: Math.min(size, every),
    grace: late,
  })),
  session: fc.record({ kind: fc.constant('session' as const), gap: length, grace }),
  sliding: fc.record({ kind: fc.constant('sliding' as const), size: length, grace }),
}
const points = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b'),
      step: fc.integer({ min: -40, max: 30 }),
      amount: fc.integer({ min: 0, max: 1000 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let time = 0
    return steps.map(({ key, step, amount }): Point => ({
      key,
      time: (time = Math.max(0, time + step)),
      amount,
    }))
  })
const acts = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 5 }).map((n) => ({ act: 'take' as const, n })) },
    {
      weight: 4,
      arbitrary: fc
        .record({ n: fc.integer({ min: 0, max: 6 }), share: fc.constantFrom(0, 0.5, 1) })
        .map((one) => ({ act: 'commit' as const, ...one })),
    },
    { weight: 1, arbitrary: fc.constant({ act: 'crash' as const }) },
  ),
  { maxLength: 60 },
)
type Act = { act: 'take'; n: number } | { act: 'commit'; n: number; share: number } | { act: 'crash' }

/** Takes all records, with commits and crashes between, and then commits until nothing is owed. */
function run(
  spec: WindowSpec,
  emit: 'update' | 'close',
  all: readonly Point[],
  story: readonly Act[],
): Partition {
  const partition = new Partition(spec, emit)
  for (const one of story) {
    if (one.act === 'take') partition.take(all, one.n)
    else if (one.act === 'commit') partition.commit(partition.committed + one.n, one.share)
    else partition.restore()
  }
  partition.take(all, all.length)
  for (let rounds = 0; rounds < 10; rounds++) partition.commit(all.length, 1)
  expect(partition.owes).toBe(false)
  return partition
}

const kinds = ['none', 'hopping', 'session', 'sliding'] as const
const modes = kinds.flatMap((kind) =>
  (['update', 'close'] as const)
    .filter((emit) => !(kind === 'none' && emit === 'close') && !(kind === 'session' && emit === 'update'))
    .map((emit) => [kind, emit] as const),
)

test.each(modes)('%s windows, emit: %s: what is sent is what a list would come to', (kind, emit) => {
  fc.assert(
    fc.property(specs[kind], points, acts, (spec, all, story) => {
      const partition = run(spec, emit, all, story)
      const { windows, late, streamTime } = expectedOf(spec, all)
      expect([...partition.late].sort()).toEqual([...late].sort())
      const last = new Map(partition.sent.map((one) => [one.id, one]))
      for (const [id, { to, amounts }] of windows) {
        const isOver = kind !== 'none' && streamTime >= closing(spec, to)
        if (emit === 'close' && !isOver) expect(last.has(id)).toBe(false)
        else expect(last.get(id)).toMatchObject({ amounts })
        expect(partition.left.includes(id)).toBe(!isOver)
      }
      for (const id of last.keys()) expect(windows.has(id)).toBe(true)
      inOrder(partition.sent)
    }),
    { numRuns: 300 },
  )
})

function closing(spec: WindowSpec, to: number): number {
  if (spec.kind === 'session') return to + spec.gap + spec.grace + 1
  return spec.kind === 'sliding' ? to + spec.grace + 1 : to + (spec as { grace: number }).grace
}

/** Versions of a key and window never go back, and one version has one content. */
function inOrder(sent: readonly Sent[]): void {
  const before = new Map<string, Sent>()
  for (const one of sent) {
    const earlier = before.get(one.id)
    if (earlier !== undefined) {
      expect(one.version).toBeGreaterThanOrEqual(earlier.version)
      if (one.version === earlier.version) expect(one).toEqual(earlier)
    }
    before.set(one.id, one)
  }
}

test.each(modes)('%s windows, emit: %s: without crashes no version is sent twice', (kind, emit) => {
  fc.assert(
    fc.property(specs[kind], points, acts, (spec, all, story) => {
      const { sent } = run(
        spec,
        emit,
        all,
        story.filter(({ act }) => act !== 'crash'),
      )
      expect(new Set(sent.map(({ id, version }) => `${id} ${version}`)).size).toBe(sent.length)
    }),
    { numRuns: 100 },
  )
})

test('sessions, emit: update: readers are left with the sessions that there are, whatever crashes', () => {
  let retractions = 0
  fc.assert(
    fc.property(specs.session, points, acts, (spec, all, story) => {
      const partition = run(spec, 'update', all, story)
      const { windows, late } = expectedOf(spec, all)
      expect([...partition.late].sort()).toEqual([...late].sort())
      const wanted = new Map([...windows].map(([id, { amounts }]) => [id, amounts]))
      expect(new Map([...partition.table.values()].map(({ id, amounts }) => [id, amounts]))).toEqual(wanted)
      inOrder(partition.sent)
      retractions += partition.retractions
    }),
    { numRuns: 1000 },
  )
  expect(retractions).toBeGreaterThan(100)
})

test('a session that begins where one that is over began is another session', () => {
  const point = (key: string, time: number, amount: number): Point => ({ key, time, amount })
  const all = [point('b', 0, 1), point('a', 3, 2), point('b', 2, 3), point('b', 0, 4), point('a', 9, 5)]
  for (const first of [1, 2, 3, 4]) {
    const { sent } = run({ kind: 'session', gap: 2, grace: 0 }, 'close', all, [
      { act: 'take', n: first },
      { act: 'commit', n: first, share: 0 },
    ])
    expect(sent.filter(({ id }) => id.endsWith('b')).map(({ id, amounts }) => [id, amounts])).toEqual([
      ['0-0|b', [1]],
      ['0-2|b', [3, 4]],
    ])
  }
})
