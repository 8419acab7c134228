// Exactly-once outputs of a key leave in its order, also where its records settle in another one.
import { expect, test } from '@jest/globals'
import { Bench, withBench } from '../../support/harness.ts'
import { Random } from '../../support/harness-records.ts'
import { StormWeather } from '../../support/storm-weather.ts'

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

/** One record of the topic: its key, and the offset that it came with. */
interface Out {
  readonly key: string
  readonly n: number
}

const seeds = Array.from({ length: 30 }, (_, seed) => seed)

test.each(seeds)('letters are parked and released in between: seed %i', (seed) => {
  const errors =
    'errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }'
  return withBench(new Bench(seed, `${yaml}${errors}\n`, { partitions: 1 }), async (bench) => {
    const { cluster, world } = bench
    const random = new Random(seed)
    const storm = new StormWeather(bench, { release: 0.2, crash: seed % 3 === 0 ? 0.01 : 0 }, random)
    world.faults.slowest = 400
    cluster.topics.ensure('out', 1)
    cluster.start()
    for (let n = 0; n < 60; n++) {
      const fails = random.chance(0.2) ? { slow: random.chance(0.5) ? -1 : 2 } : undefined
      bench.produce([{ id: `e${n}`, key: `k${n % 4}`, ...(fails && { fails }) }])
      storm.happen()
      await cluster.step(5)
    }
    for (let n = 0; n < 100; n++) {
      storm.happen()
      await cluster.step(5)
    }
    world.mended = true
    expect(await storm.calm()).toEqual([])
    const out = [...cluster.topics.all({ topic: 'out', partition: 0 })].map(([, { key, value }]): Out => ({
      key: Buffer.from(key!).toString(),
      n: Number((JSON.parse(Buffer.from(value!).toString()) as { id: string }).id.slice(1)),
    }))
    expect(out.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
    const letters = new Set(bench.letters(0))
    parked += letters.size
    for (const records of Map.groupBy(out, ({ key }) => key).values())
      for (const [at, later] of records.entries())
        for (const earlier of records.slice(at + 1))
          if (earlier.n < later.n && !(letters.has(earlier.n) && !letters.has(later.n)))
            throw new Error(`${later.key}: ${later.n} left before ${earlier.n}`)
  })
})

let parked = 0
test('there were letters', () => {
  expect(parked).toBeGreaterThan(100)
})
