import { isDeepStrictEqual } from 'node:util'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { StateBlock, StoreRef } from '../../../engine/component/contracts/commit.ts'
import type { Cut, StateStore } from '../../../engine/component/contracts/state.ts'
import type { Lineage, Verdict } from '../../../engine/component/lineage.ts'
import { FakeLineage } from '../fake-lineage.ts'

/**
 * Keeps what one store commits, and gives it back after a crash. This is how the contract is run against whatever makes
 * state durable; one backend serves one history.
 */
export interface StoreBackend {
  /** Takes effect as a whole, before it answers. Blocks in buckets below `expiredBelow` may be deleted from then on. */
  commit(blocks: readonly StateBlock[], expiredBelow: number | undefined): Promise<void>
  /** The process is killed; the next one hands over the blocks that were committed, oldest first. */
  crash(restore: (block: StateBlock) => void): Promise<void>
  /** The history is over. */
  close(): Promise<void>
}

/** Opens a backend for one history of a store. */
export type OpenStoreBackend = (store: StoreRef) => Promise<StoreBackend>

/** Committed blocks in a list. */
export async function listBackend(): Promise<StoreBackend> {
  let blocks: StateBlock[] = []
  return {
    async commit(more, below = Number.NEGATIVE_INFINITY) {
      blocks = [...blocks, ...more].filter((block) => block.bucket >= below)
    },
    async crash(restore) {
      for (const block of blocks) {
        const lent = shifted(block)
        restore(lent)
        // It was good until now: nobody may have kept it.
        lent.bytes.fill(0)
      }
    },
    async close() {},
  }
}

/** A record of the test: `position` is its offset in the log, `lineage` and `row` belong to this delivery of it. */
export interface TestRecord<Change> {
  readonly position: number
  readonly change: Change
  readonly lineage: FakeLineage
  readonly row: number
}

/** What a store answers to a change: `waits` for the record of another delivery, or something to compare. */
export type Answer =
  { readonly waits: { readonly lineage: Lineage; readonly row: number } } | { readonly says: string }

/** What store and model have in common; the model is the simplest thing that can be right. */
interface Side<Change> {
  advance(streamTime: number): void
  apply(record: TestRecord<Change>): Answer
  /** Whatever can be compared without changing anything. */
  content(): unknown
  /** Asked at the end of a history, about every change in the universe: may change the state. */
  probe(change: Change, record: TestRecord<Change>): Answer
}

export interface StoreUnderTest<Change> extends Side<Change> {
  readonly store: StateStore
}

export interface StoreModel<Change> extends Side<Change> {
  seal(cut: Cut): void
  committed(): void
  /** Everything that was not committed is lost; blocks of buckets below this one were deleted. */
  crash(deletedBelow: number): void
  /** Throws if the answer breaks a promise, judged without the model's own state. */
  judge?(record: TestRecord<Change>, answer: Answer, streamTime: number): void
}

/** One kind of store, and histories for it. */
export interface StoreSubject<Change> {
  open(): StoreUnderTest<Change>
  model(): StoreModel<Change>
  readonly change: fc.Arbitrary<Change>
  /** Records with the same order settle one after the other; undefined: in any order. */
  order(change: Change): string | undefined
  readonly universe: readonly Change[]
  /** Milliseconds of stream time after which blocks may go; undefined: never. */
  readonly keepsMs?: number
}

type Step<Change> =
  | { readonly do: 'feed'; readonly change: Change }
  | { readonly do: 'redeliver'; readonly pick: number }
  | { readonly do: 'settle'; readonly pick: number; readonly verdict: Verdict }
  | { readonly do: 'commit'; readonly bits: number; readonly ends: 'committed' | 'aborted first' | 'late' }
  | { readonly do: 'outcome' }
  | { readonly do: 'crash'; readonly takesEffect: boolean }
  | { readonly do: 'time'; readonly by: number }

function steps<Change>(change: fc.Arbitrary<Change>): fc.Arbitrary<Step<Change>[]> {
  const pick = fc.nat(1000)
  const all = ['stored', 'stored', 'duplicate', 'dropped', 'parked', 'skipped', 'discarded'] as const
  const verdict = fc.constantFrom<Verdict>(...all)
  const ends = fc.constantFrom('committed' as const, 'aborted first' as const, 'late' as const)
  const step: fc.Arbitrary<Step<Change>> = fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('feed' as const), change }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('redeliver' as const), pick }) },
    { weight: 10, arbitrary: fc.record({ do: fc.constant('settle' as const), pick, verdict }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), bits: fc.nat(0xffff), ends }) },
    { weight: 3, arbitrary: fc.constant({ do: 'outcome' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), takesEffect: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('time' as const), by: fc.integer({ min: -50, max: 60 }) }),
    },
  )
  return fc.array(step, { maxLength: 120, size: 'max' })
}

interface Delivery<Change> extends TestRecord<Change> {
  waitsFor: Delivery<Change> | undefined
  /** It changed nothing, and is dropped. */
  dull: boolean
}

// `expect` is slow for some hundred thousand comparisons; it has the better messages.
function same(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

const idOf = (record: { lineage: Lineage; row: number }): string =>
  `${(record.lineage as FakeLineage).number}:${record.row}`

/** Runs one history against a store and its model. */
class History<Change> {
  readonly #subject: StoreSubject<Change>
  #under: StoreUnderTest<Change>
  readonly #model: StoreModel<Change>
  #lineage = new FakeLineage()
  #rows = 0
  #time = 1000
  #underWay: Delivery<Change>[] = []
  #settled: Delivery<Change>[] = []
  readonly #log: Change[] = []
  #done = new Set<number>()
  #cut = new Set<string>()
  #sealed: { blocks: readonly StateBlock[]; below: number | undefined; positions: number[] } | undefined
  readonly #backend: StoreBackend
  #deletedBelow = Number.NEGATIVE_INFINITY

  constructor(subject: StoreSubject<Change>, backend: StoreBackend) {
    this.#subject = subject
    this.#backend = backend
    this.#under = subject.open()
    this.#model = subject.model()
    this.#advance(0)
  }

  async run(step: Step<Change>): Promise<void> {
    if (step.do === 'feed') this.#deliver(this.#log.push(step.change) - 1)
    else if (step.do === 'redeliver') this.#redeliver(step.pick)
    else if (step.do === 'settle') this.#settle(step.pick, step.verdict)
    else if (step.do === 'commit') await this.#commit(step.bits, step.ends)
    else if (step.do === 'outcome') await this.#committed()
    else if (step.do === 'crash') await this.#crash(step.takesEffect)
    else this.#advance(step.by)
    same(this.#under.content(), this.#model.content())
  }

  /** Asks about the whole universe, from positions that nobody has used. */
  finish(): void {
    for (const change of this.#subject.universe) {
      const record = { ...this.#record(1_000_000 + this.#rows, change) }
      same(this.#under.probe(change, record), this.#model.probe(change, record))
    }
  }

  #record(position: number, change: Change): Delivery<Change> {
    return { position, change, lineage: this.#lineage, row: this.#rows++, waitsFor: undefined, dull: false }
  }

  #deliver(position: number): void {
    const record = this.#record(position, this.#log[position]!)
    this.#underWay.push(record)
    this.#apply(record)
  }

  #apply(record: Delivery<Change>): void {
    const answer = this.#under.apply(record)
    same(answer, this.#model.apply(record))
    this.#model.judge?.(record, answer, this.#time)
    record.waitsFor = undefined
    if ('waits' in answer) {
      record.waitsFor = this.#underWay.find((other) => idOf(other) === idOf(answer.waits))
      if (record.waitsFor === undefined) throw new Error('A record waits for one that is not under way.')
    }
    record.dull = 'says' in answer && answer.says.startsWith('duplicate')
  }

  /** A position that was committed comes again, as after a consumer that was set back. */
  #redeliver(pick: number): void {
    const positions = [...this.#done]
    if (positions.length > 0) this.#deliver(positions[pick % positions.length]!)
  }

  #settle(pick: number, verdict: Verdict): void {
    const free = this.#underWay.filter(
      (record, n) => record.waitsFor === undefined && this.#isNext(record, n),
    )
    const record = free[pick % Math.max(1, free.length)]
    if (record === undefined) return
    this.#underWay.splice(this.#underWay.indexOf(record), 1)
    record.lineage.settle(record.row, record.dull ? 'duplicate' : verdict)
    this.#settled.push(record)
    for (const waiting of this.#underWay) if (waiting.waitsFor === record) this.#apply(waiting)
  }

  #isNext(record: Delivery<Change>, n: number): boolean {
    const order = this.#subject.order(record.change)
    return (
      order === undefined ||
      !this.#underWay.some((one, m) => m < n && this.#subject.order(one.change) === order)
    )
  }

  async #commit(bits: number, ends: 'committed' | 'aborted first' | 'late'): Promise<void> {
    if (this.#sealed !== undefined) await this.#committed()
    const left = new Set<string | undefined>()
    const inside = this.#settled.filter((record, n) => {
      const order = this.#subject.order(record.change)
      const taken = ((bits >> (n % 16)) & 1) === 1 && (order === undefined || !left.has(order))
      if (!taken) left.add(order)
      return taken
    })
    for (const record of inside) this.#cut.add(idOf(record))
    this.#settled = this.#settled.filter((record) => !inside.includes(record))
    const cut = { has: (lineage: Lineage, row: number) => this.#cut.has(idOf({ lineage, row })) }
    const { blocks, expiredBelow } = this.#under.store.seal(cut)
    this.#model.seal(cut)
    this.#checkExpiry(expiredBelow)
    // What was sealed does not change under the commit that carries it.
    const copies = blocks.map((block) => ({ ...block, bytes: Buffer.from(block.bytes) }))
    this.#sealed = { blocks: copies, below: expiredBelow, positions: inside.map((record) => record.position) }
    if (ends !== 'late') await this.#committed()
    for (const [n, { bytes }] of blocks.entries()) same(Buffer.compare(bytes, copies[n]!.bytes), 0)
  }

  #checkExpiry(below: number | undefined): void {
    if (below === undefined) return
    expect(this.#subject.keepsMs).toBeDefined()
    expect(below).toBeGreaterThan(this.#deletedBelow)
  }

  async #takeEffect(): Promise<void> {
    const { blocks, below, positions } = this.#sealed!
    this.#sealed = undefined
    await this.#backend.commit(blocks, below)
    this.#deletedBelow = Math.max(this.#deletedBelow, below ?? this.#deletedBelow)
    for (const position of positions) this.#done.add(position)
    this.#model.committed()
  }

  async #committed(): Promise<void> {
    if (this.#sealed === undefined) return
    await this.#takeEffect()
    this.#under.store.committed()
  }

  async #crash(takesEffect: boolean): Promise<void> {
    if (this.#sealed !== undefined && takesEffect) await this.#takeEffect()
    this.#sealed = undefined
    this.#under = this.#subject.open()
    await this.#backend.crash((block) => {
      // A backend may take its time with deleting.
      if (block.bucket >= this.#deletedBelow) this.#under.store.restore(block)
    })
    this.#model.crash(this.#deletedBelow)
    same(this.#under.content(), this.#model.content())
    this.#underWay = []
    this.#settled = []
    this.#cut = new Set()
    this.#lineage = new FakeLineage()
    this.#rows = 0
    this.#advance(0)
    for (const position of this.#log.keys()) if (!this.#done.has(position)) this.#deliver(position)
  }

  #advance(by: number): void {
    // A step back is a late record: stream time stands.
    this.#time = Math.max(this.#time, this.#time + by)
    this.#under.advance(by < 0 ? this.#time + by : this.#time)
    this.#model.advance(this.#time)
  }
}

/** The block as a backend might hand it over: somewhere in a larger buffer. */
function shifted(block: StateBlock): StateBlock {
  const buffer = Buffer.alloc(block.bytes.length + 3)
  buffer.set(block.bytes, 3)
  return { ...block, bytes: buffer.subarray(3) }
}

/** How a contract is run. */
export interface StoreContractOptions {
  /** Histories. */
  readonly runs?: number
  /** A list in memory, if not given. */
  readonly backend?: OpenStoreBackend
  /** For all histories together, milliseconds. */
  readonly timeoutMs?: number
}

/**
 * Holds a store to the promises of `StateStore` in random histories, step by step against a naive model: a crash
 * loses exactly what was not in a committed cut, an aborted commit changes nothing, what is sealed stays as it is.
 */
export function storeContract<Change>(
  title: string,
  subject: StoreSubject<Change>,
  { runs = 500, backend = listBackend, timeoutMs = 60_000 }: StoreContractOptions = {},
): void {
  const inHistories = async (history: Step<Change>[]): Promise<void> => {
    const { name, kind } = subject.open().store
    const opened = await backend({ name, kind })
    try {
      const run = new History(subject, opened)
      for (const step of history) await run.run(step)
      run.finish()
      await run.run({ do: 'crash', takesEffect: false })
      run.finish()
    } finally {
      await opened.close()
    }
  }

  test(
    `${title} keeps the contract of a state store in random histories`,
    () => fc.assert(fc.asyncProperty(steps(subject.change), inHistories), { numRuns: runs }),
    timeoutMs,
  )

  test(`${title} refuses to be sealed twice, and blocks of other stores, versions or content`, () => {
    const under = subject.open()
    const lineage = new FakeLineage()
    under.advance(1000)
    under.apply({ position: 0, change: subject.universe[0]!, lineage, row: 0 })
    lineage.settle(0, 'stored')
    const { blocks } = under.store.seal({ has: () => true })
    expect(() => under.store.seal({ has: () => true })).toThrow(expect.objectContaining({ kind: 'fatal' }))
    expect(blocks).toHaveLength(1)
    const restore = (change: (bytes: Buffer) => void, block = blocks[0]!) => {
      const bytes = Buffer.from(block.bytes)
      change(bytes)
      subject.open().store.restore({ ...block, bytes })
    }
    expect(() => restore(() => {})).not.toThrow()
    const refused = expect.objectContaining({ kind: 'fatal', code: 'STORE_UNREADABLE' })
    for (const version of [0, 2])
      expect(() => restore((bytes) => bytes.writeUInt16LE(version, 4))).toThrow(refused)
    for (let at = 0; at < blocks[0]!.bytes.length; at++) {
      expect(() => restore((bytes) => void (bytes[at]! ^= 0x10))).toThrow(refused)
    }
    expect(() => restore(() => {}, { ...blocks[0]!, store: 'another' })).toThrow(refused)
    expect(() => restore(() => {}, { ...blocks[0]!, bucket: blocks[0]!.bucket + 1 })).toThrow(refused)
    expect(() => restore(() => {}, { ...blocks[0]!, bytes: blocks[0]!.bytes.subarray(0, 9) })).toThrow(
      refused,
    )
    expect(() => restore(() => {}, { ...blocks[0]!, bytes: blocks[0]!.bytes.subarray(0, -1) })).toThrow(
      refused,
    )
  })
}
