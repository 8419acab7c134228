import { expect, test } from '@jest/globals'
import { downstreamError, permanentError } from '../../../engine/errors.ts'
import { Bench, withBench } from '../../support/harness.ts'
import type { ModelWorker } from '../../support/model-cluster.ts'

interface Value {
  readonly key: string
  readonly from?: number
  readonly to?: number
  readonly version: number
  readonly n: number
  readonly ids?: readonly string[]
}

const yaml = (
  setting: string,
  more: { nodes?: string; sinks?: string; errors?: string; rest?: string } = {},
) => `name: totals
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors:
  sums: { type: aggregate, from: in, ${setting} fields: { n: count, ids: { collect: id } } }
  ${more.nodes ?? ''}
sinks:
  out: { type: effect, from: sums }
  ${more.sinks ?? ''}
errors: { attempts: 2, ${more.errors ?? 'then: park'}, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
${more.rest ?? ''}
`
const minutes = 'window: { tumbling: 1m, grace: 30s }, emit: close,'
const at = (seconds: number): number => seconds * 1000
const one = (id: string, seconds: number, key = 'k') => ({ id, key, time: at(seconds) })

function values(bench: Bench, node = 'out'): Value[] {
  return bench.world.effects.filter((effect) => effect.node === node).map(({ value }) => value as Value)
}

/** Starts a worker, and waits until something holds. */
async function until(bench: Bench, done: (worker: ModelWorker) => boolean): Promise<ModelWorker> {
  const worker = bench.cluster.living[0] ?? bench.cluster.start()
  await bench.cluster.until(() => worker.over || done(worker))
  return worker
}

test('--until-end: what the last commit owes is sent and acknowledged before the worker ends', async () => {
  const bench = new Bench(1, yaml(''), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one('a', 1), one('b', 2), one('c', 3, 'l')], 0)
    const summary = await bench.toEnd()
    expect(summary).toMatchObject({ consumed: 3, stored: 3 })
    expect(values(bench).map(({ key, n }) => [key, n])).toEqual([
      ['k', 2],
      ['l', 1],
    ])
    // Nothing is owed any more: another life sends nothing.
    await bench.toEnd()
    expect(values(bench)).toHaveLength(2)
    bench.produce([one('d', 4)], 0)
    await bench.toEnd()
    expect(values(bench).at(-1)).toMatchObject({ key: 'k', version: 3, n: 3, ids: ['a', 'b', 'd'] })
  })
})

test('a window is sent when stream time is beyond its grace; later records are late', async () => {
  const bench = new Bench(2, yaml(minutes, { sinks: 'tardy: { type: effect, from: sums.late }' }), {
    partitions: 1,
  })
  await withBench(bench, async () => {
    bench.produce([one('a', 5), one('b', 61), one('c', 59), one('d', 89.999)], 0)
    await bench.toEnd()
    expect(values(bench)).toEqual([])
    bench.produce([one('e', 90), one('f', 10)], 0)
    await bench.toEnd()
    expect(values(bench)).toEqual([{ key: 'k', from: 0, to: 60_000, version: 2, n: 2, ids: ['a', 'c'] }])
    expect(bench.world.effects.filter(({ node }) => node === 'tardy').map(({ id }) => id)).toEqual(['f'])
    expect(bench.world.effects.find(({ node }) => node === 'out')).toMatchObject({
      timestamp: at(59),
      key: 'k',
    })
  })
})

test('idle: without records the clock closes windows, and for good', async () => {
  const bench = new Bench(3, yaml('window: { tumbling: 1m, idle: 2s }, emit: close,'), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one('a', 59)], 0)
    await until(bench, () => values(bench).length > 0)
    expect(values(bench)).toMatchObject([{ from: 0, n: 1 }])
    // Stream time went on: in this life and the next one the window stays closed.
    bench.produce([one('late', 40)], 0)
    await until(bench, ({ worker }) => worker.summary().dropped === 1)
    await bench.cluster.stop()
    bench.produce([one('late again', 41)], 0)
    expect(await bench.toEnd()).toMatchObject({ dropped: 1 })
    expect(values(bench)).toHaveLength(1)
  })
})

test('without idle, windows wait for records', async () => {
  const bench = new Bench(4, yaml('window: { tumbling: 1m }, emit: close,'), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([one('a', 30)], 0)
    await until(bench, ({ worker }) => worker.summary().stored === 1)
    for (let minute = 0; minute < 30; minute++) await bench.cluster.step(60_000)
    expect(values(bench)).toEqual([])
  })
})

test('what a sink refuses stays owed: no letter, told, sent again when the key changes and in the next life', async () => {
  const bench = new Bench(
    5,
    yaml('', { nodes: 'bad: { type: map-it, from: sums }' }).replace('from: sums }\n  \n', 'from: bad }\n'),
    {
      partitions: 1,
    },
  )
  await withBench(bench, async () => {
    let broken = true
    bench.world.trouble = (node) => {
      if (node === 'bad' && broken) throw new Error('no')
    }
    bench.produce([one('a', 1)], 0)
    const first = await until(bench, ({ worker }) => worker.counters.total('emissionsFailed') === 1)
    expect(values(bench)).toEqual([])
    expect(bench.parked(0)).toEqual([])
    broken = false
    bench.produce([one('b', 2)], 0)
    await until(bench, () => values(bench).length === 1)
    expect(values(bench)).toMatchObject([{ n: 2 }])
    broken = true
    bench.produce([one('c', 3)], 0)
    await until(bench, () => first.worker.counters.total('emissionsFailed') === 2)
    await bench.cluster.stop()
    broken = false
    await bench.toEnd()
    expect(values(bench)).toMatchObject([{ n: 2 }, { n: 3 }])
  })
})

test('then: halt stops the worker for what is owed, too; then: skip gives it up', async () => {
  const nodes = 'bad: { type: map-it, from: sums }'
  const text = (errors: string): string =>
    yaml('', { nodes, errors }).replace('from: sums }\n  \n', 'from: bad }\n')
  for (const [errors, code] of [
    ['then: halt', 'HALTED'],
    ['then: skip', undefined],
  ] as const) {
    const bench = new Bench(6, text(errors), { partitions: 1 })
    await withBench(bench, async () => {
      bench.world.trouble = (node) => {
        if (node === 'bad') throw new Error('no')
      }
      bench.produce([one('a', 1)], 0)
      if (code === undefined) await bench.toEnd()
      else expect(await bench.toFailure()).toBe(code)
      bench.world.trouble = () => undefined
      await bench.toEnd()
      expect(values(bench)).toHaveLength(code === undefined ? 0 : 1)
    })
  }
})

test('a record that was counted and then parked by another branch does not count again', async () => {
  const more = { nodes: 'check: { type: map-it, from: in }', sinks: 'other: { type: effect, from: check }' }
  const bench = new Bench(7, yaml('', more), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([{ ...one('a', 1), fails: { check: -1 } }, one('b', 2), one('c', 3, 'l')], 0)
    await bench.toEnd()
    expect(bench.letters()).toEqual([0, 1])
    for (const mended of [false, true]) {
      bench.world.mended = mended
      bench.command(0, 'k', 'release')
      await bench.toEnd()
    }
    expect(bench.offsets('other')).toEqual([2, 0, 1])
    const last = new Map(values(bench).map((value) => [value.key, value.n]))
    bench.produce([one('d', 4)], 0)
    await bench.toEnd()
    expect([last.get('l'), values(bench).at(-1)!.n]).toEqual([1, 3])
    expect([...values(bench).at(-1)!.ids!].sort()).toEqual(['a', 'b', 'd'])
  })
})

test('records without key and tombstones are dropped, and counted', async () => {
  const bench = new Bench(8, yaml(''), { partitions: 1 })
  await withBench(bench, async () => {
    bench.produce([{ id: 'a', key: null }, one('b', 1)], 0)
    const tombstone = {
      topic: 'in',
      partition: 0,
      key: Buffer.from('k'),
      value: null,
      headers: [],
      timestamp: 0,
    }
    bench.cluster.topics.append([tombstone])
    expect(await bench.toEnd()).toMatchObject({ consumed: 3, stored: 1, dropped: 2 })
  })
})

test('a letter that is counted behind a record that is not settled waits for it: a crash loses neither', async () => {
  const nodes = 'parts: { type: sieve, from: in }\n  slow: { type: wait, from: parts.rest }'
  const text = yaml('', { nodes, sinks: 'other: { type: effect, from: parts }' })
  const bench = new Bench(9, text.replace('aggregate, from: in,', 'aggregate, from: [parts, slow],'), {
    partitions: 1,
  })
  await withBench(bench, async () => {
    let failing = true
    bench.world.trouble = (node, { id }) => {
      if (node === 'slow' && failing) throw permanentError('RECORD_INVALID', `${id} is bad`)
      if (id === 'held up' && node === 'other') throw downstreamError('TIMED_OUT', 'away')
    }
    bench.produce([one('a', 1), one('held up', 2, 'l'), one('c', 3, 'm'), one('b', 4)], 0)
    const first = await until(bench, () => bench.letters().length === 1)
    failing = false
    bench.command(0, 'k', 'release')
    await until(bench, ({ worker }) => worker.counters.total('released') === 1)
    for (let steps = 0; steps < 100; steps++) await bench.cluster.step()
    bench.cluster.crash(first)
    bench.cluster.forgetDead()
    bench.world.trouble = () => undefined
    bench.command(0, 'k', 'release')
    await bench.toEnd()
    expect(values(bench).findLast(({ key }) => key === 'k')).toMatchObject({ n: 2 })
  })
})
