import { expect, test } from '@jest/globals'
import type { ValueCodec } from '../../../engine/component/codec.ts'
import { downstreamError, fatalError, type MillraceError } from '../../../engine/errors.ts'
import { Breaker } from '../../../engine/runtime/breaker.ts'
import { SchemaWait } from '../../../engine/runtime/schema-wait.ts'
import { FakeClock, turn } from '../../support/fake-clock.ts'
import { packed } from '../../support/harness-records.ts'

const records = packed([{ offset: 0, key: 'a' }])

/** Partitions of one source over one registry that answers with this error. */
async function started(count: number, error: MillraceError) {
  const clock = new FakeClock()
  const told: string[] = []
  const backoff = { first: 100, longest: 10_000 }
  const breaker = new Breaker({
    subject: 'Source in',
    after: 3,
    backoff,
    clock,
    trouble: (text) => told.push(text),
  })
  const state = { error: error as MillraceError | undefined, asked: 0, over: false }
  const codec = {
    prepare: () => {
      state.asked++
      return state.error === undefined ? Promise.resolve() : Promise.reject(state.error)
    },
  } as unknown as ValueCodec
  const waits = Array.from(
    { length: count },
    () =>
      new SchemaWait({
        node: 'in',
        codec,
        clock,
        breaker,
        over: () => state.over,
        trouble: (text) => told.push(text),
      }),
  )
  const ready: number[] = []
  const failed: unknown[] = []
  for (const [n, wait] of waits.entries())
    wait.end(records, wait.begin(records)).then(
      () => ready.push(n),
      (error: unknown) => failed.push(error),
    )
  const pass = async (ms: number): Promise<void> => {
    const until = clock.now() + ms
    while ((clock.next ?? Infinity) <= until) {
      clock.runNext()
      await turn()
    }
  }
  await turn()
  return { clock, breaker, state, waits, ready, failed, told, pass }
}

const away = downstreamError('REGISTRY_UNAVAILABLE', 'It is away.')

test('while the registry is away, one partition asks for all of them, and then all go on', async () => {
  const { breaker, state, waits, ready, pass } = await started(6, away)
  await pass(2000)
  expect(breaker.state).not.toBe('closed')
  expect(waits.every((wait) => wait.waits)).toBe(true)
  const before = state.asked
  await pass(60_000)
  // Every ten seconds or so, one: not each of six.
  expect(state.asked - before).toBeLessThan(20)
  expect(state.asked - before).toBeGreaterThan(3)
  state.error = undefined
  await pass(30_000)
  expect(ready.toSorted()).toEqual([0, 1, 2, 3, 4, 5])
  expect([breaker.state, waits.some((wait) => wait.waits)]).toEqual(['closed', false])
})

test('an unknown id in its grace period holds its own partition, and says that the registry is there', async () => {
  const unknown = downstreamError('AVRO_UNKNOWN_SCHEMA_ID', 'Not yet.')
  const { breaker, state, waits, ready, pass } = await started(1, unknown)
  await pass(20_000)
  expect([breaker.openings, waits[0]!.waits, ready]).toEqual([0, true, []])
  state.error = undefined
  await pass(10_000)
  expect(ready).toEqual([0])
})

test('what is fatal is told at once; who is over asks no more', async () => {
  const refused = fatalError('REGISTRY_REFUSED', 'No.')
  expect((await started(1, refused)).failed).toEqual([refused])
  const { state, pass } = await started(1, away)
  await pass(1000)
  state.over = true
  await pass(20_000)
  const before = state.asked
  await pass(100_000)
  expect(state.asked).toBe(before)
})
