import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { Merger, type MergeLane } from '../../../engine/runtime/merger.ts'
import { FakeClock } from '../../support/fake-clock.ts'

interface Step {
  readonly lane: number
  /** Distances of event times from the record before; without any the lane is at its end. */
  readonly gaps: readonly number[]
  readonly ms: number
}

const lanes = 3
const waitMs = 50
const steps = fc.array(
  fc.record({
    lane: fc.nat(lanes - 1),
    gaps: fc.array(fc.nat(20), { maxLength: 4 }),
    ms: fc.nat(40),
  }),
  { maxLength: 60 },
)

/** A merger, and what passed, as `lane@offset=time`. */
class Kit {
  readonly clock = new FakeClock()
  behind = 0
  readonly merger = new Merger({
    clock: this.clock,
    waitMs,
    limitBytes: 100,
    outOfOrder: (records) => (this.behind += records),
  })
  readonly passed: { readonly lane: number; readonly offset: number; readonly time: number }[] = []
  readonly lanes: MergeLane[]
  readonly #ends: number[]
  readonly #times: number[]

  constructor(count = lanes) {
    this.#ends = new Array<number>(count).fill(0)
    this.#times = new Array<number>(count).fill(0)
    this.lanes = this.#ends.map((_, lane) =>
      this.merger.lane({
        admit:
          ({ offsets, timestamps, bytes, valueStarts, valueEnds }) =>
          (from, to) => {
            for (let row = from; row < to; row++) {
              const text = bytes.toString('utf8', valueStarts[row], valueEnds[row])
              expect(text).toBe(`${lane} at ${offsets[row]}`)
              this.passed.push({ lane, offset: offsets[row]!, time: timestamps[row]! })
            }
          },
        passed: (offset) => this.passed.push({ lane, offset, time: Number.NaN }),
      }),
    )
  }

  give(lane: number, gaps: readonly number[]): void {
    const records = gaps.map((gap, n) => {
      this.#times[lane]! += gap
      const value = Buffer.from(`${lane} at ${this.#ends[lane]! + n}`)
      return { key: n % 2 === 0 ? null : Buffer.from('k'), value, headers: [], timestamp: this.#times[lane]! }
    })
    const packed = packRecords(`t${lane}`, 0, records, this.#ends[lane]!)
    this.#ends[lane]! += gaps.length
    this.lanes[lane]!.take(packed, packed.timestamps)
  }
}

/** A naive model: again and again, the earliest head, if no empty lane has to be waited for. */
class Model {
  readonly passed: { lane: number; offset: number; time: number }[] = []
  readonly #heads: { offset: number; time: number }[][] = Array.from({ length: lanes }, () => [])
  readonly #quiet = new Array<number>(lanes).fill(Number.POSITIVE_INFINITY)
  readonly #ends = new Array<number>(lanes).fill(0)
  readonly #times = new Array<number>(lanes).fill(0)

  give({ lane, gaps }: Step, now: number): void {
    if (gaps.length === 0) this.#quiet[lane] = Math.min(this.#quiet[lane]!, now)
    else this.#quiet[lane] = Number.POSITIVE_INFINITY
    for (const gap of gaps)
      this.#heads[lane]!.push({ offset: this.#ends[lane]!++, time: (this.#times[lane]! += gap) })
  }

  pass(now: number): void {
    for (;;) {
      const isWaited = this.#heads.some(
        (held, lane) => held.length === 0 && this.#quiet[lane]! + waitMs > now,
      )
      const least = Math.min(...this.#heads.flatMap(([head]) => head?.time ?? []))
      if (isWaited || !Number.isFinite(least)) return
      const lane = this.#heads.findIndex(([head]) => head?.time === least)
      this.passed.push({ lane, ...this.#heads[lane]!.shift()! })
    }
  }
}

/** How many come behind a later one. */
function behind(times: readonly number[]): number {
  return times.filter((time, n) => times.slice(0, n).some((before) => before > time)).length
}

test('records pass as in the naive model, whatever comes when', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const kit = new Kit()
      const model = new Model()
      for (const step of all) {
        if (step.gaps.length === 0) kit.lanes[step.lane]!.reachedEnd()
        else kit.give(step.lane, step.gaps)
        model.give(step, kit.clock.now())
        model.pass(kit.clock.now())
        for (let ms = 0; ms < step.ms; ms++) {
          kit.clock.advance(1)
          model.pass(kit.clock.now())
        }
        expect(kit.passed).toEqual(model.passed)
      }
      expect(kit.behind).toBe(behind(model.passed.map(({ time }) => time)))
    }),
    { numRuns: 500 },
  )
})

test('where nobody is given up, times only ascend', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const kit = new Kit()
      for (const { lane, gaps } of all) kit.give(lane, gaps)
      const times = kit.passed.map(({ time }) => time)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      for (const lane of kit.lanes) lane.reachedEnd()
      kit.clock.advance(waitMs)
      expect(kit.lanes.some(({ holds }) => holds)).toBe(false)
    }),
  )
})

test('a lane that holds much is ahead, until half of it has passed; what is passed over keeps its place', () => {
  const kit = new Kit(2)
  kit.give(0, [1, 1, 1, 1, 1, 1, 1, 1])
  expect(kit.lanes[0]!.ahead).toBe(false)
  kit.give(0, [1, 1, 1, 1, 1, 1, 1, 1])
  expect(kit.lanes[0]!.ahead).toBe(true)
  kit.lanes[0]!.pass(20)
  kit.give(0, [1])
  kit.give(1, [100])
  expect(kit.passed.map(({ offset }) => offset)).toEqual([...Array.from({ length: 16 }, (_, n) => n), 20, 16])
  expect(kit.lanes[0]!.ahead).toBe(false)
  kit.merger.close()
  expect(kit.lanes[1]!.holds).toBe(false)
})

test('a lane that is not read for now is waited for; when it is read again, the wait begins anew', () => {
  const kit = new Kit(2)
  kit.lanes[1]!.reachedEnd()
  kit.lanes[1]!.pause()
  kit.give(0, [5])
  kit.clock.advance(10 * waitMs)
  expect(kit.passed).toEqual([])
  kit.lanes[1]!.resume()
  kit.clock.advance(waitMs - 1)
  kit.give(1, [3])
  expect(kit.passed.map(({ time }) => time)).toEqual([3])
  kit.lanes[1]!.reachedEnd()
  kit.clock.advance(waitMs)
  expect(kit.passed.map(({ time }) => time)).toEqual([3, 5])
  expect(kit.behind).toBe(0)
})

test('nothing passes or waits after the end', () => {
  const kit = new Kit(2)
  kit.give(0, [1])
  kit.merger.close()
  kit.give(1, [2])
  for (const lane of kit.lanes) lane.reachedEnd()
  kit.clock.advance(waitMs)
  expect(kit.passed).toEqual([])
  expect(kit.lanes.some(({ holds }) => holds)).toBe(false)
})

test('it says what waits, since when, and for whom', () => {
  const kit = new Kit(2)
  const [here, there] = kit.lanes
  const began = kit.clock.now()
  expect(here!.wait).toEqual({ records: 0, since: undefined, isAwaited: true })
  kit.give(0, [5, 5, 5])
  kit.clock.advance(70_000)
  expect(here!.wait).toEqual({ records: 3, since: began, isAwaited: false })
  expect(there!.wait).toEqual({ records: 0, since: undefined, isAwaited: true })
  kit.give(1, [7])
  // One record passed: from now on the next one waits.
  expect(here!.wait).toEqual({ records: 2, since: began + 70_000, isAwaited: false })
  there!.reachedEnd()
  kit.clock.advance(waitMs)
  expect([here!.wait.records, there!.wait.isAwaited]).toEqual([0, false])
})
