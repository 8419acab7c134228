// Timers on the real engine, over a model of the cluster: when they are sent, and when they are not.
import { expect, test } from '@jest/globals'
import { permanentError } from '../../../engine/errors.ts'
import { Bench, withBench } from '../../support/harness.ts'

const yaml = (setting: string, sink = '') => `name: reminders
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  timers: { type: schedule, from: in, cancel: { field: kind, equals: paid }, ${setting} }
sinks:
  out: { type: effect, from: timers${sink} }
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`
const one = (id: string, time: number, more: object = {}) => ({ id, key: id, time, ...more })
const sent = (bench: Bench): string[] => bench.world.effects.map(({ id }) => id)

test('by event time: what is due by the records of the partition, with the time at which it was', async () => {
  const bench = new Bench(1, yaml('after: 30s, as: due'), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one('a', 1000), one('b', 2000), one('c', 3000), one('b', 20_000, { kind: 'paid' })], 0)
    await bench.toEnd()
    expect(sent(bench)).toEqual([])
    // Time is over the end of "a" and "c" with this one; "c" is paid too late.
    bench.produce([one('x', 40_000), one('c', 20_000, { kind: 'paid' })], 0)
    await bench.toEnd()
    expect(bench.world.effects.map(({ id, key, timestamp }) => [id, key, timestamp])).toEqual([
      ['a', 'a', 31_000],
      ['c', 'c', 33_000],
    ])
    expect(bench.world.effects[0]!.value).toEqual({ id: 'a', time: 1000, due: 31_000 })
  })
})

test('a record sets its timer anew, a tombstone takes it away, a time that is over is due at once', async () => {
  const bench = new Bench(2, yaml('at: due'), { partitions: 1 })
  await withBench(bench, async () => {
    const due = (id: string, at: number | null, time: number): object & ReturnType<typeof one> =>
      one(id, time, { due: at })
    bench.produce([due('a', 5000, 1000), due('b', 5000, 1000), due('c', 5000, 1000), due('d', 500, 1000)], 0)
    bench.cluster.topics.append([
      { topic: 'in', partition: 0, key: Buffer.from('b'), value: null, headers: [], timestamp: 2000 },
    ])
    bench.produce([due('c', null, 2000), due('a', 9000, 3000), due('e', 9000, 8000)], 0)
    await bench.toEnd()
    expect(sent(bench)).toEqual(['d'])
    bench.produce([one('x', 9000, { kind: 'paid' })], 0)
    await bench.toEnd()
    expect(sent(bench).toSorted()).toEqual(['a', 'd', 'e'])
  })
})

test('timers of a key by an id; within its grace a timer is taken away by what happened before', async () => {
  const bench = new Bench(3, yaml('after: 10ms, id: n, grace: 20ms'), { partitions: 1 })
  await withBench(bench, async () => {
    const of = (n: number, time: number, kind?: string) => ({ id: `${n}`, key: 'k', n, time, kind })
    bench.produce([of(1, 100), of(2, 100), of(3, 100), of(9, 125), of(2, 105, 'paid'), of(3, 110, 'paid')], 0)
    bench.produce([of(9, 130, 'paid')], 0)
    await bench.toEnd()
    expect(sent(bench)).toEqual(['1', '3'])
  })
})

test('by the clock: nothing need come in; what came while no worker ran is read first', async () => {
  const bench = new Bench(4, yaml('after: 2s, clock: wall'), { partitions: 1 })
  await withBench(bench, async () => {
    const { cluster } = bench
    const start = cluster.clock.now()
    bench.produce([one('a', start), one('b', start)], 0)
    await bench.toEnd()
    // Away: "b" is paid in time meanwhile, and an hour goes by.
    bench.produce([one('b', start + 1000, { kind: 'paid' })], 0)
    cluster.clock.advance(3_600_000)
    const { worker } = cluster.start()
    await cluster.until(() => sent(bench).length > 0 && [...worker.tasks].every(({ owes }) => !owes))
    bench.produce([one('c', cluster.clock.now())], 0)
    const due = cluster.clock.now() + 2000
    await cluster.until(() => sent(bench).length === 2)
    expect(sent(bench)).toEqual(['a', 'c'])
    expect(cluster.clock.now()).toBeGreaterThanOrEqual(due)
    await cluster.stop()
  })
})

test('by event time and idle: without records time goes on with the clock', async () => {
  const bench = new Bench(5, yaml('after: 30s, idle: 5s'), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one('a', 1000)], 0)
    bench.cluster.start()
    await bench.cluster.until(() => sent(bench).length === 1)
    await bench.cluster.stop()
  })
})

test('what a sink refuses stays owed, and is sent in the next life; the others are sent', async () => {
  const bench = new Bench(6, yaml('at: due'), { partitions: 1 })
  let refused = true
  bench.world.trouble = (node, { id }) => {
    if (node === 'out' && refused && id === 'a') throw permanentError('RECORD_INVALID', 'No a.')
  }
  await withBench(bench, async () => {
    bench.produce([one('a', 1, { due: 5 }), one('b', 1, { due: 6 }), one('c', 10, { kind: 'paid' })], 0)
    bench.produce([one('d', 10, { due: 'soon' })], 0)
    expect((await bench.toEnd()).deadLettered).toBe(1)
    expect(sent(bench)).toEqual(['b'])
    refused = false
    await bench.toEnd()
    expect(sent(bench)).toEqual(['b', 'a'])
  })
})
