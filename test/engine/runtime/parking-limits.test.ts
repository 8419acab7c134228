import { describe, expect, test } from '@jest/globals'
import { ParkingLimits, sizeOf } from '../../../engine/runtime/parking-limits.ts'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'

const yaml = (limits: string, errors = ''): string => `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors: { slow: { type: wait, from: in } }
sinks: { out: { type: effect, from: slow } }
errors: { attempts: 1, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 }, parking: { ${limits} }${errors} }
commit: { every: 50ms }
`

const bad = { slow: -1 }
const good = (n: number, key = `good${n}`): TestInput => ({ id: `g${n}`, key })

function haltOf(one: Bench, partition: number): string | undefined {
  const tasks = one.cluster.living.flatMap(({ worker }) => [...worker.tasks])
  const input = tasks.flatMap(({ inputs }) => inputs).find((each) => each.partition.partition === partition)
  return input?.parking.halt?.measure
}

const idle = (one: Bench): boolean =>
  one.cluster.living.every(({ worker }) =>
    [...worker.tasks].every((task) => task.open === 0 && !task.awaitsLetters),
  )

describe('a partition of which as much is parked as may be', () => {
  test.each([
    ['keys', 'keys: 2', ['a', 'b'], 'keys: 2'],
    ['keys, each letter without one', 'keys: 2', [null, null], 'keys: 2'],
    ['letters', 'letters: 3', ['a', 'a', 'a'], 'letters: 3'],
    ['bytes', 'bytes: 300B', ['a', 'b', 'c', 'd', 'e'], 'bytes: 300'],
  ] as const)('halts, drops nothing, lets others go on, and goes on by itself: %s', (_, limits, keys, told) =>
    withBench(new Bench(3, yaml(limits), { partitions: 2, pollRecords: 1 }), async (one) => {
      const { cluster, world } = one
      cluster.start()
      one.produce(
        keys.map((key, n) => ({ id: `b${n}`, key, fails: bad, pad: 'x'.repeat(40) })),
        0,
      )
      await cluster.until(() => haltOf(one, 0) !== undefined && idle(one))
      expect(cluster.troubles).toEqual([
        expect.stringMatching(
          new RegExp(
            `^Partition 0 of in halts: .* in orders\\.in\\.parked, and errors\\.parking allows ${told}\\. Release or discard letters`,
          ),
        ),
      ])
      // A poll that was under way when it halted may still bring something.
      for (let n = 0; n < 50; n++) await cluster.step()
      const parked = one.letters(0).length
      one.produce(
        Array.from({ length: 5 }, (_, n) => good(n)),
        0,
      )
      one.produce(
        Array.from({ length: 5 }, (_, n) => good(n)),
        1,
      )
      await cluster.until(() => one.offsets('out', 1).length === 5)
      for (let n = 0; n < 50; n++) await cluster.step()
      expect([one.offsets('out', 0), one.letters(0).length]).toEqual([[], parked])
      world.mended = true
      for (const key of new Set(keys)) one.command(0, key, 'release')
      await cluster.until(() => one.offsets('out', 0).length === keys.length + 5)
      expect(cluster.troubles.at(-1)).toBe('Partition 0 of in goes on: fewer letters are open.')
    }),
  )

  test('a discard lets it go on too, and a new life begins halted, with nothing read', () =>
    withBench(new Bench(5, yaml('keys: 1'), { partitions: 1, pollRecords: 1 }), async (one) => {
      one.produce([{ id: 'b', key: 'a', fails: bad }, ...Array.from({ length: 20 }, (_, n) => good(n))])
      await one.toEnd()
      const before = one.offsets('out').length + one.letters().length
      expect(before).toBeLessThan(21)
      // What a life takes in before it halts is a poll or two, and no letter comes of it.
      for (let life = 0; life < 3; life++) await one.toEnd()
      expect(one.letters()).toEqual([0])
      one.cluster.start()
      one.command(0, 'a', 'discard')
      await one.cluster.until(() => one.offsets('out').length === 20)
    }))

  test('what was under way when it halted is parked in order, behind the first of its key', () =>
    withBench(new Bench(7, yaml('letters: 2'), { partitions: 1, pollRecords: 30 }), async (one) => {
      const all = Array.from({ length: 30 }, (_, n) => ({
        id: `x${n}`,
        key: 'a',
        ...(n === 0 && { fails: bad }),
      }))
      one.produce(all)
      one.cluster.start()
      await one.cluster.until(() => haltOf(one, 0) === 'letters' && idle(one))
      const parked = one.letters()
      expect(parked).toEqual(parked.toSorted((x, y) => x - y))
      one.world.mended = true
      one.command(0, 'a', 'release')
      await one.cluster.until(() => one.offsets('out').length === 30)
      expect(one.offsets('out')).toEqual(Array.from({ length: 30 }, (_, n) => n))
    }))
})

describe('the counts of a partition', () => {
  const counts = (limits: { keys: number; letters: number; bytes: number }) => {
    const told: string[] = []
    const source = { topic: 'in', partition: 4 }
    const target = { topic: 'g.in.parked', partition: 4 }
    return { told, limits: new ParkingLimits({ limits, source, target, trouble: (text) => told.push(text) }) }
  }

  test('it halts at the limit and goes on at nine tenths of it, so as not to flap', () => {
    const { limits, told } = counts({ keys: 10, letters: 100, bytes: 1e9 })
    for (let n = 0; n < 10; n++) limits.added(`k${n}`, 5)
    expect(limits.halt?.measure).toBe('keys')
    limits.added('k10', 5)
    limits.removed('k10', 5)
    expect(limits.halt?.measure).toBe('keys')
    limits.removed('k9', 5)
    expect(limits.halt).toBeUndefined()
    expect(told).toHaveLength(2)
    for (let n = 0; n < 9; n++) limits.removed(`k${n}`, 5)
    expect(limits.bytes).toBe(0)
  })

  test('it goes on only when no limit holds it', () => {
    const { limits } = counts({ keys: 1, letters: 100, bytes: 100 })
    limits.added('a', 200)
    limits.added(undefined, 10)
    limits.removed('a', 200)
    expect(limits.halt?.measure).toBe('keys')
    limits.removed(undefined, 10)
    expect(limits.halt).toBeUndefined()
  })

  test('a record is as large as its key, value and headers', () => {
    const headers = [{ name: 'ab', value: Buffer.alloc(3) }]
    expect(sizeOf({ key: Buffer.alloc(5), value: Buffer.alloc(7), headers, timestamp: 0 })).toBe(17)
    expect(sizeOf({ key: null, value: null, headers: [], timestamp: 0 })).toBe(0)
  })
})
