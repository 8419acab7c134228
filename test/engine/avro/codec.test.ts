import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  createDecoder,
  createEncoder,
  createWireCodec,
  type EncoderOptions,
} from '../../../engine/avro/codec.ts'
import type { SchemaRegistry } from '../../../engine/avro/registry.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { maxDepth } from '../../../engine/avro/varint.ts'
import { varint } from './generate.ts'

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

describe('decoded values', () => {
  test('are plain: spread, JSON, structuredClone and deep equality behave', () => {
    const value = roundTrip(order, good) as typeof good
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(value.before)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(value.items[0])).toBe(Object.prototype)
    expect(value).toStrictEqual(good)
    expect({ ...value }).toStrictEqual(good)
    expect(JSON.parse(JSON.stringify(value))).toStrictEqual(good)
    expect(structuredClone(value)).toStrictEqual(good)
    expect(Object.keys(value)).toEqual(Object.keys(good))
  })

  test('are plain in wrapped unions too', () => {
    const schema = record([field('a', ['int', 'double', { type: 'record', name: 'R', fields: [] }])])
    expect(roundTrip(schema, { a: { double: 3 } })).toStrictEqual({ a: { double: 3 } })
    expect(roundTrip(schema, { a: { 'app.R': {} } })).toStrictEqual({ a: { 'app.R': {} } })
  })

  test('a map may have a key __proto__', () => {
    const schema = record([field('m', { type: 'map', values: { type: 'map', values: 'int' } })])
    const value = JSON.parse('{"m":{"__proto__":{"polluted":1},"a":{"__proto__":2}}}') as object
    const back = roundTrip(schema, value) as { m: object }
    expect(JSON.stringify(back)).toBe(JSON.stringify(value))
    expect(Object.getPrototypeOf(back.m)).toBe(Object.prototype)
    expect((back.m as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('do not hold on to the batch: strings and bytes are copies', () => {
    const schema = record([field('b', 'bytes')])
    const bytes = encoded(schema, { b: Buffer.from('abc') })
    const value = createDecoder(schema)(bytes, 5, bytes.length) as { b: Buffer }
    bytes.fill(0)
    expect(value.b.toString()).toBe('abc')
  })
})

describe('longs', () => {
  const schema = record([field('n', 'long'), field('o', ['null', 'long'])])
  const limits = [
    0n,
    1n,
    -1n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n) + 1n,
    -(2n ** 53n),
    2n ** 63n - 1n,
    -(2n ** 63n),
  ]

  test.each(limits)('%s comes back exact', (n) => {
    const expected = Number.isSafeInteger(Number(n)) ? Number(n) : n
    expect(roundTrip(schema, { n, o: n })).toStrictEqual({ n: expected, o: expected })
    expect(encoded(schema, { n: expected, o: null }).subarray(5)).toEqual(
      Buffer.concat([varint(n), Buffer.of(0)]),
    )
  })

  test('any long', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        const expected = Number.isSafeInteger(Number(n)) ? Number(n) : n
        expect(roundTrip(schema, { n, o: null })).toStrictEqual({ n: expected, o: null })
      }),
    )
  })

  test('what is no long is refused', () => {
    for (const n of [2n ** 63n, -(2n ** 63n) - 1n, 2 ** 53, 1.5, NaN, '1', null]) {
      expect(() => encoded(schema, { n, o: null })).toThrow(
        expect.objectContaining({ code: 'AVRO_UNENCODABLE' }),
      )
    }
  })
})

describe('undecodable bytes', () => {
  const bytes = encoded(order, good).subarray(5)
  const failure = (buffer: Buffer, start = 0, end = buffer.length) => {
    try {
      createDecoder(order)(buffer, start, end)
    } catch (error) {
      return error as Error
    }
    throw new Error('it decoded')
  }

  test('too few, at every length, and never into the next record', () => {
    const twice = Buffer.concat([bytes, bytes])
    for (let end = 0; end < bytes.length; end++) {
      expect(failure(twice, 0, end)).toMatchObject({ code: 'AVRO_UNDECODABLE', kind: 'permanent' })
    }
    expect(failure(bytes, 0, 9).message).toMatch(
      /^The value \(9 bytes\) does not decode as app\.Order \(Order\.v1\): the value ends before its last field\.$/,
    )
  })

  test('too many', () => {
    expect(failure(Buffer.concat([bytes, Buffer.alloc(3)])).message).toContain(
      '3 bytes are left over after it',
    )
  })

  test('a null value is not decoded as null', () => {
    expect(() => whole(schemaFrom('string', 'x'), Buffer.alloc(0))).toThrow('the value ends')
  })

  test('positions outside of the buffer', () => {
    expect(failure(bytes, -1, 5)).toMatchObject({ code: 'AVRO_UNDECODABLE' })
    expect(failure(bytes, 0, bytes.length + 1)).toMatchObject({ code: 'AVRO_UNDECODABLE' })
    expect(failure(bytes, 5, 4)).toMatchObject({ code: 'AVRO_UNDECODABLE' })
  })

  test('counts that would fill the memory are refused at once', () => {
    const cases: [unknown, Buffer][] = [
      ['string', Buffer.concat([varint(2 ** 31), Buffer.from('abc')])],
      ['string', Buffer.concat([varint(-(2 ** 40)), varint(3), Buffer.from('abc')])],
      ['null', varint(2 ** 40)],
      ['null', Buffer.concat([varint(-65000), varint(0), varint(-65000), varint(0), varint(0)])],
    ]
    for (const [items, array] of cases) {
      const schema = record([field('a', { type: 'array', items })])
      expect(() => whole(schema, array)).toThrow(expect.objectContaining({ code: 'AVRO_UNDECODABLE' }))
    }
  })

  test('a block whose size is not that of its items', () => {
    const schema = record([field('a', { type: 'array', items: 'int' })])
    const block = (size: number) => Buffer.concat([varint(-2), varint(size), Buffer.from([2, 4, 0])])
    expect(whole(schema, block(2))).toEqual({ a: [1, 2] })
    expect(() => whole(schema, block(1))).toThrow('do not follow')
    expect(() => whole(schema, block(3))).toThrow()
  })

  test('indexes and integers that cannot be', () => {
    const cases: [unknown, number[]][] = [
      [
        ['null', 'int'],
        [4, 2],
      ],
      [
        ['null', 'int'],
        [1, 2],
      ],
      [{ type: 'enum', name: 'E', symbols: ['A'] }, [2]],
      ['int', [254, 255, 255, 255, 31]],
      ['long', [255, 255, 255, 255, 255, 255, 255, 255, 255, 2]],
      ['string', [1]],
    ]
    for (const [type, raw] of cases) {
      expect(() => whole(record([field('a', type)]), Buffer.from(raw))).toThrow(
        'do not follow the writer schema',
      )
    }
  })

  test('nesting that would overflow the stack', () => {
    const list = schemaFrom({ type: 'record', name: 'L', fields: [field('next', ['null', 'L'])] }, 'x')
    const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 2), Buffer.of(0)])
    expect(() => whole(list, nested(maxDepth - 2))).not.toThrow()
    expect(() => whole(list, nested(100_000))).toThrow('nested too deep')
    const arrays = schemaFrom(
      { type: 'record', name: 'T', fields: [field('all', { type: 'array', items: 'T' })] },
      'x',
    )
    expect(() => whole(arrays, Buffer.alloc(100_000, 2))).toThrow('nested too deep')
  })
})

describe('the wire codec', () => {
  const v1 = record([field('id', 'string')])
  const v2 = record([field('id', 'string'), field('store', 'string', { default: 'main' })])
  const schemas = new Map([
    [1, v1],
    [2, v2],
  ])
  const registry: SchemaRegistry = {
    byId: (id) => schemas.get(id),
    load: async (id) => schemas.get(id)!,
    latest: async () => ({ id: 2, schema: v2 }),
  }
  const codec = createWireCodec(registry)
  const reader = { id: 2, schema: v2 }

  test('decodes by the id in the value, as the reader sees it', () => {
    const old = createEncoder({ id: 1, schema: v1 })({ id: 'a' })
    expect(codec.decode(old, 0, old.length)).toEqual({ id: 'a' })
    expect(codec.decode(old, 0, old.length, reader)).toEqual({ id: 'a', store: 'main' })
    expect(codec.decoder(1, reader)).toBe(codec.decoder(1, reader))
    expect(codec.decoder(1, reader)).not.toBe(codec.decoder(1))
  })

  test('an id that is not at hand', () => {
    expect(() => codec.decode(Buffer.from([0, 0, 0, 0, 9, 0]), 0, 6)).toThrow(
      expect.objectContaining({ code: 'AVRO_UNKNOWN_SCHEMA_ID', kind: 'permanent', facts: { id: 9 } }),
    )
  })

  test('a reader that cannot read the writer', () => {
    const other = record([field('id', 'string'), field('store', 'string')])
    expect(() => createDecoder(v1, other)).toThrow(expect.objectContaining({ code: 'AVRO_UNDECODABLE' }))
  })
})
