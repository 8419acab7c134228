import { describe, expect, test } from '@jest/globals'
import { downstreamError, permanentError, recordError } from '../../../engine/errors.ts'
import { Breaker } from '../../../engine/runtime/breaker.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import type { ExecutorWork, Outcome } from '../../../engine/runtime/executor-work.ts'
import { KeyedExecutor } from '../../../engine/runtime/keyed-executor.ts'
import { Ledger } from '../../../engine/runtime/ledger.ts'
import type { WriteBatch } from '../../../engine/component/write-batch.ts'
import { FakeClock, turn } from '../../support/fake-clock.ts'
import { batchFrom, CountingOwner, packed, Random } from '../../support/harness-records.ts'
import { patient, StageBench } from '../../support/harness-stage.ts'

const away = downstreamError('TIMED_OUT', 'It is away.')

function breaker(after = 3) {
  const clock = new FakeClock()
  const told: string[] = []
  const one = new Breaker({
    subject: 'Sink users',
    after,
    backoff: { first: 100, longest: 1000 },
    clock,
    random: () => 1,
    trouble: (sentence) => told.push(sentence),
  })
  return { clock, told, one }
}

describe('a breaker', () => {
  test('opens after so many failures in a row, and says so once', () => {
    const { one, told } = breaker()
    one.failed(one.begin(), away)
    one.failed(one.begin(), away)
    one.succeeded()
    for (let n = 0; n < 3; n++) {
      expect([one.state, one.most]).toEqual(['closed', Infinity])
      one.failed(one.begin(), away)
    }
    expect([one.state, one.most, one.holds, one.openings]).toEqual(['open', 0, true, 1])
    expect(told).toEqual([
      'Sink users does not get through, and tries again: It is away.',
      'Sink users works again.',
      'Sink users does not get through, and tries again: It is away.',
      'Sink users failed 3 times in a row: the partitions that feed it pause, and one record at a time tries it.',
    ])
  })

  test('lets one record try after a while, less and less often, and closes when one gets through', () => {
    const { one, clock, told } = breaker(1)
    one.failed(false, away)
    for (const wait of [100, 200, 400, 800, 1000, 1000]) {
      clock.advance(wait - 1)
      expect(one.state).toBe('open')
      clock.advance(1)
      expect([one.state, one.most, one.holds]).toEqual(['half-open', 1, false])
      const isProbe = one.begin()
      expect([isProbe, one.most, one.holds]).toEqual([true, 0, true])
      one.failed(isProbe, away)
    }
    clock.advance(1000)
    one.begin()
    one.succeeded()
    expect([one.state, one.most, one.openings]).toEqual(['closed', Infinity, 1])
    expect(told.at(-1)).toBe('Sink users works again.')
    // The next trouble begins anew.
    one.failed(false, away)
    clock.advance(100)
    expect(one.state).toBe('half-open')
  })

  test('wakes one listener for a probe, all when it closes, and the next where a probe is given up', () => {
    const { one, clock } = breaker(1)
    const woken: string[] = []
    one.listen(() => {
      woken.push('a')
      if (one.state === 'half-open') one.begin()
    })
    const deaf = one.listen(() => woken.push('b'))
    one.failed(false, away)
    clock.advance(100)
    expect(woken).toEqual(['a'])
    one.abandoned()
    // Whoever had the probe is asked last.
    expect(woken).toEqual(['a', 'b', 'a'])
    one.succeeded()
    expect(woken).toEqual(['a', 'b', 'a', 'b', 'a'])
    deaf()
    one.failed(false, away)
    clock.advance(100)
    expect(woken.at(-1)).toBe('a')
  })

  test('a call that began before it opened changes nothing by failing, and closes it by getting through', () => {
    const { one, clock } = breaker(1)
    const old = one.begin()
    one.failed(false, away)
    clock.advance(100)
    const probe = one.begin()
    one.failed(old, away)
    expect(one.state).toBe('half-open')
    one.failed(probe, away)
    expect(one.state).toBe('open')
    one.succeeded()
    expect(one.state).toBe('closed')
  })
})

type Answer = Promise<Outcome[] | undefined>

/** Runs timer after timer. Fails where there are none, or no end. */
function runWhile(clock: FakeClock, holds: () => boolean): void {
  for (let n = 0; holds(); n++) if (n > 5000 || !clock.runNext()) throw new Error('It never comes to an end.')
}

/** An executor over a downstream that a test turns off and on. */
function bench(order: 'batch' | 'record', settings: Partial<typeof patient> = {}, maxBatch = 10) {
  const clock = new FakeClock()
  const stage = new StageBench(clock, new Random(1), { ...patient, ...settings })
  const ledger = new Ledger({ topic: 'in', partition: 0 }, 0, new Intervals(), new CountingOwner())
  const calls: number[][] = []
  const done: number[] = []
  const state = { isAway: false, answer: undefined as ((offsets: number[]) => Answer) | undefined }
  const offsetsOf = (batch: WriteBatch): number[] =>
    Array.from({ length: batch.length }, (_, n) => batch.record(n).offset)
  const work: ExecutorWork = {
    order,
    concurrency: order === 'batch' ? 1 : 8,
    maxBatch,
    late: (ms) => downstreamError('TIMED_OUT', `Nothing came in ${ms} ms.`),
    perform(batch) {
      const offsets = offsetsOf(batch)
      calls.push(offsets)
      if (state.answer !== undefined) return state.answer(offsets)
      if (state.isAway) throw away
      return undefined
    },
    done(batch) {
      done.push(...offsetsOf(batch))
      for (let n = 0; n < batch.length; n++) {
        const one = batch.batchOf(n)
        one.origin.lineage.release(one.lineageRow(batch.indexOf(n)))
      }
    },
  }
  const executor = new KeyedExecutor(stage.context, work)
  let next = 0
  const submit = (...keys: (string | null)[]): void => {
    const records = packed(keys.map((key) => ({ offset: next++, key })))
    executor.submit(batchFrom(records, ledger.admit(records, 1)))
  }
  return { clock, stage, calls, done, state, executor, submit, work }
}

describe.each(['batch', 'record'] as const)('an executor whose downstream is away (order %s)', (order) => {
  test('calls no more when its breaker is open, tries with one record, and then goes on with all', () => {
    const { clock, stage, calls, done, state, executor, submit } = bench(order)
    state.isAway = true
    submit('a', 'b', 'c', 'a', null, 'd')
    runWhile(clock, () => stage.breaker.state === 'closed')
    const before = calls.length
    submit('e', 'f', 'a')
    for (let n = 0; n < 40; n++) clock.runNext()
    const probes = calls.slice(before)
    expect(probes.length).toBeGreaterThan(3)
    for (const probe of probes) expect(probe).toHaveLength(1)
    // Not the same one again and again: it may be the record.
    expect(new Set(probes.map(([offset]) => offset)).size).toBeGreaterThan(2)
    state.isAway = false
    runWhile(clock, () => clock.waiting > 0)
    expect(stage.breaker.state).toBe('closed')
    expect(done.toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(done.filter((offset) => [0, 3, 8].includes(offset))).toEqual([0, 3, 8])
    expect([executor.held, executor.lanes, stage.given]).toEqual([0, 0, []])
    expect(stage.defects).toEqual([])
  })

  test('a call that hangs ends in time, and what comes of it later is ignored', async () => {
    const { clock, stage, calls, done, state, executor, submit } = bench(order, { answerWithin: 5000 })
    const late = Promise.withResolvers<Outcome[] | undefined>()
    state.answer = () => late.promise
    submit('a')
    clock.advance(4999)
    expect([calls.length, done]).toEqual([1, []])
    state.answer = undefined
    clock.advance(1)
    clock.advance(1000)
    expect([calls, done]).toEqual([[[0], [0]], [0]])
    late.resolve(undefined)
    await turn()
    expect([done, executor.held, stage.defects]).toEqual([[0], 0, []])
    expect(clock.waiting).toBe(0)
  })

  test('a call that is answered leaves no timer behind', async () => {
    const { clock, state, submit, done } = bench(order)
    const answers: (() => void)[] = []
    state.answer = () => new Promise((resolve) => answers.push(() => resolve(undefined)))
    submit('a', 'b')
    for (const answer of answers) answer()
    await turn()
    expect([done.length, clock.waiting]).toEqual([2, 0])
  })

  test('the task ends in mid-probe: another one may try', async () => {
    const { clock, stage, state, submit, executor } = bench(order)
    state.isAway = true
    submit('a')
    runWhile(clock, () => stage.breaker.state !== 'open')
    const hanging = Promise.withResolvers<Outcome[] | undefined>()
    state.answer = () => hanging.promise
    runWhile(clock, () => stage.breaker.state === 'open')
    expect(stage.breaker.most).toBe(0)
    stage.cancelled = true
    executor.close()
    expect(stage.breaker.most).toBe(1)
    hanging.resolve(undefined)
    await turn()
    expect(stage.breaker.state).toBe('half-open')
  })
})

test('records that fail for reasons of their own do not open the breaker, nor does what a row is refused for', async () => {
  const { stage, state, submit, clock } = bench('record', { breaker: { after: 1 } }, 1)
  state.answer = ([offset]) => {
    if (offset === 0) return Promise.reject(permanentError('RECORD_INVALID', 'never'))
    return Promise.resolve([{ outcome: 'refused', error: recordError('ROW_REFUSED', 'not this one') }])
  }
  submit('a', 'b')
  await clock.runAll()
  expect(stage.given).toEqual([0, 1])
  expect(stage.breaker.openings).toBe(0)
})

test('a row that is refused for want of what it goes to does', async () => {
  const { stage, state, submit } = bench('record', { breaker: { after: 1 } }, 1)
  state.answer = () => Promise.resolve([{ outcome: 'refused', error: away }])
  submit('a')
  await turn()
  expect(stage.breaker.state).toBe('open')
})

describe('a limit of time for the tries of a record', () => {
  const failing = (within: number | undefined) => {
    const { clock, stage, state, submit, calls, done } = bench('record', { attempts: 1000, within }, 1)
    state.answer = ([offset]) =>
      offset === 0 ? Promise.reject(new Error('It fails.')) : Promise.resolve(undefined)
    return { clock, stage, submit, calls, done }
  }

  test('gives it up in time, and not before; other keys go on meanwhile', async () => {
    const { clock, stage, submit, calls, done } = failing(10_000)
    const begun = clock.now()
    submit('a', 'b')
    await turn()
    submit('c', 'b')
    await turn()
    expect([done, clock.now()]).toEqual([[1, 2, 3], begun])
    await clock.runAll()
    expect(stage.given).toEqual([0])
    expect(calls.length).toBeGreaterThan(3)
    expect(clock.now() - begun).toBeLessThanOrEqual(10_000)
    expect(clock.now() - begun).toBeGreaterThan(1000)
  })

  test('does not count what was away', async () => {
    const { clock, stage, state, submit } = bench('record', { attempts: 1000, within: 1000 })
    state.isAway = true
    submit('a')
    runWhile(clock, () => clock.now() < 1_700_000_060_000)
    expect(stage.given).toEqual([])
    state.isAway = false
    runWhile(clock, () => clock.waiting > 0)
    expect(stage.given).toEqual([])
  })
})
