import { describe, expect, test } from '@jest/globals'
import { createDecoder, createEncoder, type EncoderOptions } from '../../../engine/avro/codec.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { bare, checkDrawn, drawSchema, drawValue } from './generate.ts'
import { avscOf } from './oracle.ts'

const field = (name: string, type: unknown, extra: object = {}) => ({ name, type, ...extra })
const record = (fields: unknown[], extra: object = {}) =>
  schemaFrom({ type: 'record', name: 'app.Order', fields, ...extra }, 'Order.v1')
const whole = (schema: Schema, bytes: Buffer) => createDecoder(schema)(bytes, 0, bytes.length)
const encoded = (schema: Schema, value: unknown, options?: EncoderOptions) =>
  createEncoder({ id: 7, schema }, options)(value)
const roundTrip = (schema: Schema, value: unknown) => whole(schema, encoded(schema, value).subarray(5))

const order = record([
  field('id', 'string'),
  field('total', 'double'),
  field('note', ['null', 'string'], { default: null }),
  field('before', ['null', { type: 'record', name: 'State', fields: [field('price', ['null', 'double'])] }], {
    default: null,
  }),
  field(
    'items',
    { type: 'array', items: { type: 'record', name: 'Item', fields: [field('count', 'int')] } },
    { default: [] },
  ),
  field('state', { type: 'enum', name: 'S', symbols: ['OPEN', 'DONE'] }, { default: 'OPEN' }),
  field('tags', { type: 'map', values: 'long' }, { default: {} }),
])
const good = {
  id: 'a',
  total: 1.5,
  note: null,
  before: { price: 2 },
  items: [{ count: 1 }],
  state: 'DONE',
  tags: { x: 1 },
}

describe('unencodable values', () => {
  const cases: [string, unknown, string][] = [
    [
      'another type in a union',
      { ...good, before: { price: 'abc' } },
      'at before.price: expected double or null, got the string "abc"',
    ],
    [
      'in a list',
      { ...good, items: [{ count: 1 }, { count: 1.5 }] },
      'at items.1.count: expected int, got 1.5',
    ],
    ['missing', { total: 1 }, 'at id: expected string, got nothing'],
    [
      'undeclared',
      { ...good, totl: 1 },
      'at the root: app.Order has no field "totl" (did you mean "total"?)',
    ],
    [
      'undeclared inside',
      { ...good, items: [{ count: 1, cuont: 2 }] },
      'at items.0: app.Item has no field "cuont" (did you mean "count"?)',
    ],
    [
      'symbol',
      { ...good, state: 'constructor' },
      'at state: expected one of OPEN, DONE, got the string "constructor"',
    ],
    ['map', { ...good, tags: { x: 'y' } }, 'at tags.x: expected long, got the string "y"'],
    ['no record', [], 'at id: expected string, got nothing (and 1 more)'],
    ['null', null, 'at the root: expected record app.Order, got null'],
    ['several', { ...good, id: 1, total: 'x' }, 'at id: expected string, got 1 (and 1 more)'],
    ['Date', { ...good, total: new Date(0) }, 'at total: expected double, got a Date object without fields'],
  ]
  test('a time that is text is told what is counted, and from when', () => {
    const timed = record([field('at', { type: 'long', logicalType: 'timestamp-millis' })])
    expect(() => encoded(timed, { at: '2026-01-05' })).toThrow(
      'at at: expected long (milliseconds since 1970), got the string "2026-01-05"',
    )
  })

  test.each(cases)('%s', (_, value, message) => {
    expect(() => encoded(order, value)).toThrow(
      expect.objectContaining({
        code: 'AVRO_UNENCODABLE',
        kind: 'permanent',
        message: `The value does not fit app.Order (Order.v1): ${message}.`,
      }),
    )
  })

  test('undeclared fields may be dropped instead, if one says so', () => {
    expect(whole(order, encoded(order, { ...good, extra: 1 }, { undeclared: 'drop' }).subarray(5))).toEqual(
      good,
    )
  })

  test('undefined takes the default', () => {
    const { id, total, before } = good
    expect(roundTrip(order, { id, total, before, note: undefined })).toEqual({
      id,
      total,
      before,
      note: null,
      items: [],
      state: 'OPEN',
      tags: {},
    })
  })

  test('decimals in unions with numbers are told apart', () => {
    const decimal = { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 }
    expect(roundTrip(record([field('a', ['null', decimal])]), { a: 12.5 })).toEqual({ a: '12.50' })
    const mixed = record([field('a', ['long', decimal])])
    expect(roundTrip(mixed, { a: { bytes: '12.5' } })).toEqual({ a: { bytes: '12.50' } })
    expect(roundTrip(mixed, { a: { long: 3 } })).toEqual({ a: { long: 3 } })
  })
})

describe('round trips', () => {
  test('values of any schema, larger than the first buffer too', () => {
    checkDrawn(300, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const { bytes, value } = drawValue(draw, schema.root)
      const decoded = whole(schema, bytes)
      const again = roundTrip(schema, decoded)
      expect(again).toEqual(decoded)
      expect(bare(avscOf(schema), again)).toEqual(value)
    })
    const long = 'x'.repeat(100_000)
    expect(roundTrip(order, { ...good, id: long })).toEqual({ ...good, id: long })
  })
})
