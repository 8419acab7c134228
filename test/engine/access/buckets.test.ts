import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Buckets } from '../../../engine/access/buckets.ts'
import { allows, parseScope, topologiesOf } from '../../../engine/access/scopes.ts'

describe('a bucket', () => {
  test('lets a burst through, then as much as flows in, and says how long to wait', () => {
    const buckets = new Buckets({ perSecond: 2, burst: 3 })
    const take = (now: number) => buckets.take('ada', now)
    expect([take(0), take(0), take(0)].map(({ ok, left }) => [ok, left])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
    ])
    expect(take(0)).toEqual({ ok: false, waitMs: 500, left: 0 })
    expect(take(499).ok).toBe(false)
    expect(take(500).ok).toBe(true)
    expect(take(501).ok).toBe(false)
    expect(buckets.take('bob', 501).ok).toBe(true)
    expect(buckets.look('ada', 100_000)).toMatchObject({ ok: true, left: 3 })
  })

  test('never lets more through than burst and rate, whenever it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: -50, max: 400 }), { maxLength: 300 }),
        (burst, perSecond, steps) => {
          const buckets = new Buckets({ perSecond, burst })
          let now = 0
          let latest = 0
          let passed = 0
          for (const step of steps) {
            now = Math.max(0, now + step)
            latest = Math.max(latest, now)
            if (buckets.take('x', now).ok) passed++
            expect(passed).toBeLessThanOrEqual(burst + (latest / 1000) * perSecond + 1e-6)
          }
        },
      ),
    )
  })

  test('forgets who was not there longest, and never keeps more than it may', () => {
    const buckets = new Buckets({ perSecond: 0.001, burst: 1 }, 100)
    for (let n = 0; n < 1000; n++) {
      buckets.take(`a${n}`, 0)
      buckets.take('steady', 0)
    }
    expect(buckets.size).toBe(100)
    expect(buckets.take('steady', 0).ok).toBe(false)
    expect(buckets.take('a998', 0).ok).toBe(false)
    expect(buckets.take('a0', 0).ok).toBe(true)
  })
})

describe('scopes', () => {
  test('are read, and nothing else is', () => {
    expect(parseScope('dlq:read')).toEqual({ name: 'dlq:read', topology: undefined })
    expect(parseScope('dlq:release:audit-store.v2')).toEqual({
      name: 'dlq:release',
      topology: 'audit-store.v2',
    })
    for (const text of [
      '',
      'dlq',
      'dlq:',
      'dlq:*',
      'dlq:readx',
      'dlq:read:',
      'dlq:read:a:b',
      'dlq:read: a',
      'DLQ:READ',
      'openid',
    ])
      expect(parseScope(text)).toBeUndefined()
  })

  test('allow what they name, where they name it', () => {
    const granted = ['openid', 'dlq:read', 'dlq:release:orders', 'dlq:release:stock']
    expect(allows(granted, 'dlq:read', 'anything')).toBe(true)
    expect(allows(granted, 'dlq:release', 'orders')).toBe(true)
    expect(allows(granted, 'dlq:release', 'orders2')).toBe(false)
    expect(allows(granted, 'dlq:discard', 'orders')).toBe(false)
    expect(topologiesOf(granted, 'dlq:release')).toEqual(new Set(['orders', 'stock']))
    expect(topologiesOf(granted, 'dlq:read')).toBe('all')
    expect(topologiesOf([], 'dlq:read')).toEqual(new Set())
  })
})
