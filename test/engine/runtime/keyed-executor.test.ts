import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { WriteBatch } from '../../../engine/component/write-batch.ts'
import { downstreamError, permanentError } from '../../../engine/errors.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import type { Outcome } from '../../../engine/runtime/executor-work.ts'
import { KeyedExecutor } from '../../../engine/runtime/keyed-executor.ts'
import { Ledger } from '../../../engine/runtime/ledger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { batchFrom, CountingOwner, packed, Random } from '../../support/harness-records.ts'
import { patient, StageBench } from '../../support/harness-stage.ts'

type Order = 'batch' | 'record'

interface Options {
  readonly order: Order
  readonly then?: 'park' | 'skip' | 'halt'
  /** Shares of failures: of single records, and of whole calls. */
  readonly refuse: number
  readonly reject: number
  readonly sync: number
  readonly keys?: number
}

/** An executor with random work, and a log of what happened to each record. */
class Trial {
  readonly clock = new FakeClock()
  readonly random: Random
  readonly bench: StageBench
  readonly owner = new CountingOwner()
  readonly ledger = new Ledger({ topic: 'in', partition: 0 }, 0, new Intervals(), this.owner)
  readonly executor: KeyedExecutor
  readonly options: Options
  readonly keys = new Map<number, string | null>()
  readonly done: number[] = []
  readonly concurrency: number
  readonly faults: string[] = []
  left = 0
  #running = new Set<number>()
  #calls = 0
  #offset = 0

  constructor(seed: number, options: Options) {
    this.options = options
    this.random = new Random(seed)
    this.bench = new StageBench(this.clock, this.random, { ...patient, then: options.then ?? 'park' })
    this.concurrency = options.order === 'batch' ? 1 : 1 + this.random.below(4)
    this.executor = new KeyedExecutor(this.bench.context, {
      order: options.order,
      concurrency: this.concurrency,
      maxBatch: 1 + this.random.below(6),
      perform: (batch) => this.#perform(batch),
      done: (batch) => this.#done(batch),
      left: () => {
        this.left++
      },
      late: (ms) => downstreamError('TIMED_OUT', `nothing in ${ms}`),
    })
  }

  submit(): void {
    const records = Array.from({ length: 1 + this.random.below(8) }, () => {
      const key = this.random.chance(0.15) ? null : `k${this.random.below(this.options.keys ?? 4)}`
      this.keys.set(this.#offset, key)
      return { offset: this.#offset++, key }
    })
    const data = packed(records)
    this.executor.submit(batchFrom(data, this.ledger.admit(data, 1)))
  }

  #perform(batch: WriteBatch): Promise<Outcome[] | undefined> | Outcome[] | undefined {
    const offsets = offsetsOf(batch)
    if (++this.#calls > this.concurrency) this.faults.push(`${this.#calls} calls at once`)
    if (this.bench.stopped !== undefined) this.faults.push('worked on after the stop')
    for (const [n, offset] of offsets.entries()) this.#begin(offset, offsets.slice(0, n))
    const reject = this.random.chance(this.options.reject)
    const outcomes = this.random.chance(0.5) || this.options.refuse > 0 ? this.#outcomes(batch) : undefined
    const end = (): Outcome[] | undefined => {
      this.#calls--
      for (const offset of offsets) this.#running.delete(offset)
      if (reject) throw this.random.chance(0.7) ? downstreamError('TIMED_OUT', 'away') : new Error('broken')
      return outcomes
    }
    if (this.random.chance(this.options.sync)) return end()
    return new Promise((resolve, fail) => {
      this.clock.after(this.random.below(300), () => {
        try {
          resolve(end())
        } catch (error) {
          fail(error instanceof Error ? error : new Error('no error'))
        }
      })
    })
  }

  /** Every earlier record of the key must be finished, or, in a sink that keeps order, before it in the same call. */
  #begin(offset: number, before: readonly number[]): void {
    this.#running.add(offset)
    const key = this.keys.get(offset)!
    const finished = new Set([...this.done, ...this.bench.given, ...this.bench.followed])
    for (let earlier = 0; earlier < offset; earlier++) {
      if (key === null || this.keys.get(earlier) !== key || finished.has(earlier)) continue
      if (this.options.order === 'batch' && before.includes(earlier)) continue
      this.faults.push(`${offset} began before ${earlier} of ${key} was finished`)
    }
  }

  #outcomes(batch: WriteBatch): Outcome[] {
    const refused = new Set<string>()
    return Array.from({ length: batch.length }, (_, n) => {
      const key = batch.keyText(n)
      if (key !== undefined && refused.has(key)) return { outcome: 'untried' }
      if (!this.random.chance(this.options.refuse)) {
        return this.random.chance(0.2) ? { outcome: 'dropped', reason: 'test' } : { outcome: 'stored' }
      }
      if (key !== undefined) refused.add(key)
      return { outcome: 'refused', error: this.#error() }
    })
  }

  #error(): Error {
    const kind = this.random.below(6)
    if (kind === 0) return permanentError('RECORD_INVALID', 'never')
    if (kind < 3) return downstreamError('TIMED_OUT', 'later')
    return new Error('perhaps')
  }

  #done(batch: WriteBatch): void {
    for (let n = 0; n < batch.length; n++) {
      const one = batch.batchOf(n)
      this.done.push(one.offset(batch.indexOf(n)))
      one.origin.lineage.release(one.lineageRow(batch.indexOf(n)))
    }
  }

  async play(script: readonly number[]): Promise<void> {
    for (const step of script) {
      if (step < 3) this.submit()
      else this.clock.advance(step * 20)
      await Promise.resolve()
      if (step === 9) await new Promise((resolve) => setImmediate(resolve))
    }
    await this.clock.runAll()
  }

  check(): void {
    expect(this.faults).toEqual([])
    expect(this.bench.defects).toEqual([])
    const gone = [...this.done, ...this.bench.given, ...this.bench.followed].sort((a, b) => a - b)
    expect(gone).toEqual([...this.keys.keys()])
    const { held, lanes } = this.executor
    expect({ held, lanes, open: this.ledger.open, bytes: this.owner.bytes, left: this.left }).toEqual({
      held: 0,
      lanes: 0,
      open: 0,
      bytes: 0,
      left: this.bench.given.length + this.bench.followed.length,
    })
  }
}

function offsetsOf(batch: WriteBatch): number[] {
  return Array.from({ length: batch.length }, (_, n) => batch.batchOf(n).offset(batch.indexOf(n)))
}

const scripts = fc.tuple(fc.integer(), fc.array(fc.nat(9), { minLength: 3, maxLength: 60 }))

async function trial(options: Options, [seed, script]: [number, number[]]): Promise<Trial> {
  const one = new Trial(seed, options)
  await one.play(script)
  return one
}

describe.each(['batch', 'record'] as const)('the keyed executor, order %s', (order) => {
  test.each([
    ['good work', { refuse: 0, reject: 0, sync: 0.3 }],
    ['work that answers at once', { refuse: 0.2, reject: 0, sync: 1 }],
    ['refusals', { refuse: 0.3, reject: 0, sync: 0.3 }],
    ['failed calls', { refuse: 0, reject: 0.3, sync: 0.3 }],
    ['everything', { refuse: 0.2, reject: 0.2, sync: 0.3 }],
    ['one key', { refuse: 0.3, reject: 0.1, sync: 0.3, keys: 1 }],
  ])('%s: in order, within bounds, each record once', async (_name, options) => {
    const check = async (script: [number, number[]]): Promise<void> =>
      (await trial({ order, ...options }, script)).check()
    await fc.assert(fc.asyncProperty(scripts, check), { numRuns: 120 })
  })

  test('a record that is given up blocks its followers: none of them is worked on', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const one = await trial({ order, refuse: 0.4, reject: 0, sync: 0.5 }, script)
        for (const offset of one.done) {
          const from = one.bench.blocked.get(one.keys.get(offset) ?? '')
          if (from !== undefined) expect(offset).toBeLessThan(from)
        }
      }),
      { numRuns: 120 },
    )
  })

  test('after a halt no other record is begun, and the failed one is not settled', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const one = await trial({ order, then: 'halt', refuse: 0.3, reject: 0, sync: 0.5 }, script)
        expect(one.faults).toEqual([])
        expect(one.bench.given).toEqual([])
        if (one.bench.stopped !== undefined) expect(one.ledger.open).toBeGreaterThan(0)
      }),
      { numRuns: 120 },
    )
  })

  test('a cancelled executor ignores what comes back, and begins nothing', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async ([seed, script]) => {
        const one = new Trial(seed, { order, refuse: 0.2, reject: 0.1, sync: 0 })
        for (const step of script) {
          if (step < 5) one.submit()
          else one.clock.advance(step)
        }
        const { done, bench } = one
        const before = [done.length, bench.given.length]
        bench.cancelled = true
        one.submit()
        await one.clock.runAll()
        expect([done.length, bench.given.length]).toEqual(before)
      }),
      { numRuns: 60 },
    )
  })
})

describe('the error policy', () => {
  test('waits longer with each try, also where tries do not count against the record', async () => {
    const one = new Trial(1, { order: 'record', refuse: 0, reject: 0, sync: 1 })
    const waits: number[] = []
    const policy = one.bench.context.policy
    for (let tries = 1; tries < 9; tries++) {
      let longest = 0
      for (let n = 0; n < 200; n++) {
        const decision = policy.decide(downstreamError('TIMED_OUT', 'away'), { attempts: 1, tries, since: 0 })
        longest = Math.max(longest, decision.act === 'retry' ? decision.afterMs : -1)
      }
      waits.push(longest)
    }
    for (const [n, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(Math.min(5000, 100 * 2 ** n))
    expect(waits[6]!).toBeGreaterThan(2000)
  })
})
