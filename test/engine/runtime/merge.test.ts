import { expect, test } from '@jest/globals'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'

const yaml = (more: { merge?: string; processors?: string; budget?: string } = {}): string => `name: merged
sources:
  in: { type: topic, topic: in, format: json, timestamp: time }
  more: { type: topic, topic: more, format: json, timestamp: time }
processors:
  both: { type: merge, ${more.merge ?? 'from: [in, more], wait: 1s'} }
  ${more.processors ?? ''}
sinks:
  out: { type: effect, from: both }
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
${more.budget ?? ''}
`

function benchOf(seed: number, text = yaml()): Bench {
  const bench = new Bench(seed, text, { partitions: 1 })
  bench.world.faults.slow = 0
  bench.cluster.topics.ensure('more', 1)
  return bench
}

/** Records by their times, seconds before now. */
function at(bench: Bench, topic: string, ...agos: readonly number[]): void {
  const now = bench.cluster.clock.now()
  const records = agos.map((ago): TestInput => ({ id: `${topic} ${ago}`, key: 'k', time: now - ago * 1000 }))
  bench.produce(records, 0, topic)
}

function ids(bench: Bench): string[] {
  return bench.world.effects.map(({ id }) => id)
}

/** Goes on for so many milliseconds. */
async function live(bench: Bench, ms: number): Promise<void> {
  const until = bench.cluster.clock.now() + ms
  while (bench.cluster.clock.now() < until) await bench.cluster.step(10)
}

test('records come in by their event times, whatever topic they are in', async () => {
  const bench = benchOf(1)
  await withBench(bench, async () => {
    at(bench, 'in', 90, 70, 50, 49, 10)
    at(bench, 'more', 80, 60, 30, 20)
    expect(await bench.toEnd()).toMatchObject({ stored: 9 })
    expect(ids(bench)).toEqual(
      [90, 80, 70, 60, 50, 49, 30, 20, 10].map((ago) =>
        [80, 60, 30, 20].includes(ago) ? `more ${ago}` : `in ${ago}`,
      ),
    )
  })
})

test('a partition at its end is waited for, and no longer; who comes too late is counted', async () => {
  const bench = benchOf(2)
  await withBench(bench, async () => {
    const { worker } = bench.cluster.start()
    await live(bench, 500)
    at(bench, 'in', 10, 8)
    await live(bench, 500)
    expect(ids(bench)).toEqual([])
    at(bench, 'more', 9)
    await live(bench, 500)
    expect(ids(bench)).toEqual(['in 10', 'more 9'])
    await live(bench, 1500)
    expect(ids(bench)).toEqual(['in 10', 'more 9', 'in 8'])
    at(bench, 'more', 20)
    await live(bench, 1500)
    expect(ids(bench)).toEqual(['in 10', 'more 9', 'in 8', 'more 20'])
    expect([...worker.counters.entries()]).toContainEqual(['both', 'outOfOrder', 1])
  })
})

test('what waits holds up nobody who asks for the partition, and is committed by nobody', async () => {
  const bench = benchOf(3, yaml({ merge: 'from: [in, more], wait: 1h' }))
  await withBench(bench, async () => {
    const { cluster } = bench
    const one = cluster.start()
    at(bench, 'in', 10, 8)
    at(bench, 'more', 9)
    await live(bench, 500)
    expect(ids(bench)).toEqual(['in 10', 'more 9'])
    const other = cluster.start()
    await live(bench, 200)
    cluster.group('merged').move(0, other.life.name, false)
    await live(bench, 500)
    expect(cluster.group('merged').owned.map(({ worker }) => worker)).toEqual([
      other.life.name,
      other.life.name,
    ])
    expect(cluster.commits.position('merged', { topic: 'in', partition: 0 })?.offset).toBe(1)
    at(bench, 'more', 7)
    await live(bench, 500)
    expect(ids(bench)).toEqual(['in 10', 'more 9', 'in 8'])
    one.worker.stop()
    other.worker.stop()
    await cluster.until(() => one.over && other.over)
    expect([one.error, other.error]).toEqual([undefined, undefined])
  })
})

test('a time that cannot be read, or is still to come, holds nobody up', async () => {
  const bench = benchOf(4)
  await withBench(bench, async () => {
    const now = bench.cluster.clock.now()
    at(bench, 'in', 10)
    bench.produce([{ id: 'wrong', key: 'w', time: 'never' as unknown as number }], 0)
    bench.produce([{ id: 'hour', key: 'h', time: now + 3_600_000 }], 0)
    at(bench, 'in', 8)
    at(bench, 'more', 9, 7, 5)
    expect(await bench.toEnd()).toMatchObject({ stored: 6, deadLettered: 1 })
    expect(ids(bench)).toEqual(['in 10', 'more 9', 'more 7', 'more 5', 'hour', 'in 8'])
  })
})

test('a released letter goes on at once; only its own topic waited behind it', async () => {
  const bench = benchOf(5, yaml({ merge: 'from: [in, more], wait: 1h' }))
  await withBench(bench, async () => {
    const now = bench.cluster.clock.now()
    const { world, cluster } = bench
    cluster.start()
    const bad = { id: 'bad', key: 'k', time: now - 10_000, fails: { out: -1 } }
    bench.produce([bad], 0)
    at(bench, 'in', 8, 3)
    at(bench, 'more', 9, 7)
    await live(bench, 500)
    expect(ids(bench)).toEqual(['more 9', 'more 7'])
    world.mended = true
    bench.command(0, 'k', 'release')
    await live(bench, 2000)
    expect(ids(bench)).toEqual(['more 9', 'more 7', 'bad', 'in 8'])
  })
})

test('who is ahead is read no further, and what waits is in no budget', async () => {
  const bench = benchOf(6, yaml({ budget: 'budget: { partition: 64KiB }' }))
  await withBench(bench, async () => {
    const now = bench.cluster.clock.now()
    const pad = 'x'.repeat(1000)
    const many = Array.from({ length: 50 }, (_, n) => ({
      id: `in ${n}`,
      key: `k${n}`,
      time: now - 100 + n,
      pad,
    }))
    bench.produce(many, 0)
    const { worker } = bench.cluster.start()
    const ahead = (): boolean[] => [...worker.tasks].flatMap(({ inputs }) => inputs.map((one) => one.ahead))
    await bench.cluster.until(() => ahead()[0] === true)
    expect(ids(bench)).toEqual([])
    expect(ahead()).toEqual([true, false])
    expect([...worker.tasks].map(({ share }) => share.pinned)).toEqual([0])
    await live(bench, 3000)
    expect(ids(bench)).toEqual(many.map(({ id }) => id))
  })
})

/** The sentence that refuses a topology. */
function refusal(text: string): string {
  const bench = new Bench(7, text)
  try {
    bench.cluster.plan(bench.cluster.parts('x').life)
    return 'It was planned.'
  } catch (error) {
    return (error as Error).message
  }
}

test.each([
  ['one source', 'from: in', /^test.yaml:6:\d+: The merge "both" reads one source/m],
  ['what is no source', 'from: [in, more, other]', /reads "other", which is no source/],
])('%s cannot be merged', (_name, merge, sentence) => {
  const text = yaml({ merge, processors: 'other: { type: map-it, from: more }' })
  expect(refusal(text.replace('from: both', 'from: [both, other]'))).toMatch(sentence)
})

test('a source is merged once', () => {
  const again = 'again: { type: merge, from: [more, in] }'
  const text = yaml({ processors: again }).replace('from: both', 'from: [both, again]')
  expect(refusal(text)).toMatch(/"more" is merged by "both" already/)
})
