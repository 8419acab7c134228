import { describe, expect, test } from '@jest/globals'
import { Observable } from 'rxjs'
import { z } from 'zod'
import { defineProcessor, type Operator } from '../../../engine/component/index.ts'
import { operator } from '../../../engine/component/operator.ts'
import { Bench, withBench } from '../../support/harness.ts'
import type { ModelWorker } from '../../support/model-cluster.ts'
import { Judge } from '../../support/model-judge.ts'
import { ModelWorld } from '../../support/model-parts.ts'

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

/** Steps on, and answers the longest time for which a worker's poll loops stood still. */
async function longestSilence(
  bench: Bench,
  worker: ModelWorker,
  steps: number,
  act: (step: number) => void,
): Promise<number> {
  let longest = 0
  for (let step = 0; step < steps; step++) {
    act(step)
    await bench.cluster.step(5)
    const { heartbeat } = worker.worker
    if (heartbeat !== undefined) longest = Math.max(longest, bench.cluster.clock.now() - heartbeat)
  }
  return longest
}

describe('a worker keeps polling', () => {
  test('while it gives up partitions and the commit takes long', () =>
    withBench(new Bench(1, yaml + settings(), { partitions: 2 }), async (bench) => {
      const { cluster } = bench
      bench.produce(many(40))
      const first = cluster.start()
      const second = cluster.start()
      for (let n = 0; n < 30; n++) await cluster.step(5)
      cluster.commits.faults.slowest = 4000
      const silence = await longestSilence(bench, first, 400, (step) => {
        if (step % 100 === 10) bench.produce(many(20, 100 + step))
        if (step % 100 === 20) cluster.group('orders').move(step % 200 < 100 ? 0 : 1, second.life.name, false)
        if (step % 100 === 60) cluster.group('orders').move(step % 200 < 100 ? 0 : 1, first.life.name, false)
      })
      expect(silence).toBeLessThan(500)
      await cluster.stop()
    }))

  test('while it waits for the open transaction of another worker to begin a task', () =>
    withBench(new Bench(1, yaml + settings(), { partitions: 2 }), async (bench) => {
      const { cluster } = bench
      bench.produce(many(40))
      const first = cluster.start()
      await cluster.until(() => bench.offsets('out').length > 5)
      cluster.commits.faults.slowest = 60_000
      bench.produce(many(10, 100))
      for (let n = 0; n < 30; n++) await cluster.step(5)
      const second = cluster.start()
      for (let n = 0; n < 10; n++) await cluster.step(5)
      cluster.crash(first)
      cluster.group('orders').expire(first.life.name)
      const silence = await longestSilence(bench, second, 200, () => undefined)
      expect(silence).toBeLessThan(500)
      cluster.forgetDead()
      cluster.commits.faults.slowest = 0
      await cluster.until(() => new Set(bench.world.effects.map(({ id }) => id)).size === 50)
      await cluster.stop()
    }))
})

describe('a partition that is taken while its task is restored', () => {
  test.each(['to another worker', 'and given back'])('%s: leaves no task behind', (where) =>
    withBench(new Bench(3, yaml + settings(), { partitions: 1 }), async (bench) => {
      const { cluster } = bench
      const judge = new Judge(bench, 'unique')
      bench.produce(many(30))
      const dead = cluster.start()
      await cluster.until(() => bench.world.effects.length > 3)
      cluster.commits.faults.slowest = 60_000
      for (let n = 0; n < 30; n++) await cluster.step(5)
      const opening = cluster.start()
      const other = cluster.start()
      for (let n = 0; n < 20; n++) await cluster.step(5)
      cluster.crash(dead)
      const group = cluster.group('orders')
      group.move(0, opening.life.name, true)
      for (let n = 0; n < 20; n++) await cluster.step(5)
      group.move(0, other.life.name, true)
      if (where === 'and given back') group.move(0, opening.life.name, true)
      for (let n = 0; n < 20; n++) await cluster.step(5)
      cluster.commits.faults.slowest = 10
      cluster.forgetDead()
      await cluster.until(() => judge.covered({ topic: 'in', partition: 0 })(29))
      const owners = [opening, other].filter(({ worker }) => [...worker.tasks].length > 0)
      expect(owners).toEqual([where === 'and given back' ? opening : other])
      await cluster.stop()
      judge.all(['out'])
      expect(judge.wrong).toEqual([])
    }),
  )
})

describe('a worker that goes to the end', () => {
  test('waits for the partitions of a member that is dead, and reads them when they are its own', () =>
    withBench(new Bench(5, yaml + settings(), { partitions: 2 }), async (bench) => {
      const { cluster } = bench
      const ids = () => new Set(bench.world.effects.map(({ id }) => id)).size
      bench.produce(many(40))
      const first = cluster.start()
      const second = cluster.start()
      await cluster.until(() => cluster.group('orders').workers.length === 2)
      cluster.group('orders').move(1, second.life.name, false)
      await cluster.until(() => ids() === 40 && [...second.worker.tasks].length === 1)
      cluster.crash(first)
      bench.produce(many(40, 100))
      second.worker.stopAtEnd()
      for (let n = 0; n < 500; n++) await cluster.step(10)
      expect([second.over, ids() < 80]).toEqual([false, true])
      cluster.forgetDead()
      await cluster.until(() => second.over)
      expect([second.error, ids()]).toEqual([undefined, 80])
    }))

  test('ends beside another one that is alive, when both are through', () =>
    withBench(new Bench(6, yaml + settings(), { partitions: 2 }), async (bench) => {
      const { cluster } = bench
      bench.produce(many(40))
      const workers = [cluster.start(), cluster.start()]
      await cluster.until(() => cluster.group('orders').workers.length === 2)
      cluster.group('orders').move(1, workers[1]!.life.name, false)
      for (const { worker } of workers) worker.stopAtEnd()
      await cluster.until(() => workers.every(({ over }) => over))
      expect(new Set(bench.world.effects.map(({ id }) => id)).size).toBe(40)
    }))
})

describe('a worker stops', () => {
  const broken = (kind: string): Operator =>
    operator(
      (scope) => (input) =>
        new Observable((output) =>
          input.subscribe((batch) => {
            if (kind === 'swallows') return
            output.next(batch)
            if (kind === 'doubles') output.next(batch)
            if (kind === 'drops what it emitted') scope.drop(batch, 0, 'test')
          }),
        ),
    )

  class Broken extends ModelWorld {
    readonly kind: string
    constructor(kind: string) {
      super()
      this.kind = kind
    }
    override registry(life: Parameters<ModelWorld['registry']>[0]): ReturnType<ModelWorld['registry']> {
      const registry = super.registry(life)
      const bad = defineProcessor({
        name: 'bad',
        summary: 'Breaks the books.',
        config: z.strictObject({}),
        examples: [{ title: 'Plain', config: {} }],
        create: () => broken(this.kind),
      })
      return { ...registry, processors: { ...registry.processors, bad } }
    }
  }

  test.each(['swallows', 'doubles', 'drops what it emitted'])(
    'with CONSERVATION_BROKEN where a component %s',
    async (kind) => {
      const world = new Broken(kind)
      const text = yaml.replace(
        '  unique: { type: dedupe, from: in, by: id, window: 7d }',
        '  unique: { type: bad, from: in }',
      )
      const bench = new Bench(1, text + settings(), {
        partitions: 1,
        registry: (life) => world.registry(life),
        drainMs: 200,
      })
      await withBench(bench, async () => {
        bench.produce(many(3))
        const one = bench.cluster.start()
        for (let n = 0; n < 30; n++) await bench.cluster.step()
        if (kind === 'swallows') {
          // Nothing tells it from a record that takes long: it is never committed.
          expect(bench.cluster.commits.position('orders', { topic: 'in', partition: 0 })?.offset ?? 0).toBe(0)
          return
        }
        await bench.cluster.until(() => one.over)
        expect((one.error as { code: string }).code).toBe('CONSERVATION_BROKEN')
      })
    },
  )

  test('when a commit can never work', () =>
    withBench(new Bench(1, yaml + settings(), { partitions: 2 }), async (bench) => {
      bench.produce(many(10))
      bench.cluster.commits.faults.failed = true
      expect(await bench.toFailure()).toBe('COMMIT_FAILED')
    }))

  test.each(['unknown', 'aborted'] as const)('within its time when every commit ends %s', (outcome) =>
    withBench(new Bench(1, yaml + settings(), { partitions: 2, drainMs: 500 }), async (bench) => {
      const judge = new Judge(bench, 'unique')
      bench.produce(many(40))
      const one = bench.cluster.start()
      for (let n = 0; n < 20; n++) await bench.cluster.step()
      bench.cluster.commits.faults[outcome] = 1
      bench.produce(many(10, 100))
      for (let n = 0; n < 20; n++) await bench.cluster.step()
      one.worker.stop()
      await bench.cluster.until(() => one.over, 600)
      expect(one.error).toBeUndefined()
      bench.cluster.commits.faults[outcome] = 0
      bench.cluster.crash(one)
      bench.cluster.forgetDead()
      await bench.toEnd()
      judge.all(['out'])
      expect(judge.wrong).toEqual([])
    }),
  )

  test('within its time when a sink does not answer, and leaves the rest to the next life', () =>
    withBench(new Bench(1, yaml + settings(), { partitions: 1, drainMs: 300 }), async (bench) => {
      const judge = new Judge(bench, 'unique')
      bench.world.faults.slowest = 1e9
      bench.produce(many(40))
      const one = bench.cluster.start()
      for (let n = 0; n < 20; n++) await bench.cluster.step()
      one.worker.stop()
      await bench.cluster.until(() => one.over, 400)
      expect(one.error).toBeUndefined()
      bench.world.faults.slowest = 10
      await bench.toEnd()
      judge.all(['out'])
      expect(judge.wrong).toEqual([])
    }))
})

describe('a task with two sources', () => {
  const two = `
name: orders
sources:
  in: { type: topic, topic: in, format: json }
  other: { type: topic, topic: other, format: json }
processors:
  unique: { type: dedupe, from: [in, other], by: id, window: 7d }
  slow: { type: wait, from: unique }
sinks:
  out: { type: effect, from: slow }
`
  test('commits both, parks into two topics, and survives crashes', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      await withBench(new Bench(seed, two + settings(), { partitions: 2 }), async (bench) => {
        const { cluster } = bench
        cluster.topics.ensure('other', 2)
        cluster.start()
        cluster.start()
        for (let n = 0; n < 60; n++) {
          bench.produce(
            [{ id: `a${n}`, key: `k${n % 3}`, ...(n === 20 && { fails: { slow: 1000 } }) }],
            n % 2,
          )
          bench.produce([{ id: `b${n}`, key: `k${n % 3}` }], n % 2, 'other')
          await cluster.step()
          if (n % 20 === 10) {
            cluster.crash(cluster.living[0]!)
            cluster.forgetDead()
            cluster.start()
          }
          if (n % 15 === 7)
            cluster.group('orders').move(n % 2, cluster.random.pick(cluster.living).life.name, n % 2 === 0)
        }
        const done = (topic: string): boolean =>
          [0, 1].every((partition) => cluster.commits.position('orders', { topic, partition })?.offset === 30)
        await cluster.until(() => done('in') && done('other'))
        const ids = new Set(bench.world.effects.map(({ id }) => id))
        const letters = new Set(
          bench.parked(0).flatMap(({ entry }) => (entry.type === 'letter' ? [entry.info.offset] : [])),
        )
        expect(letters.has(10)).toBe(true)
        expect([...ids].filter((id) => id.startsWith('b'))).toHaveLength(60)
        expect([...ids].filter((id) => id.startsWith('a'))).toHaveLength(60 - letters.size)
        await cluster.stop()
        for (const { error, life } of cluster.workers) if (life.alive) expect(error).toBeUndefined()
      })
    }
  })
})
