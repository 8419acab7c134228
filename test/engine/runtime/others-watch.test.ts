import { expect, test } from '@jest/globals'
import type { TopicPartition } from '../../../engine/component/contracts/position.ts'
import type { GroupPosition, SourceReader } from '../../../engine/component/contracts/reader.ts'
import { OthersWatch } from '../../../engine/runtime/others-watch.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { packed } from '../../support/harness-records.ts'

const at = (partition: number): TopicPartition => ({ topic: 'in', partition })

/** A watch over partitions of which the group has committed `committed`, which end at 10 and hold records at `offsets`. */
function watching(committed: (number | undefined)[], offsets: readonly number[] = []) {
  const stable = { end: 10 }
  const clock = new FakeClock()
  const troubles: string[] = []
  const fetched: string[] = []
  const asked: TopicPartition[][] = []
  const reader = {
    others: async (own: readonly TopicPartition[]): Promise<GroupPosition[]> => {
      asked.push([...own])
      return committed.map((offset, partition) => ({
        ...at(partition),
        committed: offset === undefined ? undefined : { offset, metadata: '' },
      }))
    },
  } as Partial<SourceReader> as SourceReader
  const watch = new OthersWatch({
    clock,
    target: async () => 10,
    fetch: async ({ partition }, offset) => {
      fetched.push(`${partition}@${offset}`)
      const next = offsets.find((one) => one >= offset)
      return { records: packed(next === undefined ? [] : [{ offset: next, key: 'k' }]), next: stable.end }
    },
    trouble: (sentence) => troubles.push(sentence),
  })
  const look = async (): Promise<boolean> => {
    clock.advance(500)
    return watch.allDone([reader, {} as SourceReader], [at(7)])
  }
  return { clock, watch, look, troubles, fetched, asked, committed, reader, stable }
}

test('all is done when the group has committed every partition to its end', async () => {
  const { look, committed, fetched, asked } = watching([10, 12, 4, undefined], [8])
  expect(await look()).toBe(false)
  committed[2] = 10
  committed[3] = 9
  expect(await look()).toBe(false)
  committed[3] = 10
  expect(await look()).toBe(true)
  // Where the group makes headway nobody looks into the topic.
  expect(fetched).toEqual([])
  expect(asked).toEqual([[at(7)], [at(7)], [at(7)]])
})

test('records that are not committed are waited for; what is behind them is not looked at again', async () => {
  const { look, committed, fetched } = watching([4], [6, 8])
  for (let n = 0; n < 5; n++) expect(await look()).toBe(false)
  expect(fetched).toEqual(['0@4'])
  committed[0] = 7
  for (let n = 0; n < 3; n++) expect(await look()).toBe(false)
  expect(fetched).toEqual(['0@4', '0@7'])
})

test('offsets without a record are no reason to wait, and neither is what came later', async () => {
  for (const offsets of [[], [11]]) {
    const { look } = watching([9, undefined], offsets)
    expect(await look()).toBe(false)
    expect(await look()).toBe(true)
  }
})

test('an open transaction may bring records: its end is waited for', async () => {
  const { look, stable, fetched } = watching([9])
  stable.end = 9
  for (let n = 0; n < 3; n++) expect(await look()).toBe(false)
  expect(fetched).toEqual(['0@9', '0@9'])
  stable.end = 10
  expect(await look()).toBe(true)
})

test('brokers are not asked all the time', async () => {
  const { look, watch, clock, asked, reader } = watching([4], [6])
  await look()
  clock.advance(499)
  expect(await watch.allDone([reader], [])).toBe(false)
  expect(asked).toHaveLength(1)
})

test('a long wait is told, and now and then again', async () => {
  const { look, troubles } = watching([4, 4, 4, 4, 4, 10], [6])
  for (let n = 0; n < 10; n++) await look()
  expect(troubles).toEqual([])
  for (let n = 0; n < 50; n++) await look()
  const sentence =
    'This worker is at the end of its partitions. It waits for those of other members of the group: in/0, in/1, in/2 and 2 more.'
  expect(troubles).toEqual([sentence])
  for (let n = 0; n < 20; n++) await look()
  expect(troubles).toEqual([sentence, sentence])
})
