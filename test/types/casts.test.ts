// How casts are found, and what becomes of a record's type.
import { describe, expect, test } from '@jest/globals'
import type { ValueCodec } from '../../engine/component/codec.ts'
import { castBetween, castsBetween, type CastFile } from '../../engine/component/casts.ts'
import { majorOf, newestOf } from '../../engine/component/majors.ts'
import { packRecords } from '../../engine/component/packed-records.ts'
import { batchOf } from '../../engine/component/record-batch.ts'
import { FakeLineage } from '../support/fake-lineage.ts'

const file = (name: string, from: number, to: number, more: Partial<CastFile> = {}): CastFile => ({
  ...{ topic: 'orders', name, from, to, shown: `orders/${name}.v${from}-v${to}.ts` },
  up: (value) => ({ ...(value as object), [`up${from}-${to}`]: true }),
  down: (value) => ({ ...(value as object), [`down${to}-${from}`]: true }),
  ...more,
})

const of = (from: number, to: number, topic = 'orders') => {
  const name = (major: number) => (major === 1 ? 'shop.Order' : `shop.v${major}.Order`)
  return { from: name(from), to: name(to), topic }
}

test('the MAJOR of a record is in its name', () => {
  expect(majorOf('shop.orders.OrderCreated')).toEqual({ family: 'shop.orders.OrderCreated', major: 1 })
  expect(majorOf('shop.orders.v12.OrderCreated')).toEqual({ family: 'shop.orders.OrderCreated', major: 12 })
  expect(majorOf('v2.Order')).toEqual({ family: 'Order', major: 2 })
  expect(majorOf('shop.v2.orders.Order')).toEqual({ family: 'shop.v2.orders.Order', major: 1 })
  expect([...newestOf(['a.v10.E', 'a.E', 'a.v9.E', 'b.E'])]).toEqual([
    ['a.v10.E', 'a.v10.E'],
    ['a.E', 'a.v10.E'],
    ['a.v9.E', 'a.v10.E'],
    ['b.E', 'b.E'],
  ])
})

describe('the way from one MAJOR to another', () => {
  const files = [file('Order', 1, 2), file('Order', 2, 3), file('shop.Order', 3, 5), file('Other', 1, 5)]

  test('is put together of files, in the order of the way', () => {
    expect(castsBetween(files, of(1, 3))).toEqual([files[0], files[1]])
    expect(castsBetween(files, of(5, 2))).toEqual([files[2], files[1]])
    expect(Object.keys(castBetween(files, of(1, 5))({}) as object)).toEqual(['up1-2', 'up2-3', 'up3-5'])
    expect(Object.keys(castBetween(files, of(5, 2))({}) as object)).toEqual(['down5-3', 'down3-2'])
  })

  test('takes the longest step, and files of its own topic', () => {
    const long = file('Order', 1, 3)
    expect(castsBetween([...files, long], of(1, 3))).toEqual([long])
    const elsewhere = file('Order', 1, 2, { topic: 'elsewhere' })
    expect(castsBetween([...files, elsewhere], of(1, 2, 'elsewhere'))).toEqual([elsewhere])
  })

  test('is missed in a sentence that says what to write', () => {
    expect(castsBetween(files, of(3, 4))).toBeUndefined()
    expect(() => castBetween(files, of(3, 4))).toThrow('write schemas/{topic}/Order.v3-v4.ts')
    expect(() => castBetween([file('Order', 1, 2, { down: undefined })], of(2, 1))).toThrow(
      'has no function "down"',
    )
  })

  test('what a cast throws, or returns that is no record, is permanent', () => {
    const up = () => {
      throw new Error('no such currency')
    }
    const permanent = (message: string): unknown => expect.objectContaining({ kind: 'permanent', message })
    expect(() => castBetween([file('Order', 1, 2, { up })], of(1, 2))({})).toThrow(
      permanent('orders/Order.v1-v2.ts (up): no such currency'),
    )
    const late = file('Order', 1, 2, { up: () => Promise.resolve({}) })
    expect(() => castBetween([late], of(1, 2))({})).toThrow(expect.objectContaining({ kind: 'permanent' }))
  })
})

test('a record that must wait is of the type that it was cast to', () => {
  const asItIs = (_: string, value: unknown): unknown => value
  const types = {
    ...{ names: ['a.E', 'a.v2.E'], of: () => 'a.E', fit: asItIs, renew: asItIs },
    schema: () => undefined,
  }
  const codec: ValueCodec = {
    ...{ name: 'two types', types, prepare: () => undefined, decode: () => ({}) },
    reader: () => ({ locate: () => 0, read: () => undefined }),
  }
  const given = [Buffer.from('x'), null].map((value) => ({ key: null, value, headers: [], timestamp: 0 }))
  const records = packRecords('orders', 0, given, 0)
  const lineage = new FakeLineage()
  const origin = { records, eventTimes: new Float64Array(2), codec, lineage, lineageBase: 0 }
  expect([batchOf(origin).type(0), batchOf(origin).type(1)]).toEqual(['a.E', undefined])
  const cast = batchOf({ ...origin, cast: new Map([['a.E', 'a.v2.E']]) })
  expect([cast.type(0), cast.detached(0).type(0), cast.only(0).type(0)]).toEqual(Array(3).fill('a.v2.E'))
  const kept = batchOf({ ...origin, types: [undefined, 'a.v2.E'] })
  expect([kept.type(0), kept.type(1), kept.detached(1).type(0)]).toEqual([undefined, 'a.v2.E', 'a.v2.E'])
})
