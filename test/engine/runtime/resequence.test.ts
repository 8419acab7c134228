// Re-sequencing on the real engine, over a model of the cluster: order, gaps, late ones, crashes, refusals.
import { expect, test } from '@jest/globals'
import { permanentError } from '../../../engine/errors.ts'
import { Bench, withBench } from '../../support/harness.ts'
import type { ModelWorker } from '../../support/model-cluster.ts'

const yaml = (setting = 'first: 1, within: 10s', errors = 'then: park') => `name: order
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  turns: { type: resequence, from: in, by: n, ${setting} }
sinks:
  out: { type: effect, from: turns }
  tardy: { type: effect, from: turns.late }
  holes: { type: effect, from: turns.gaps }
errors: { attempts: 2, ${errors}, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`
const one = (n: number, key = 'k') => ({ id: `${key}${n}`, key, n, time: n * 1000 })

const values = (bench: Bench, node = 'out') =>
  bench.world.effects.filter((effect) => effect.node === node).map(({ value }) => value)
const numbers = (bench: Bench, key = 'k', node = 'out'): number[] =>
  bench.world.effects
    .filter((effect) => effect.node === node && effect.key === key)
    .map(({ value }) => (value as { n: number }).n)

async function until(bench: Bench, done: (worker: ModelWorker) => boolean): Promise<ModelWorker> {
  const worker = bench.cluster.living[0] ?? bench.cluster.start()
  await bench.cluster.until(() => worker.over || done(worker))
  return worker
}

test('records come out in the order of their numbers, each key by itself', async () => {
  const bench = new Bench(1, yaml(), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one(2), one(1, 'l'), one(3), one(1), one(3, 'l'), one(2, 'l')], 0)
    await bench.toEnd()
    expect(numbers(bench)).toEqual([1, 2, 3])
    expect(numbers(bench, 'l')).toEqual([1, 2, 3])
    // What waits is in the state: another life goes on with it.
    bench.produce([one(5), one(3)], 0)
    await bench.toEnd()
    expect(numbers(bench)).toEqual([1, 2, 3])
    expect(numbers(bench, 'k', 'tardy')).toEqual([3])
    bench.produce([one(4)], 0)
    await bench.toEnd()
    expect(numbers(bench)).toEqual([1, 2, 3, 4, 5])
  })
})

test('a gap is told when the wait is over, and what comes then is late', async () => {
  const bench = new Bench(2, yaml(), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one(1), one(4), one(5)], 0)
    await until(bench, () => numbers(bench).length === 3)
    expect(numbers(bench)).toEqual([1, 4, 5])
    expect(values(bench, 'holes')).toEqual([{ key: 'k', from: 2, to: 3 }])
    bench.produce([one(3), one(6)], 0)
    await until(bench, () => numbers(bench).length === 4 && numbers(bench, 'k', 'tardy').length === 1)
    expect(numbers(bench)).toEqual([1, 4, 5, 6])
    await bench.cluster.stop()
  })
})

test('without a first number a key begins with the lowest that came within the wait', async () => {
  const bench = new Bench(3, yaml('within: 1s'), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one(9), one(7), one(8)], 0)
    await until(bench, () => numbers(bench).length === 3)
    expect(numbers(bench)).toEqual([7, 8, 9])
    expect(values(bench, 'holes')).toEqual([])
    await bench.cluster.stop()
  })
})

test('more than so many records do not wait', async () => {
  const bench = new Bench(4, yaml('first: 1, within: 365d, most: 3'), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one(5), one(4), one(3)], 0)
    await bench.toEnd()
    expect(numbers(bench)).toEqual([])
    bench.produce([one(9)], 0)
    await bench.toEnd()
    expect(numbers(bench)).toEqual([3, 4, 5])
    expect(values(bench, 'holes')).toEqual([{ key: 'k', from: 1, to: 2 }])
  })
})

test.each(['order: record', 'order: batch, most: 1', 'order: batch'])(
  'refused by a sink (%s)',
  async (order) => {
    const text = yaml().replace('from: turns }', `from: turns, ${order} }`)
    const bench = new Bench(5, text, { partitions: 1 })
    let refused = true
    bench.world.trouble = (node, { id }) => {
      if (node === 'out' && refused && id === 'k2') throw permanentError('RECORD_INVALID', 'No twos.')
    }
    await withBench(bench, async () => {
      bench.produce([one(3), one(2), one(4), one(1), one(1, 'l'), { id: 'x', key: 'm', time: 1 }], 0)
      await until(
        bench,
        ({ worker }) => worker.summary().deadLettered === 1 && numbers(bench, 'l').length === 1,
      )
      await bench.cluster.stop()
      // Its key is held up behind it; a record without a number is a letter.
      expect(numbers(bench)).toEqual([1])
      refused = false
      await bench.toEnd()
      expect(numbers(bench)).toEqual([1, 2, 3, 4])
    })
  },
)
