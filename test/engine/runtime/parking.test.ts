import { describe, expect, test } from '@jest/globals'
import { downstreamError } from '../../../engine/errors.ts'
import { decodeMetadata } from '../../../engine/runtime/commit-metadata.ts'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'
import { Judge } from '../../support/model-judge.ts'

const topology = (errors = 'attempts: 2, then: park', from = 'in'): string => `
name: orders
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  unique: { type: dedupe, from: ${from}, by: id, window: 7d }
  slow: { type: wait, from: unique }
sinks:
  out: { type: effect, from: slow }
errors: { ${errors}, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

const bench = (seed = 1, yaml = topology()): Bench => new Bench(seed, yaml, { partitions: 1 })
const bad: TestInput['fails'] = { slow: 1000 }
const k = (id: string, fails?: TestInput['fails']): TestInput => ({ id, key: 'k', ...(fails && { fails }) })

/** Offsets in the parked partition whose letters are open. */
function open(one: Bench): number[] {
  const judge = new Judge(one, 'unique')
  const closed = judge.covered({ topic: one.parkedTopic, partition: 0 })
  return one
    .parked()
    .flatMap(({ offset, entry }) => (entry.type === 'letter' && !closed(offset) ? [entry.info.offset] : []))
}

describe('parking', () => {
  test('a letter says what happened, and the first of a key goes to the dead letters too', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad), k('b'), { id: 'c', key: null, fails: { slow: -1 } }])
      await one.toEnd()
      const infos = one.parked().flatMap(({ entry }) => (entry.type === 'letter' ? [entry.info] : []))
      infos.sort((a, b) => a.offset - b.offset)
      expect(infos).toEqual([
        expect.objectContaining({
          offset: 0,
          node: 'slow',
          follower: false,
          kind: 'record',
          attempts: 2,
          group: 'orders',
        }),
        expect.objectContaining({ offset: 1, node: 'slow', follower: true, attempts: 0 }),
        expect.objectContaining({
          offset: 2,
          node: 'slow',
          follower: false,
          kind: 'permanent',
          code: 'RECORD_INVALID',
          attempts: 1,
        }),
      ])
      const dlq = [...one.cluster.topics.all({ topic: 'in.dlq', partition: 0 })]
      expect(
        dlq
          .map(([, { value }]) => (JSON.parse(Buffer.from(value!).toString()) as { id: string }).id)
          .toSorted(),
      ).toEqual(['a', 'c'])
    }))

  test('a key stays blocked in the next life, and other keys do not', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      one.produce([k('b'), { id: 'c', key: 'j' }])
      await one.toEnd()
      expect(one.letters()).toEqual([0, 1])
      expect(one.offsets('out')).toEqual([2])
    }))

  test('a release goes on while the key has traffic: all in order, and the key is free afterwards', () =>
    withBench(bench(7), async (one) => {
      one.produce([k('a', bad), k('b'), k('c')])
      const worker = one.cluster.start()
      await one.cluster.until(() => open(one).length === 3)
      one.world.mended = true
      one.command(0, 'k', 'release')
      for (let n = 0; n < 40; n++) {
        if (n % 4 === 0) one.produce([{ ...k(`t${n}`), time: 1_600_000_000_000 + n }])
        await one.cluster.step()
      }
      await one.cluster.until(() => open(one).length === 0 && one.offsets('out').length === 13)
      expect(one.offsets('out')).toEqual(Array.from({ length: 13 }, (_, offset) => offset))
      // Those that waited outside have their own time, not none.
      for (const { id, timestamp } of one.world.effects) {
        if (id.startsWith('t')) expect(timestamp).toBe(1_600_000_000_000 + Number(id.slice(1)))
      }
      for (const { inputs } of worker.worker.tasks)
        expect(inputs.map(({ parking: { letters, keys } }) => ({ letters, keys }))).toEqual([
          { letters: 0, keys: 0 },
        ])
      await one.cluster.stop()
    }))

  test('released letters count as such alone, also one that is a duplicate by then', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      one.produce([k('b'), k('a', bad)])
      await one.toEnd()
      one.world.mended = true
      one.command(0, 'k', 'release')
      one.produce([{ id: 'c', key: 'j' }])
      one.produce([{ id: 'c', key: 'j' }])
      expect(await one.toEnd()).toMatchObject({
        ...{ consumed: 2, stored: 1, duplicates: 1, dropped: 0, deadLettered: 0 },
        ...{ released: 3, failedAgain: 0 },
      })
      expect(one.offsets('out').toSorted()).toEqual([0, 1, 3])
    }))

  test('what fails again on release stays open, with all behind it', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', { slow: 3 }), k('b', bad), k('c')])
      await one.toEnd()
      one.command(0, 'k', 'release')
      await one.toEnd()
      expect(one.offsets('out')).toEqual([0])
      expect(open(one)).toEqual([1, 2])
      expect(one.letters()).toEqual([0, 1, 2])
    }))

  test('a discarded letter frees its id, and the next letter is the first', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad), k('b')])
      await one.toEnd()
      one.command(0, 'k', 'discard', [0])
      one.world.mended = true
      one.command(0, 'k', 'release')
      await one.toEnd()
      one.produce([k('a'), k('b')])
      await one.toEnd()
      expect(one.offsets('out')).toEqual([1, 2])
    }))

  test('a letter that failed again and is then discarded frees its id, in this life and in the next', async () => {
    for (const lives of [1, 2]) {
      await withBench(bench(lives), async (one) => {
        // The follower never reached the node that remembers ids before it was released.
        one.produce([k('a', { slow: 3 })])
        await one.toEnd()
        one.produce([k('b', bad)])
        await one.toEnd()
        one.command(0, 'k', 'release')
        one.command(0, 'k', 'discard', [1])
        one.cluster.start()
        await one.cluster.until(() => open(one).length === 0)
        if (lives === 2) await one.cluster.stop()
        one.produce([k('b')])
        if (lives === 2) one.cluster.start()
        await one.cluster.until(
          () =>
            one.offsets('out').length > 1 ||
            new Judge(one, 'unique').covered({ topic: 'in', partition: 0 })(2),
        )
        await one.cluster.stop()
        expect(one.offsets('out')).toEqual([0, 2])
        expect(new Judge(one, 'unique').known(0)).toEqual(new Set([0, 2]))
      })
    }
  })

  test('letters without key are each alone: one that fails again holds up no other', () =>
    withBench(bench(), async (one) => {
      const alone = (id: string, fails: TestInput['fails']): TestInput => ({
        id,
        key: null,
        ...(fails && { fails }),
      })
      one.produce([alone('a', { slow: 3 }), alone('b', bad), alone('c', { slow: 3 }), alone('d', undefined)])
      await one.toEnd()
      expect(one.letters().toSorted()).toEqual([0, 1, 2])
      one.command(0, null, 'release')
      await one.toEnd()
      expect(one.offsets('out').toSorted()).toEqual([0, 2, 3])
      expect(open(one)).toEqual([1])
    }))

  test('a release of single letters goes on with other keys where one fails again', () =>
    withBench(bench(), async (one) => {
      one.produce([
        { id: 'a', key: 'x', fails: bad },
        { id: 'b', key: 'y', fails: { slow: 3 } },
      ])
      await one.toEnd()
      const offsets = one.parked().map(({ offset }) => offset)
      one.command(0, 'x', 'release', offsets)
      await one.toEnd()
      expect(open(one)).toEqual([0])
      expect(one.offsets('out')).toEqual([1])
    }))

  test('a letter that is skipped on release frees its id', async () => {
    await withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      one.cluster.reconfigure(topology('attempts: 2, then: skip'))
      one.command(0, 'k', 'release')
      await one.toEnd()
      one.world.mended = true
      one.produce([k('a')])
      await one.toEnd()
      expect(one.offsets('out')).toEqual([1])
    })
  })

  test('a log that is away for a while stops neither the worker nor a release', () =>
    withBench(bench(3), async (one) => {
      one.produce([k('a', bad), k('b')])
      let asked = 0
      one.cluster.onFetch = () => {
        if (asked++ % 3 !== 0) throw downstreamError('TIMED_OUT', 'The log is away.')
      }
      await one.toEnd()
      one.world.mended = true
      const worker = one.cluster.start()
      await one.cluster.until(() => worker.worker.ready)
      one.command(0, 'k', 'release')
      await one.cluster.until(() => open(one).length === 0)
      await one.cluster.stop()
      expect(worker.error).toBeUndefined()
      expect(one.offsets('out')).toEqual([0, 1])
      expect(asked).toBeGreaterThan(6)
    }))

  test('a stray record in the parked topic is passed over', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      const stray = { key: Buffer.from('k'), value: Buffer.from('?'), headers: [], timestamp: 1 }
      one.cluster.topics.append([{ ...stray, topic: one.parkedTopic, partition: 0 }])
      one.world.mended = true
      one.command(0, 'k', 'release')
      await one.toEnd()
      expect(one.offsets('out')).toEqual([0])
      const position = one.cluster.commits.position('orders', { topic: one.parkedTopic, partition: 0 })!
      expect(decodeMetadata(position.offset, position.metadata).size).toBe(0)
      expect(position.offset).toBe(3)
    }))

  test('a letter of a newer Millrace stops the worker rather than be lost', () =>
    withBench(bench(), async (one) => {
      one.produce([k('a', bad)])
      await one.toEnd()
      const headers = [{ name: 'millrace.letter', value: Buffer.from('{"v":2}') }]
      const letter = { key: Buffer.from('k'), value: Buffer.from('{}'), headers, timestamp: 1 }
      one.cluster.topics.append([{ ...letter, topic: one.parkedTopic, partition: 0 }])
      expect(await one.toFailure()).toBe('RECORD_INVALID')
    }))

  test.each([0, 1])(
    'a call of a sink that fails as a whole parks nothing: it is nobody’s fault (slow: %d)',
    (slow) =>
      withBench(bench(5), async (one) => {
        Object.assign(one.world.faults, { slow, noAnswer: 0.7 })
        one.produce(Array.from({ length: 30 }, (_, n) => ({ id: `e${n}`, key: `k${n % 4}` })))
        await one.toEnd()
        expect(one.letters()).toEqual([])
        expect(new Set(one.offsets('out')).size).toBe(30)
      }),
  )

  test('records with a time that cannot be are parked before any node', () =>
    withBench(bench(), async (one) => {
      one.produce([{ ...k('a'), time: 9e15 }, k('b'), { id: 'c', key: 'j' }])
      await one.toEnd()
      expect(one.letters()).toEqual([0, 1])
      expect(one.offsets('out')).toEqual([2])
    }))
})

describe('halt and skip', () => {
  test('a halt settles nothing behind the failed record: the next life goes on in order', async () => {
    for (let seed = 1; seed < 20; seed++) {
      await withBench(bench(seed, topology('attempts: 2, then: halt')), async (one) => {
        const judge = new Judge(one, 'unique')
        one.produce([k('a'), k('b', bad), k('c'), k('d'), { id: 'e', key: 'j' }])
        expect(await one.toFailure()).toBe('HALTED')
        expect(one.offsets('out')).not.toContain(2)
        expect(judge.covered({ topic: 'in', partition: 0 })(1)).toBe(false)
        one.world.mended = true
        await one.toEnd()
        judge.all(['out'])
        expect(judge.wrong).toEqual([])
      })
    }
  })

  test('a halt for a time that cannot be lets nothing of the key pass', () =>
    withBench(bench(1, topology('attempts: 2, then: halt')), async (one) => {
      one.produce([k('a'), { ...k('b'), time: 9e15 }, k('c'), k('d')])
      expect(await one.toFailure()).toBe('HALTED')
      expect(one.offsets('out').filter((offset) => offset > 0)).toEqual([])
    }))

  test('a flood of failures stops the worker, with the first letters kept', () =>
    withBench(
      bench(1, topology('attempts: 1, then: park').replace('share: 1, of: 1000000', 'share: 0.5, of: 20')),
      async (one) => {
        one.produce(Array.from({ length: 60 }, (_, n) => ({ id: `e${n}`, key: `k${n}`, fails: bad })))
        expect(await one.toFailure()).toBe('FAILURE_FLOOD')
        expect(one.letters().length).toBeLessThan(40)
      },
    ))
})
