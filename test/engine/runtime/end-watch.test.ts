import { expect, test } from '@jest/globals'
import type { SourceReader } from '../../../engine/component/contracts/reader.ts'
import { downstreamError } from '../../../engine/errors.ts'
import { EndWatch } from '../../../engine/runtime/end-watch.ts'
import type { Task } from '../../../engine/runtime/task.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** A worker with one partition that ends at 5, of which it has read up to `read`. */
function watching(
  read: number,
  bounds = async () => ({ first: 0, end: 5 }),
  more: Partial<SourceReader> = {},
) {
  const clock = new FakeClock()
  const troubles: string[] = []
  const session = { over: false }
  const watch = new EndWatch({
    over: () => session.over,
    stages: [{ sources: ['events'], topics: ['in'] }],
    clock,
    fetch: () => Promise.reject(new Error('nobody else has partitions')),
    trouble: (sentence) => troubles.push(sentence),
  })
  const reader = { bounds, ...more } as Partial<SourceReader> as SourceReader
  const input = {
    node: 'events',
    partition: { topic: 'in', partition: 0 },
    ledger: { end: read },
    parking: {},
  }
  const task = { inputs: [input], open: 0 }
  const look = (): Promise<boolean> => {
    clock.advance(1000)
    return watch.isReached([task as unknown as Task], [reader], () => reader)
  }
  return { clock, watch, task, look, troubles, session }
}

test('the last record is the end, when nothing is under way', async () => {
  const { look, task } = watching(5)
  task.open = 1
  expect(await look()).toBe(false)
  task.open = 0
  expect(await look()).toBe(true)
})

test('behind the last record may be a marker of a transaction: the reader says that there is no more', async () => {
  const { look, watch } = watching(4)
  expect(await look()).toBe(false)
  watch.reached('events', 0, 4)
  expect(await look()).toBe(false)
  watch.reached('events', 0, 5)
  expect(await look()).toBe(true)
})

test('what is about to be committed there belongs to it: it is waited for, and told', async () => {
  const { look, watch, troubles } = watching(5, undefined, { writtenTo: async () => 7 })
  watch.reached('events', 0, 5)
  for (let seconds = 0; seconds < 6; seconds++) expect(await look()).toBe(false)
  expect(troubles).toEqual([
    'This worker has read all that is committed. It waits for the end of transactions that are open in in/0.',
  ])
  watch.reached('events', 0, 7)
  expect(await look()).toBe(true)
})

test('a partition that is read anew is at no end yet', async () => {
  const { look, watch } = watching(4)
  watch.reached('events', 0, 5)
  watch.begun([{ node: 'events', partition: 0 }])
  expect(await look()).toBe(false)
})

test('while nobody can tell, it is told now and then', async () => {
  const { look, troubles, clock, session } = watching(5, () =>
    Promise.reject(downstreamError('KAFKA_AWAY', 'No broker answers.')),
  )
  expect([await look(), await look()]).toEqual([false, false])
  expect(troubles).toEqual(['Whether the end is reached cannot be told: No broker answers.'])
  clock.advance(10_000)
  expect(await look()).toBe(false)
  expect(troubles).toHaveLength(2)
  session.over = true
  clock.advance(10_000)
  expect(await look()).toBe(false)
  expect(troubles).toHaveLength(2)
})
