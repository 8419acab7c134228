import { describe, expect, test } from '@jest/globals'
import { Bench, withBench } from '../../support/harness.ts'
import type { HaltNotice } from '../../../engine/runtime/letters.ts'

const yaml = (errors: string): string => `
name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors: { slow: { type: wait, from: in } }
sinks: { out: { type: effect, from: slow } }
errors: { attempts: 1, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 }, ${errors} }
commit: { every: 50ms }
`

const bad = { slow: -1 }

function notices(one: Bench): HaltNotice[] {
  return one.parked(0).flatMap(({ entry }) => (entry.type === 'halt' ? [entry.notice] : []))
}

describe('a partition that halts says so beside its letters', () => {
  test('once when it is full, in all lives, and once when it goes on', () =>
    withBench(new Bench(3, yaml('parking: { keys: 1 }'), { partitions: 1, pollRecords: 1 }), async (one) => {
      const { cluster, world } = one
      one.produce([{ id: 'b', key: 'a', fails: bad }])
      const first = cluster.start()
      await cluster.until(() => notices(one).length > 0)
      expect(notices(one)).toMatchObject([
        { group: 'orders', topic: 'in', partition: 0, why: 'parking', halted: true },
      ])
      expect(notices(one)[0]!.sentence).toMatch(/^Partition 0 of in halts: 1 keys are parked/)
      first.worker.stop()
      await cluster.until(() => first.over)
      cluster.start()
      for (let n = 0; n < 200; n++) await cluster.step()
      expect(notices(one)).toHaveLength(1)
      world.mended = true
      one.command(0, 'a', 'release')
      await cluster.until(() => notices(one).length > 1)
      expect(notices(one)[1]).toMatchObject({ halted: false, why: 'parking' })
    }))

  test('under `then: halt` with the record that is in the way, once for each record', () =>
    withBench(new Bench(4, yaml('then: halt'), { partitions: 1, pollRecords: 1 }), async (one) => {
      one.produce([
        { id: 'g', key: 'a' },
        { id: 'b', key: 'a', fails: bad },
      ])
      expect(await one.toFailure()).toBe('HALTED')
      expect(await one.toFailure()).toBe('HALTED')
      expect(notices(one)).toMatchObject([{ why: 'record', halted: true, offset: 1, topic: 'in' }])
      expect(notices(one)[0]!.sentence).toMatch(/^Node slow could not process in\/0@1 /)
      one.world.mended = true
      await one.toEnd()
      expect(new Set(one.offsets('out'))).toEqual(new Set([0, 1]))
    }))
})
