import { describe, expect, test } from '@jest/globals'
import { createEncoder } from '../../../engine/avro/codec.ts'
import {
  compileFieldReader,
  createColumns,
  describeFieldFailure,
  type FieldRequest,
  SPAN_ABSENT,
  SPAN_DEFAULT,
} from '../../../engine/avro/field-reader.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { MALFORMED, maxDepth, TOO_DEEP, TRUNCATED, UNSAFE_NUMBER } from '../../../engine/avro/varint.ts'
import { varint } from './generate.ts'
import { avscOf } from './oracle.ts'

const field = (name: string, type: unknown, extra: object = {}) => ({ name, type, ...extra })
const record = (fields: unknown[], name = 'app.Order') => schemaFrom({ type: 'record', name, fields }, name)
const payload = (schema: Schema, value: unknown) => createEncoder({ id: 1, schema })(value).subarray(5)
const text = (value: string) => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)])

function read(schema: Schema, bytes: Buffer, request: FieldRequest, reader?: Schema) {
  const compiled = compileFieldReader(schema, [request], reader)
  const columns = createColumns(compiled, 1)
  const code = compiled.read(bytes, 0, bytes.length, columns, 0)
  const [column] = columns.fields
  return { code, column, value: column![0], length: column![1], defaults: compiled.defaults }
}

const value = (...path: string[]): FieldRequest => ({ path, as: 'value' })
const span = (...path: string[]): FieldRequest => ({ path, as: 'span' })
const number = (...path: string[]): FieldRequest => ({ path, as: 'number' })

describe('requests that cannot be read', () => {
  const schema = record([
    field('eventId', 'string'),
    field('ok', 'boolean'),
    field('state', { type: 'enum', name: 'E', symbols: ['A'] }),
    field('id', ['string', 'long']),
    field('items', { type: 'array', items: 'string' }),
    field('metadata', ['null', { type: 'record', name: 'app.M', fields: [field('source', 'string')] }]),
    field('price', { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }),
  ])
  test.each<[FieldRequest, string]>([
    [
      value('evntId'),
      'The field "evntId" cannot be read: there is no field "evntId" in app.Order. Did you mean "eventId"?',
    ],
    [
      value('metadata', 'sauce'),
      'The field "metadata.sauce" cannot be read: there is no field "sauce" in app.M. Did you mean "source"?',
    ],
    [value('eventId', 'x'), 'The field "eventId.x" cannot be read: string has no fields.'],
    [
      value('items', '0'),
      'The field "items.0" cannot be read: it is in an array; decode the whole record for that.',
    ],
    [value('items'), 'The field "items" is array of string, no single value; decode the record for it.'],
    [value('metadata'), 'The field "metadata" is record app.M, no single value; decode the record for it.'],
    [number('eventId'), 'The field "eventId" is string, which is no number.'],
    [span('ok'), 'The field "ok" is boolean; ids and keys are text, bytes, int or long.'],
    [span('state'), 'The field "state" is one of A; ids and keys are text, bytes, int or long.'],
    [span('price'), 'The field "price" is decimal(4, 2); ids and keys are text, bytes, int or long.'],
    [span('id'), 'The field "id" is text or a number: equal ids could not be told.'],
  ])('%j', (request, message) => {
    expect(() => compileFieldReader(schema, [request])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', kind: 'permanent', message }),
    )
  })
})

describe('null, absent and default', () => {
  const inner = {
    type: 'record',
    name: 'app.M',
    fields: [field('a', ['null', 'string']), field('n', ['null', 'long'])],
  }
  const schema = record([field('m', ['null', inner])])
  test('null is null, what lies behind a null is undefined; as number both are NaN, as span both are absent', () => {
    const inside = payload(schema, { m: { a: null, n: null } })
    const none = payload(schema, { m: null })
    expect(read(schema, inside, value('m', 'a'))).toMatchObject({ code: 0, value: null })
    expect(read(schema, none, value('m', 'a'))).toMatchObject({ code: 0, value: undefined })
    for (const bytes of [inside, none]) {
      expect(read(schema, bytes, number('m', 'n')).value).toBeNaN()
      expect(read(schema, bytes, span('m', 'a'))).toMatchObject({ code: 0, value: -1, length: SPAN_ABSENT })
    }
  })

  test('columns that are used again forget the record before', () => {
    const compiled = compileFieldReader(schema, [value('m', 'a'), number('m', 'n'), span('m', 'a')])
    const columns = createColumns(compiled, 1)
    const full = payload(schema, { m: { a: 'x', n: 3 } })
    const none = payload(schema, { m: null })
    expect(compiled.read(full, 0, full.length, columns, 0)).toBe(0)
    expect(compiled.read(none, 0, none.length, columns, 0)).toBe(0)
    expect(columns.fields).toEqual([[undefined], Float64Array.of(NaN), Int32Array.of(-1, SPAN_ABSENT)])
  })

  test('a field that the writer did not have yet is the default of the reader', () => {
    const writer = record([field('id', 'string')])
    const reader = record([
      field('id', 'string'),
      field('store', 'string', { default: 'main' }),
      field('raw', 'bytes', { default: 'ÿ' }),
      field('count', 'long', { default: -3 }),
      field(
        'm',
        { type: 'record', name: 'M', fields: [field('x', 'int'), field('y', 'int', { default: 2 })] },
        { default: { x: 1 } },
      ),
    ])
    const bytes = payload(writer, { id: 'a' })
    expect(read(writer, bytes, value('store'), reader).value).toBe('main')
    expect(read(writer, bytes, value('raw'), reader).value).toEqual(Buffer.of(255))
    expect(read(writer, bytes, number('count'), reader).value).toBe(-3)
    expect(read(writer, bytes, value('m', 'x'), reader).value).toBe(1)
    expect(read(writer, bytes, value('m', 'y'), reader).value).toBe(2)
    const store = read(writer, bytes, span('store'), reader)
    expect(store.defaults[SPAN_DEFAULT - (store.length as number)]).toEqual(Buffer.from('main'))
    expect(read(writer, bytes, span('count'), reader).defaults).toEqual([varint(-3)])
    const strict = record([field('id', 'string'), field('store', 'string')])
    expect(() => compileFieldReader(writer, [value('store')], strict)).toThrow(
      expect.objectContaining({
        code: 'AVRO_UNDECODABLE',
        message: expect.stringContaining('gives it no default'),
      }),
    )
  })

  test('aliases of fields and records are followed, and two of them may be one field', () => {
    const writer = record([field('old', 'string'), field('n', 'int')])
    const reader = schemaFrom(
      {
        type: 'record',
        name: 'app.New',
        aliases: ['app.Order'],
        fields: [field('id', 'string', { aliases: ['old'] }), field('old', 'bytes')],
      },
      'x',
    )
    const bytes = payload(writer, { old: 'a', n: 1 })
    const compiled = compileFieldReader(writer, [value('id'), value('old')], reader)
    const columns = createColumns(compiled, 1)
    expect(compiled.read(bytes, 0, bytes.length, columns, 0)).toBe(0)
    expect(columns.fields).toEqual([['a'], [Buffer.from('a')]])
  })
})

describe('maps', () => {
  const schema = record([field('m', { type: 'map', values: 'string' }), field('after', 'int')])
  const entry = (key: string, item: string) => Buffer.concat([text(key), text(item)])
  test('a key in any block; of two equal keys the last, as avsc does it', () => {
    const first = entry('tenant', 'a')
    const bytes = Buffer.concat([
      varint(-1),
      varint(first.length),
      first,
      varint(2),
      entry('x', 'y'),
      entry('tenant', 'b'),
      varint(0),
      varint(7),
    ])
    expect(read(schema, bytes, value('m', 'tenant')).value).toBe('b')
    expect(read(schema, bytes, value('m', 'other'))).toMatchObject({ code: 0, value: undefined })
    expect(read(schema, bytes, number('after')).value).toBe(7)
    expect(avscOf(schema).fromBuffer(bytes)).toEqual({ m: { tenant: 'b', x: 'y' }, after: 7 })
  })

  test('a key is matched whole', () => {
    const bytes = Buffer.concat([varint(2), entry('tenant2', 'a'), entry('tena', 'b'), varint(0), varint(7)])
    expect(read(schema, bytes, value('m', 'tenant'))).toMatchObject({ code: 0, value: undefined })
    expect(read(schema, bytes, value('m', 'tenant2')).value).toBe('a')
  })

  test('a key of the schema or the request never becomes code', () => {
    const key = "'];globalThis.pwned=1;//`${globalThis.pwned=1}\n\u2028"
    const bytes = Buffer.concat([varint(1), entry(key, 'v'), varint(0), varint(7)])
    expect(read(schema, bytes, value('m', key)).value).toBe('v')
    expect(globalThis).not.toHaveProperty('pwned')
  })
})

describe('numbers', () => {
  const schema = record([field('n', 'long')])
  test('a long beyond 2^53 − 1 is exact as value, and fails as number', () => {
    for (const n of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(read(schema, varint(n), value('n')).value).toBe(n)
      expect(read(schema, varint(n), number('n')).code).toBe(UNSAFE_NUMBER)
    }
    for (const n of [2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 52 + 1, -(2 ** 52) - 1, 0, -1]) {
      expect(read(schema, varint(n), value('n')).value).toBe(n)
      expect(read(schema, varint(n), number('n')).value).toBe(n)
    }
  })
})

describe('corrupt values', () => {
  const skipped = (type: unknown) => record([field('skipped', type), field('id', 'string')])
  const code = (type: unknown, bytes: Buffer) => read(skipped(type), bytes, span('id')).code
  const array = { type: 'array', items: 'string' }

  test('varints without end, lengths below zero, branches and symbols that are none', () => {
    expect(code('long', Buffer.alloc(20, 255))).toBe(MALFORMED)
    expect(code('string', varint(-1))).toBe(MALFORMED)
    expect(code('string', varint(2n ** 40n))).toBe(MALFORMED)
    expect(code(['null', 'int'], varint(2))).toBe(MALFORMED)
    expect(code(['null', 'int'], varint(-1))).toBe(MALFORMED)
    const symbol = record([field('e', { type: 'enum', name: 'E', symbols: ['A'] })])
    expect(read(symbol, varint(1), value('e')).code).toBe(MALFORMED)
  })

  test('a text that reaches beyond the record fails it, even if what is wanted after it takes no bytes', () => {
    const schema = record([field('text', 'string'), field('nothing', 'null')])
    expect(read(schema, varint(3), value('nothing')).code).toBe(TRUNCATED)
  })

  test('blocks: counts and sizes that cannot be end at once', () => {
    expect(code(array, Buffer.concat([varint(2n ** 62n), Buffer.alloc(50)]))).toBe(TRUNCATED)
    expect(code(array, Buffer.concat([varint(-(2n ** 63n)), varint(2), Buffer.alloc(50)]))).not.toBe(0)
    expect(code(array, Buffer.concat([varint(-1), varint(-1), Buffer.alloc(50)]))).toBe(MALFORMED)
    expect(code(array, Buffer.concat([varint(-1), varint(60), Buffer.alloc(50)]))).toBe(TRUNCATED)
    // An avsc skip of this block steps back to its own beginning, for ever.
    expect(code(array, Buffer.concat([varint(-1), varint(-2), varint(-1), varint(-2)]))).toBe(MALFORMED)
    expect(code({ type: 'array', items: 'null' }, varint(2n ** 50n))).toBe(MALFORMED)
  })

  test('nesting stops before the stack does', () => {
    const list = skipped({ type: 'record', name: 'L', fields: [field('next', ['null', 'L'])] })
    const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 2), Buffer.of(0), text('id')])
    expect(read(list, nested(maxDepth - 1), value('id'))).toMatchObject({ code: 0, value: 'id' })
    expect(read(list, nested(1_000_000), value('id')).code).toBe(TOO_DEEP)
  })

  test('positions outside of the buffer', () => {
    const schema = record([field('id', 'string')])
    const reader = compileFieldReader(schema, [value('id')])
    const columns = createColumns(reader, 1)
    const bytes = text('abc')
    for (const [start, end] of [
      [-1, 4],
      [0, 5],
      [3, 2],
      [4, 4],
    ] as const) {
      expect(reader.read(bytes, start, end, columns, 0)).toBe(TRUNCATED)
    }
  })

  test('a failed row leaves the others alone', () => {
    const schema = record([field('id', 'string')])
    const reader = compileFieldReader(schema, [value('id')])
    const columns = createColumns(reader, 3)
    const bytes = Buffer.concat([text('a'), varint(9), text('c')])
    const failed = reader.readAll(
      bytes,
      Int32Array.of(0, 2, 3),
      Int32Array.of(2, 3, 5),
      Int32Array.of(0, 1, 2),
      3,
      columns,
    )
    expect(failed).toBe(1)
    expect([...columns.status]).toEqual([0, TRUNCATED, 0])
    expect((columns.fields[0] as unknown[])[2]).toBe('c')
  })

  test('every code has a sentence', () => {
    const sentences = [TRUNCATED, MALFORMED, TOO_DEEP, UNSAFE_NUMBER].map(describeFieldFailure)
    expect(new Set(sentences).size).toBe(4)
    expect(sentences.join()).not.toContain('unknown')
    expect(describeFieldFailure(99)).toContain('unknown')
  })
})
