import { describe, expect, test } from '@jest/globals'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'

const topology = (then: string): string => `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
  slow: { type: wait, from: unique, n: 8 }
sinks:
  out: { type: effect, from: slow }
  odd: { type: effect, from: unique.conflicts }
errors: { attempts: 2, then: ${then}, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

/** The records run through a topology; fails are counted by id, so that a twin goes on where its twin left off. */
async function outcome(records: readonly TestInput[], then = 'park', seed = 1): Promise<Bench> {
  return withBench(new Bench(seed, topology(then), { partitions: 1 }), async (bench) => {
    bench.world.countById = true
    bench.world.faults.slow = 1
    bench.produce(records)
    await bench.toEnd()
    return bench
  })
}

const twin = (fails?: number): TestInput => ({
  id: 'a',
  key: 'k',
  ...(fails !== undefined && { fails: { slow: fails } }),
})
const covered = (bench: Bench): number | undefined =>
  bench.cluster.commits.position('orders', { topic: 'in', partition: 0 })?.offset

describe('a duplicate that comes while its twin is under way', () => {
  test('is dropped when the twin is stored', async () => {
    const bench = await outcome([twin(), twin(), twin()])
    expect(bench.offsets('out')).toEqual([0])
    expect(covered(bench)).toBe(3)
  })

  test('is dropped when the twin is parked', async () => {
    const bench = await outcome([twin(1000), twin(1000)])
    expect(bench.offsets('out')).toEqual([])
    expect(bench.letters()[0]).toBe(0)
    expect(covered(bench)).toBe(2)
  })

  test.each([
    ['the first attached', 2, [1]],
    ['the next one where that is skipped too', 4, [2]],
    ['none where all are skipped', 1000, []],
  ])('takes the place of a twin that is skipped: %s', async (_name, fails, expected) => {
    for (let seed = 1; seed < 10; seed++) {
      const bench = await outcome([twin(fails), twin(fails), twin(fails)], 'skip', seed)
      expect(bench.offsets('out')).toEqual(expected)
      expect(covered(bench)).toBe(3)
    }
  })

  test('holds up no other record of its key', async () => {
    const others = Array.from({ length: 5 }, (_, n) => ({ id: `b${n}`, key: 'other' }))
    const bench = await outcome([twin(1), ...others, twin(1)])
    expect(bench.offsets('out').toSorted()).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('stays unsettled when the task is given up', () =>
    withBench(new Bench(1, topology('park'), { partitions: 1, drainMs: 50 }), async (bench) => {
      bench.world.faults.slowest = 1e9
      bench.world.faults.slow = 1
      bench.produce([twin(), twin()])
      const one = bench.cluster.start()
      for (let n = 0; n < 30; n++) await bench.cluster.step()
      await bench.cluster.stop()
      expect(one.error).toBeUndefined()
      expect(covered(bench) ?? 0).toBe(0)
    }))
})

describe('an id', () => {
  test('with another body is a conflict: to the side, counted, and no duplicate', async () => {
    const bench = await outcome([twin(), { ...twin(), pad: 'another' }, { id: 'b', key: 'k' }])
    expect(bench.offsets('out')).toEqual([0, 2])
    expect(bench.offsets('odd')).toEqual([1])
  })

  test('that is missing is a permanent error: the record is parked at once', async () => {
    const bench = await outcome([{ key: 'k' } as TestInput, { id: 'b', key: 'j' }])
    expect(bench.letters()).toEqual([0])
    expect(bench.offsets('out')).toEqual([1])
  })

  test('is known in the next life, and its own position is a replay', () =>
    withBench(new Bench(1, topology('park'), { partitions: 1 }), async (bench) => {
      bench.produce([twin()])
      await bench.toEnd()
      bench.produce([twin(), { id: 'b', key: 'k' }])
      expect(await bench.toEnd()).toMatchObject({ duplicates: 1, replays: 0, stored: 1 })
      expect(bench.offsets('out')).toEqual([0, 2])
    }))
})
