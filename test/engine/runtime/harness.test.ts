import { describe, expect, test } from '@jest/globals'
import { Bench, withBench } from '../../support/harness.ts'

const yaml = `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
  slow: { type: wait, from: unique }
sinks:
  out: { type: effect, from: slow }
  also: { type: effect, from: unique, order: batch }
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

describe('a topology on the model cluster', () => {
  test('runs to its end: every record once, in order per key, duplicates dropped', async () => {
    await withBench(new Bench(1, yaml, { partitions: 1 }), async (bench) => {
      const ids = Array.from({ length: 50 }, (_, n) => ({ id: `e${n % 40}`, key: `k${(n % 40) % 3}` }))
      bench.produce(ids)
      const summary = await bench.toEnd()
      expect(summary).toMatchObject({ consumed: 50, stored: 40, duplicates: 10, deadLettered: 0 })
      for (const node of ['out', 'also']) {
        expect(bench.offsets(node).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n))
        for (const key of ['k0', 'k1', 'k2']) {
          const own = bench.world.effects.filter((one) => one.node === node && one.key === key)
          expect(own.map(({ offset }) => offset)).toEqual(
            own.map(({ offset }) => offset).toSorted((a, b) => a - b),
          )
        }
      }
      expect(bench.cluster.commits.position('orders', { topic: 'in', partition: 0 })).toEqual({
        offset: 50,
        metadata: '',
      })
    })
  })

  test('parks what fails with its followers, and releases them in order', async () => {
    await withBench(new Bench(2, yaml, { partitions: 1 }), async (bench) => {
      bench.produce([
        { id: 'a', key: 'k' },
        { id: 'b', key: 'k', fails: { slow: 9 } },
        { id: 'c', key: 'k' },
        { id: 'd', key: 'j' },
      ])
      expect(await bench.toEnd()).toMatchObject({ stored: 2, deadLettered: 2 })
      expect(bench.letters()).toEqual([1, 2])
      expect(bench.offsets('out').toSorted()).toEqual([0, 3])
      bench.world.mended = true
      bench.command(0, 'k', 'release')
      await bench.toEnd()
      expect(bench.offsets('out')).toEqual(expect.arrayContaining([0, 1, 2, 3]))
      expect(bench.offsets('out').indexOf(1)).toBeLessThan(bench.offsets('out').indexOf(2))
    })
  })
})
