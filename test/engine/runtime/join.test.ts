import { expect, test } from '@jest/globals'
import { Bench, withBench } from '../../support/harness.ts'

const yaml = (kind = 'inner', more: { sinks?: string; table?: string } = {}) => `name: enriched
sources:
  in: { type: topic, topic: in, format: json }
  users: { type: topic, topic: users, format: json ${more.table ?? ''} }
processors:
  known: { type: join, from: in, table: users, as: user, kind: ${kind} }
sinks:
  out: { type: effect, from: known }
  ${more.sinks ?? ''}
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

interface Joined {
  readonly id: string
  readonly user: { readonly name: string } | null
}

function joined(bench: Bench, node = 'out'): [string, string | undefined][] {
  return bench.world.effects
    .filter((effect) => effect.node === node)
    .map(({ value }) => value as Joined)
    .map(({ id, user }) => [id, user?.name])
}

/** Writes rows; null deletes. */
function rows(bench: Bench, all: readonly (readonly [key: string | null, name: string | null])[]): void {
  bench.cluster.topics.append(
    all.map(([key, name]) => ({
      topic: 'users',
      partition: 0,
      key: key === null ? null : Buffer.from(key),
      value: name === null ? null : Buffer.from(name === 'broken' ? '{' : JSON.stringify({ name })),
      headers: [],
      timestamp: 0,
    })),
  )
}

function benchOf(seed: number, text: string): Bench {
  const bench = new Bench(seed, text, { partitions: 1 })
  bench.cluster.topics.ensure('users', 1)
  return bench
}

test('inner: the newest row of the key; records without row go to unmatched', async () => {
  const bench = benchOf(1, yaml('inner', { sinks: 'rest: { type: effect, from: known.unmatched }' }))
  await withBench(bench, async () => {
    rows(bench, [
      ['a', 'ada'],
      ['b', 'bob'],
      ['a', 'Ada'],
      ['c', 'cy'],
      ['c', null],
      [null, 'nobody'],
    ])
    bench.produce([
      { id: '1', key: 'a' },
      { id: '2', key: 'b' },
      { id: '3', key: 'c' },
      { id: '4', key: 'd' },
      { id: '5', key: null },
    ])
    expect(await bench.toEnd()).toMatchObject({ dropped: 2 })
    expect(joined(bench)).toEqual([
      ['1', 'Ada'],
      ['2', 'bob'],
    ])
    expect(
      bench.world.effects
        .filter(({ node }) => node === 'rest')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['3', '4'])
  })
})

test('left: all records, with null where there is no row; tombstones are dropped', async () => {
  const bench = benchOf(2, yaml('left'))
  await withBench(bench, async () => {
    rows(bench, [['a', 'ada']])
    bench.produce([
      { id: '1', key: 'a' },
      { id: '2', key: 'b' },
      { id: '3', key: null },
    ])
    bench.cluster.topics.append([
      { topic: 'in', partition: 0, key: Buffer.from('a'), value: null, headers: [], timestamp: 0 },
    ])
    expect(await bench.toEnd()).toMatchObject({ dropped: 1 })
    expect(joined(bench)).toEqual([
      ['1', 'ada'],
      ['2', undefined],
      ['3', undefined],
    ])
  })
})

test('the table outlives its worker, and goes on from where it was', async () => {
  const bench = benchOf(3, yaml())
  await withBench(bench, async () => {
    rows(bench, [
      ['a', 'ada'],
      ['b', 'bob'],
    ])
    await bench.toEnd()
    rows(bench, [
      ['b', null],
      ['c', 'cy'],
    ])
    bench.produce(['a', 'b', 'c'].map((key) => ({ id: key, key })))
    await bench.toEnd()
    expect(joined(bench)).toEqual([
      ['a', 'ada'],
      ['c', 'cy'],
    ])
    bench.produce([{ id: 'again', key: 'a' }])
    await bench.toEnd()
    expect(joined(bench).at(-1)).toEqual(['again', 'ada'])
  })
})

test('a row that cannot be read is parked, and the rows of its key wait behind it', async () => {
  const bench = benchOf(4, yaml())
  await withBench(bench, async () => {
    rows(bench, [
      ['a', 'ada'],
      ['a', 'broken'],
      ['a', 'Ada'],
      ['b', 'bob'],
    ])
    bench.produce(['a', 'b'].map((key) => ({ id: key, key })))
    expect(await bench.toEnd()).toMatchObject({ deadLettered: 2, stored: 4 })
    expect(joined(bench)).toEqual([
      ['a', 'ada'],
      ['b', 'bob'],
    ])
  })
})

test('topics with different numbers of partitions are not joined', async () => {
  const bench = new Bench(5, yaml(), { partitions: 2 })
  bench.cluster.topics.ensure('users', 3)
  await withBench(bench, async () => {
    expect(await bench.toFailure()).toBe('PLAN_INVALID')
  })
})

test('released letters become rows in their order', async () => {
  const bench = benchOf(6, yaml())
  await withBench(bench, async () => {
    rows(bench, [
      ['a', 'broken'],
      ['a', 'ada'],
    ])
    await bench.toEnd()
    bench.commandOf('users', 0, 'a', 'discard', [0])
    bench.commandOf('users', 0, 'a', 'release')
    await bench.toEnd()
    rows(bench, [['b', 'bob']])
    bench.produce(['a', 'b'].map((key) => ({ id: key, key })))
    await bench.toEnd()
    expect(joined(bench)).toEqual([
      ['a', 'ada'],
      ['b', 'bob'],
    ])
  })
})

test('global: a worker has the rows of all partitions, by a field of the record', async () => {
  const text = yaml().replace('table: users, as', 'table: users, global: true, key: userId, as')
  const bench = new Bench(7, text, { partitions: 2 })
  bench.cluster.topics.ensure('users', 3)
  await withBench(bench, async () => {
    rows(bench, [
      ['a', 'ada'],
      ['b', 'bob'],
      ['c', 'broken'],
    ])
    const produce = (...ids: readonly string[]): void =>
      bench.produce(ids.map((id) => ({ id, key: `${id} of ${ids.join()}`, userId: id[0] })))
    produce('a1', 'b1', 'c1')
    const { worker } = bench.cluster.start()
    const settled = (): number => worker.summary().stored + worker.summary().dropped
    await bench.cluster.until(() => settled() === 3)
    rows(bench, [
      ['a', null],
      ['c', 'cy'],
    ])
    for (let n = 0; n < 200; n++) await bench.cluster.step(10)
    produce('a2', 'c2')
    await bench.cluster.until(() => settled() === 5)
    await bench.cluster.stop()
    produce('b3')
    await bench.toEnd()
    expect(joined(bench).sort()).toEqual([
      ['a1', 'ada'],
      ['b1', 'bob'],
      ['b3', 'bob'],
      ['c2', 'cy'],
    ])
  })
})
