import { describe, expect, test } from '@jest/globals'
import { Readiness } from '../../../cli/run/worker-health.ts'
import { Bench, withBench } from '../../support/harness.ts'

const errors = `
errors: { attempts: 2, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
budget: { partition: 64KiB, total: 1MiB }
`

const record = (n: number) => ({ id: `x${n}`, key: `k${n % 5}`, pad: 'x'.repeat(400) })
const many = (count: number) => Array.from({ length: count }, (_, n) => record(n))

function inputsOf(one: Bench, topic: string) {
  const tasks = one.cluster.living.flatMap(({ worker }) => [...worker.tasks])
  return tasks.flatMap(({ inputs }) => inputs).filter(({ partition }) => partition.topic === topic)
}

const effects = (one: Bench, node: string, topic: string): number =>
  one.world.effects.filter((effect) => effect.node === node && effect.topic === topic).length

describe('a sink that is away', () => {
  test('pauses what feeds it, is tried with one record at a time, and all goes on when it is back', () =>
    withBench(
      new Bench(
        1,
        `name: orders
sources: { in: { type: topic, topic: in, format: json } }
sinks: { good: { type: effect, from: in }, dead: { type: effect, from: in, most: 100 } }
${errors}`,
        { partitions: 2 },
      ),
      async (one) => {
        const { cluster, world } = one
        world.awaySinks.add('dead')
        const { worker } = cluster.start()
        one.produce(many(20))
        const breaker = worker.breakers.of('dead')
        await cluster.until(() => breaker.state === 'open')
        expect(inputsOf(one, 'in').every(({ isHeld }) => isHeld)).toBe(true)
        one.produce(many(600))
        for (let n = 0; n < 600; n++) await cluster.step()
        // The other sink has what had come in, and no more: far less than the budget would let in.
        expect(effects(one, 'good', 'in')).toBeLessThan(200)
        expect(effects(one, 'dead', 'in')).toBe(0)
        expect(worker.pinned.now).toBeLessThan(64 * 1024)
        expect(breaker.openings).toBe(1)
        expect(worker.breakers.of('good').state).toBe('closed')
        const now = cluster.clock.now()
        const readiness = new Readiness([worker])
        readiness.check(now)
        const health = readiness.check(now + 600_000)
        expect(health.ok).toBe(true)
        expect(health.degraded).toEqual([
          expect.stringMatching(
            /^What is behind "dead" of orders is away: its circuit is (open|half-open)\.$/,
          ),
        ])
        world.awaySinks.delete('dead')
        await cluster.until(() => effects(one, 'dead', 'in') === 620 && effects(one, 'good', 'in') === 620)
        expect(readiness.check(now).degraded).toEqual([])
        expect(cluster.troubles).toEqual([
          'Sink dead does not get through, and tries again: dead is away',
          'Sink dead failed 5 times in a row: the partitions that feed it pause, and one record at a time tries it.',
          'Sink dead works again.',
        ])
      },
    ))

  test('leaves sources alone that feed other sinks only, in the same task and in others', () =>
    withBench(
      new Bench(
        2,
        `name: orders
sources:
  in: { type: topic, topic: in, format: json }
  beside: { type: topic, topic: beside, format: json }
  apart: { type: topic, topic: apart, format: json }
sinks:
  dead: { type: effect, from: in }
  both: { type: effect, from: [in, beside] }
  alone: { type: effect, from: apart }
${errors}`,
        { partitions: 1 },
      ),
      async (one) => {
        const { cluster, world } = one
        for (const topic of ['beside', 'apart']) cluster.topics.ensure(topic, 1)
        world.awaySinks.add('dead')
        const { worker } = cluster.start()
        one.produce(many(100))
        await cluster.until(() => worker.breakers.of('dead').state === 'open')
        one.produce(many(500), 0, 'beside')
        one.produce(many(500), 0, 'apart')
        await cluster.until(
          () => effects(one, 'both', 'beside') === 500 && effects(one, 'alone', 'apart') === 500,
        )
        expect(worker.breakers.of('dead').state).not.toBe('closed')
        expect(effects(one, 'dead', 'in')).toBe(0)
      },
    ))

  test('a breaker outlives the tasks: who gets the partition back does not begin with all of it', () =>
    withBench(
      new Bench(
        3,
        `name: orders
sources: { in: { type: topic, topic: in, format: json } }
sinks: { dead: { type: effect, from: in, most: 100 } }
${errors}`,
        { partitions: 1 },
      ),
      async (one) => {
        const { cluster, world } = one
        world.awaySinks.add('dead')
        const running = cluster.start()
        one.produce(many(50))
        const breaker = running.worker.breakers.of('dead')
        await cluster.until(() => breaker.state === 'open')
        for (let n = 0; n < 3; n++) {
          cluster.group('orders').expire(running.life.name)
          await cluster.until(() => [...running.worker.tasks].length === 1)
          for (let steps = 0; steps < 200; steps++) await cluster.step()
          expect(breaker.state).not.toBe('closed')
        }
        expect(breaker.openings).toBe(1)
        world.awaySinks.delete('dead')
        await cluster.until(() => effects(one, 'dead', 'in') === 50)
      },
    ))
})
