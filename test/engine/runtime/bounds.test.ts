import { describe, expect, test } from '@jest/globals'
import { metadataLimit } from '../../../engine/runtime/commit-metadata.ts'
import { Bench, withBench } from '../../support/harness.ts'

const settings = (every = '50ms', budget = ''): string => `
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: ${every} }
${budget}`

const yaml = `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
sinks:
  out: { type: effect, from: unique }
`
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ id: `e${from + n}`, key: `k${(from + n) % 7}` }))

describe('what is under way stays within bounds', () => {
  test(
    'the map of settled ranges: new work waits before it is too long for a broker',
    () =>
      withBench(
        new Bench(
          1,
          yaml + settings('20ms').replace('longest: 50ms }', 'longest: 9s }, breaker: { after: 1000 }'),
          {
            partitions: 1,
            pollRecords: 60,
          },
        ),
        async (bench) => {
          const { cluster } = bench
          // Every other record waits for its sink: a map with a range for each of the others.
          const pairs = 1700
          for (let n = 0; n < pairs; n++) {
            bench.produce([{ id: `a${n}`, key: `a${n}`, away: { out: 1 } }])
            for (let gap = 0; gap < 20; gap++) cluster.topics.gap({ topic: 'in', partition: 0 })
            bench.produce([{ id: `b${n}`, key: `b${n}` }])
          }
          const end = pairs * 22
          bench.world.faults.slow = 0
          const one = cluster.start()
          let longest = 0
          const lengths = (): number =>
            cluster.commits.position('orders', { topic: 'in', partition: 0 })?.metadata.length ?? 0
          for (let n = 0; n < 900; n++) {
            await cluster.step(5)
            longest = Math.max(longest, lengths())
          }
          expect(longest).toBeGreaterThan(metadataLimit * 0.7)
          expect(longest).toBeLessThanOrEqual(metadataLimit)
          const read = [...one.worker.tasks][0]!.inputs[0]!.ledger.end
          expect(read).toBeLessThan(end)
          bench.world.mended = true
          await cluster.until(
            () => (cluster.commits.position('orders', { topic: 'in', partition: 0 })?.offset ?? 0) >= end,
          )
          expect(bench.offsets('out')).toHaveLength(2 * pairs)
          await cluster.stop()
        },
      ),
    60_000,
  )

  test('bytes: no more than the budget and one poll, however slow the sink is', () =>
    withBench(
      new Bench(1, yaml + settings('50ms', 'budget: { partition: 64KiB, total: 100KiB }\n'), {
        partitions: 3,
      }),
      async (bench) => {
        const { cluster } = bench
        const pad = 'x'.repeat(2000)
        for (let partition = 0; partition < 3; partition++) {
          bench.produce(
            many(200, partition * 1000).map((one) => ({ ...one, pad })),
            partition,
          )
        }
        bench.world.faults.slowest = 300
        const one = cluster.start()
        await cluster.until(() => bench.world.effects.length >= 600)
        // One poll brings up to eight records of each partition.
        expect(one.worker.pinned.highest).toBeLessThan(100 * 1024 + 3 * 8 * 2200)
        expect(one.worker.pinned.highest).toBeGreaterThan(50 * 1024)
        await cluster.stop()
        expect(one.error).toBeUndefined()
      },
    ))
})

describe('a partition whose sink is away', () => {
  test('waits with no more than its share, others go on, and it goes on later', () =>
    withBench(
      new Bench(1, yaml + settings('50ms', 'budget: { partition: 64KiB, total: 8MiB }\n'), { partitions: 2 }),
      async (bench) => {
        const { cluster } = bench
        const pad = 'x'.repeat(2000)
        bench.produce(
          many(300).map((one) => ({ ...one, pad, away: { out: 1 } })),
          0,
        )
        bench.produce(
          many(300, 1000).map((one) => ({ ...one, pad })),
          1,
        )
        const one = cluster.start()
        await cluster.until(() => bench.offsets('out', 1).length === 300)
        expect(bench.offsets('out', 0)).toEqual([])
        // Waiting records are copied out of their batch: for a moment both are there.
        expect(one.worker.pinned.now).toBeLessThan(2 * 64 * 1024 + 2 * 8 * 2200)
        bench.world.mended = true
        await cluster.until(() => bench.offsets('out', 0).length === 300)
        await cluster.stop()
        expect(one.error).toBeUndefined()
      },
    ))
})
