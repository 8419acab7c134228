// Exactly-once outputs of a key leave in its order, also where its records settle in another one.
import { expect, test } from '@jest/globals'
import { Bench, withBench } from '../../support/harness.ts'

const yaml = `name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors: { kinds: { type: split, from: in, n: 2 } }
sinks:
  out: { type: topic, from: in, topic: out }
  slow: { type: effect, from: kinds.left }
delivery: exactly-once
commit: { every: 10ms }
`

test.each(Array.from({ length: 10 }, (_, seed) => seed))(
  'a third of the records has a slow sink besides: seed %i',
  (seed) =>
    withBench(new Bench(seed, yaml, { partitions: 1 }), async (bench) => {
      const { cluster, world } = bench
      world.faults.slowest = 400
      cluster.topics.ensure('out', 1)
      const { worker } = cluster.start()
      for (let n = 0; n < 40; n++) {
        bench.produce([{ id: `e${n}`, key: `k${n % 4}` }])
        await cluster.step(5)
      }
      const out = (): { readonly key: string; readonly n: number }[] =>
        [...cluster.topics.all({ topic: 'out', partition: 0 })].map(([, { key, value }]) => ({
          key: Buffer.from(key!).toString(),
          n: Number((JSON.parse(Buffer.from(value!).toString()) as { id: string }).id.slice(1)),
        }))
      await cluster.until(() => out().length === 40 && [...worker.tasks].every(({ open }) => open === 0))
      await cluster.stop()
      for (const [, records] of Map.groupBy(out(), ({ key }) => key)) {
        const numbers = records.map(({ n }) => n)
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      }
    }),
)
