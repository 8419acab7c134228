import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Verdict } from '../../../engine/component/lineage.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import { Ledger } from '../../../engine/runtime/ledger.ts'
import { LedgerRun } from '../../../engine/runtime/ledger-run.ts'
import { CountingOwner, packed, Random } from '../../support/harness-records.ts'

const partition = { topic: 'in', partition: 0 }
const weight: Record<Verdict, number> = {
  duplicate: 1,
  unlisted: 2,
  dropped: 3,
  stored: 4,
  skipped: 5,
  discarded: 6,
  parked: 7,
}
const verdicts = Object.keys(weight) as Verdict[]

/** A record as a simple model sees it. */
interface ModelRecord {
  readonly run: LedgerRun
  readonly row: number
  readonly offset: number
  tokens: number
  heaviest: Verdict | undefined
  sealed: boolean
}

/** A ledger beside a model that keeps one object for each offset. */
class Duel {
  readonly owner = new CountingOwner()
  readonly ledger: Ledger
  readonly records = new Map<number, ModelRecord>()
  readonly restored: Set<number>
  /** Offsets that were passed over. */
  readonly passed: number[] = []
  readonly told: number[] = []
  watched = 0
  frontier: number
  #end: number
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.frontier = this.#random.below(3) * 1000
    this.#end = this.frontier
    const ranges = new Intervals()
    for (let n = 0, at = this.frontier + 1; n < this.#random.below(5); n++) {
      const start = at + this.#random.below(6)
      ranges.add(start, start + 1 + this.#random.below(6))
      at = start + 8
    }
    this.restored = new Set(ranges.pairs().flatMap(([start, end]) => offsetsOf(start, end)))
    this.ledger = new Ledger(partition, this.frontier, ranges, this.owner)
  }

  admit(): void {
    const offsets: number[] = []
    for (let n = 1 + this.#random.below(8); n > 0; n--) {
      const gap = this.#random.chance(0.2) ? this.#random.below(5) : 0
      offsets.push((this.#end += gap))
      this.#end++
    }
    const run = this.ledger.admit(packed(offsets.map((offset) => ({ offset, key: `k${offset % 3}` }))), 1)
    for (const [row, offset] of offsets.entries()) {
      expect(run.isOpen(row)).toBe(!this.restored.has(offset))
      if (run.isOpen(row))
        this.records.set(offset, { run, row, offset, tokens: 1, heaviest: undefined, sealed: false })
    }
  }

  /** What comes next is gone. */
  pass(): void {
    const from = this.#end
    this.#end += this.#random.below(5)
    this.ledger.pass(this.#end)
    this.passed.push(...offsetsOf(from, this.#end))
    expect(this.ledger.end).toBe(this.#end)
    if (this.#end > from) expect(this.ledger.dirty).toBe(true)
  }

  get open(): ModelRecord[] {
    return [...this.records.values()].filter(({ tokens }) => tokens > 0)
  }

  act(): void {
    const { open } = this
    if (open.length === 0) return this.admit()
    const one = this.#random.pick(open)
    const what = this.#random.below(5)
    if (what === 0) {
      const more = 1 + this.#random.below(3)
      one.run.retain(one.row, more)
      one.tokens += more
    } else if (what === 1) one.run.copied(one.row, 10 + this.#random.below(100))
    else if (what === 2) {
      this.watched++
      one.run.whenSettled(one.row, () => this.told.push(one.offset))
    } else this.#release(one)
  }

  #release(one: ModelRecord): void {
    const verdict = this.#random.chance(0.6) ? this.#random.pick(verdicts) : undefined
    if (verdict !== undefined) {
      one.run.judge(one.row, verdict)
      if (one.heaviest === undefined || weight[verdict] > weight[one.heaviest]) one.heaviest = verdict
    }
    one.tokens--
    one.run.release(one.row)
    expect(one.run.verdict(one.row)).toBe(one.tokens === 0 ? (one.heaviest ?? 'stored') : undefined)
  }

  /** Seals, and compares the position with what the model says is settled. */
  seal(): void {
    const held = this.#random.chance(0.3)
    const { frontier, ranges } = this.ledger.seal(() => !held)
    for (const one of this.records.values()) {
      if (one.tokens === 0 && !(held && one.heaviest === 'parked')) one.sealed = true
    }
    expect(frontier).toBeGreaterThanOrEqual(this.frontier)
    this.frontier = frontier
    for (const [offset, { sealed }] of this.records)
      expect(frontier > offset || ranges.has(offset)).toBe(sealed)
    for (const offset of this.passed) expect(frontier > offset || ranges.has(offset)).toBe(true)
    // What was settled in an earlier life stays so, and no more than that lies beyond the end.
    for (const offset of this.restored) expect(frontier > offset || ranges.has(offset)).toBe(true)
    for (const [start, end] of ranges.pairs()) {
      for (const offset of offsetsOf(Math.max(start, this.ledger.end), end))
        expect(this.restored.has(offset)).toBe(true)
      expect(start).toBeGreaterThan(frontier)
    }
  }

  finish(): void {
    for (const one of this.open) while (one.tokens > 0) this.#release(one)
    this.ledger.seal(() => true)
    this.owner.flush()
  }
}

function offsetsOf(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, n) => start + n)
}

const scripts = fc.tuple(
  fc.integer(),
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 5, maxLength: 120 }),
)

function play(duel: Duel, script: readonly number[]): void {
  for (const step of script) {
    if (step === 0) duel.admit()
    else if (step === 1) duel.seal()
    else if (step === 2) duel.owner.flush()
    else if (step === 3) duel.pass()
    else duel.act()
  }
}

describe('the ledger, beside a model', () => {
  test('a position covers exactly what is settled (gaps with it), and the frontier never goes back', () => {
    fc.assert(
      fc.property(scripts, ([seed, script]) => {
        const duel = new Duel(seed)
        play(duel, script)
        duel.seal()
      }),
      { numRuns: 400 },
    )
  })

  test('after a drain all is settled once, in one range, and nothing is pinned', () => {
    fc.assert(
      fc.property(scripts, ([seed, script]) => {
        const duel = new Duel(seed)
        play(duel, script)
        duel.finish()
        const { ledger, owner, records, restored } = duel
        expect({ open: ledger.open, counted: owner.open, bytes: owner.bytes, lowest: owner.lowest }).toEqual({
          open: 0,
          counted: 0,
          bytes: 0,
          lowest: 0,
        })
        expect(owner.verdicts).toHaveLength(records.size)
        expect(ledger.dirty).toBe(false)
        expect(ledger.oldest).toBeUndefined()
        const beyond = [...restored].filter((offset) => offset >= ledger.end)
        const { frontier } = ledger.seal(() => true)
        expect(frontier).toBeGreaterThanOrEqual(ledger.end)
        expect(frontier).toBeLessThanOrEqual(Math.max(ledger.end, ...beyond.map((offset) => offset + 1)))
      }),
      { numRuns: 300 },
    )
  })

  test('every watcher is told once, and only after its record is settled', () => {
    fc.assert(
      fc.property(scripts, ([seed, script]) => {
        const duel = new Duel(seed)
        play(duel, script)
        for (const offset of duel.told) expect(duel.records.get(offset)!.tokens).toBe(0)
        duel.finish()
        expect(duel.told).toHaveLength(duel.watched)
      }),
      { numRuns: 300 },
    )
  })

  test('a ledger that is given up ignores everything, tells no watcher, and pins nothing', () => {
    fc.assert(
      fc.property(scripts, ([seed, script]) => {
        const duel = new Duel(seed)
        play(duel, script)
        const told = duel.told.length
        duel.ledger.discard()
        const verdictsBefore = duel.owner.verdicts.length
        for (const { run, row } of duel.records.values()) {
          run.retain(row, 1)
          run.release(row)
          run.release(row)
          run.copied(row, 5)
          run.whenSettled(row, () => duel.told.push(-1))
        }
        duel.owner.flush()
        expect(duel.owner.bytes).toBe(0)
        expect(duel.owner.verdicts).toHaveLength(verdictsBefore)
        expect(duel.told).toHaveLength(told)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the ledger', () => {
  const owner = new CountingOwner()
  const admit = (ledger: Ledger, offsets: readonly number[]): LedgerRun =>
    ledger.admit(packed(offsets.map((offset) => ({ offset, key: `k${offset}` }))), 1)

  test('a token too many given back is a defect with the offset', () => {
    const run = admit(new Ledger(partition, 0, new Intervals(), owner), [7, 8])
    run.release(1)
    expect(() => run.release(1)).toThrow(/offset 8 was released after/)
    expect(() => run.retain(1, 1)).toThrow(/offset 8 was retained after/)
    expect(() => run.releaseAll(Int32Array.of(1), 1, 0)).toThrow(
      expect.objectContaining({ code: 'CONSERVATION_BROKEN' }),
    )
  })

  test('tells which keys are under way below an offset, also when the buffer is gone', () => {
    const ledger = new Ledger(partition, 0, new Intervals(), owner)
    const run = admit(ledger, [1, 2, 5])
    admit(ledger, [6])
    for (const row of [0, 1, 2]) run.copied(row, 1)
    run.release(1)
    const below = (offset: number): (string | undefined)[] => {
      const keys: (string | undefined)[] = []
      ledger.someOpenBelow(offset, (key) => keys.push(key) < 0)
      return keys
    }
    expect(below(5)).toEqual(['k1'])
    expect(below(6)).toEqual(['k1', 'k5'])
    expect(below(100)).toEqual(['k1', 'k5', 'k6'])
  })

  test('an errand is in the cut when the place of its letter is, and then has the letter’s verdict', () => {
    const letters = new Ledger(partition, 0, new Intervals(), owner)
    const place = admit(letters, [3])
    const errand = new LedgerRun(letters, packed([{ offset: 9, key: 'k' }]), 9, 1, owner, {
      run: place,
      row: 0,
    })
    errand.judge(0, 'parked')
    errand.release(0)
    expect(errand.verdict(0)).toBe('parked')
    letters.seal(() => true)
    expect(errand.isSealed(0)).toBe(false)
    place.judge(0, 'discarded')
    place.release(0)
    expect(errand.verdict(0)).toBe('discarded')
    letters.seal(() => true)
    expect(errand.isSealed(0)).toBe(true)
  })

  test('bytes of an errand that is under way are let go with its ledger', () => {
    const own = new CountingOwner()
    const letters = new Ledger(partition, 0, new Intervals(), new CountingOwner())
    const place = admit(letters, [3])
    letters.errand(packed([{ offset: 9, key: 'k' }]), 1, own, { run: place, row: 0 })
    expect(own.bytes).toBeGreaterThan(0)
    letters.discard()
    expect(own.bytes).toBe(0)
  })
})
