import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decimalToBytes, decimalToText } from '../../../engine/avro/decimal.ts'
import { fieldAt, parseSchema, schemaFrom } from '../../../engine/avro/schema.ts'
import { avscOf } from './oracle.ts'

const record = (fields: unknown[], extra: object = {}) => ({
  type: 'record',
  name: 'app.Order',
  fields,
  ...extra,
})
const field = (name: string, type: unknown, extra: object = {}) => ({ name, type, ...extra })

function messageOf(json: unknown): string {
  try {
    schemaFrom(json, 'schemas/orders/Order.v1.avsc')
  } catch (error) {
    expect(error).toMatchObject({ code: 'AVRO_SCHEMA_INVALID', kind: 'fatal' })
    return (error as Error).message.replace('schemas/orders/Order.v1.avsc: ', '')
  }
  throw new Error('the schema was accepted')
}

describe('an invalid schema', () => {
  test.each<[string, unknown, string]>([
    [
      'misspelt type',
      record([field('id', 'strnig')]),
      'at fields[0] (id).type: there is no type "strnig"; a name is defined before its use. Did you mean "string"?',
    ],
    [
      'misspelt kind',
      record([field('id', { type: 'recrod' })]),
      'at fields[0] (id).type: there is no type "recrod" here. Did you mean "record"?',
    ],
    [
      'nested place',
      record([field('a', ['null', { type: 'array', items: record([field('x', 'in')], { name: 'B' }) }])]),
      'at fields[0] (a).type[1].items.fields[0] (x).type: there is no type "in"; a name is defined before its use. Did you mean "int"?',
    ],
    ['no type', record([{ name: 'id' }]), 'at fields[0] (id): the field has no "type".'],
    ['no name', { type: 'record', fields: [] }, 'at the root: the record has no "name".'],
    [
      'bad name',
      record([field('my-id', 'string')]),
      'at fields[0]: "my-id" is not a field name: letters, digits and _.',
    ],
    [
      'same field twice',
      record([field('a', 'int'), field('a', 'int')]),
      'at fields[1]: record app.Order has two fields named "a".',
    ],
    [
      'same type twice',
      record([
        field('a', { type: 'fixed', name: 'F', size: 1 }),
        field('b', { type: 'fixed', name: 'F', size: 1 }),
      ]),
      'at fields[1] (b).type: "app.F" is defined twice; the second time write its name.',
    ],
    [
      'default of another branch',
      record([field('a', ['null', 'int'], { default: 3 })]),
      "at fields[0] (a).default: the default 3 does not fit the union's first branch, null.",
    ],
    [
      'default of another type',
      record([field('a', 'int', { default: 'x' })]),
      'at fields[0] (a).default: the default "x" is not int.',
    ],
    [
      'default lacks a field',
      record([field('a', { type: 'record', name: 'B', fields: [field('x', 'int')] }, { default: {} })]),
      'at fields[0] (a).default: the default of record app.B lacks "x".',
    ],
    [
      'union in union',
      record([field('a', ['null', ['int']])]),
      'at fields[0] (a).type[1]: a union cannot be a branch of a union.',
    ],
    [
      'branch twice',
      record([field('a', ['int', 'null', 'int'])]),
      'at fields[0] (a).type[2]: the union has "int" twice.',
    ],
    [
      'endless record',
      record([field('a', 'app.Order')]),
      'at record app.Order: "a" contains app.Order without end.',
    ],
    ['prototype', record([field('__proto__', 'int')]), 'at fields[0]: a field cannot be named "__proto__".'],
    ['symbol twice', { type: 'enum', name: 'E', symbols: ['A', 'A'] }, 'at symbols: "A" is there twice.'],
    [
      'enum default',
      { type: 'enum', name: 'E', symbols: ['A'], default: 'B' },
      'at default: "B" is not one of the symbols.',
    ],
    ['null', null, 'at the root: a type is a name, an object or a list of branches, not null.'],
  ])('%s', (_, json, message) => {
    expect(messageOf(json)).toBe(message)
  })

  test('text that is not JSON has line and column', () => {
    const text = '{\n  "type": "record",\n  "name": "A",,\n}'
    expect(() => parseSchema(text, 'a.avsc')).toThrow(/^a\.avsc:3:15: not JSON: /)
    expect(() => parseSchema('', 'a.avsc')).toThrow(/^a\.avsc:1:1: not JSON: /)
  })
})

describe('names', () => {
  test('namespaces are inherited, and left alone where a name has its own', () => {
    const schema = schemaFrom(
      record([
        field('a', {
          type: 'record',
          name: 'other.B',
          fields: [field('c', { type: 'fixed', name: 'C', size: 1 })],
        }),
        field('d', { type: 'enum', name: 'D', symbols: ['X'] }),
        field('e', 'other.C'),
        field('f', 'D'),
        field('g', { type: 'record', name: 'G', namespace: '', fields: [field('h', ['null', 'G'])] }),
      ]),
      'x',
    )
    expect(schema.canonical).toContain('"name":"other.C"')
    expect(schema.canonical).toContain('"name":"app.D"')
    expect(schema.canonical).toContain('{"name":"G","type":"record"')
    const value = { a: { c: Buffer.of(1) }, d: 'X', e: Buffer.of(2), f: 'X', g: { h: { h: null } } }
    expect(avscOf(schema).fromBuffer(avscOf(schema).toBuffer(value))).toEqual(value)
  })
})

describe('fingerprints and ids', () => {
  // From the test data of the Avro specification.
  test.each([
    ['null', 7195948357588979594n],
    ['boolean', -6970731678124411036n],
    ['int', 8247732601305521295n],
    ['long', -3434872931120570953n],
    ['float', 5583340709985441680n],
    ['double', -8181574048448539266n],
    ['bytes', 5746618253357095269n],
    ['string', -8142146995180207161n],
  ])('the Rabin fingerprint of %s', (name, expected) => {
    expect(BigInt.asIntN(64, schemaFrom(name, 'x').fingerprint)).toBe(expected)
  })

  test('the canonical form leaves out what writes no bytes', () => {
    const schema = schemaFrom(
      record([field('id', { type: 'string' }, { doc: 'x', default: '', aliases: ['key'] })], {
        doc: 'y',
        namespace: 'z',
      }),
      'x',
    )
    expect(schema.canonical).toBe(
      '{"name":"app.Order","type":"record","fields":[{"name":"id","type":"string"}]}',
    )
  })

  test('the content id never changes: records carry it', () => {
    const schema = schemaFrom(
      record([field('id', 'string'), field('at', { type: 'long', logicalType: 'timestamp-millis' })]),
      'x',
    )
    expect(schema.contentId).toBe(1146476090)
  })

  test('documentation does not change the content id; defaults, aliases, logical types and salt do', () => {
    const id = (extra: object, top: object = {}) =>
      schemaFrom(record([field('a', 'long', extra)], top), 'x').contentId
    expect(id({ doc: 'x' }, { doc: 'y', owner: 'me' })).toBe(id({}))
    const others = [
      id({ default: 1 }),
      id({ aliases: ['b'] }),
      id({ type: { type: 'long', logicalType: 'timestamp-millis' } }),
      id({}, { idSalt: '1' }),
    ]
    expect(new Set([id({}), ...others]).size).toBe(5)
  })
})

describe('logical types', () => {
  test('decimals keep every digit', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n }),
        fc.nat({ max: 30 }),
        (unscaled, scale) => {
          const logical = { name: 'decimal', precision: 30, scale }
          const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
          const point = digits.length - scale
          const text =
            (unscaled < 0n ? '-' : '') + digits.slice(0, point) + (scale > 0 ? `.${digits.slice(point)}` : '')
          for (const size of [undefined, 16]) {
            const bytes = decimalToBytes(text, logical, size)!
            expect(decimalToText(bytes, 0, bytes.length, scale)).toBe(text)
            if (size !== undefined) expect(bytes.length).toBe(size)
          }
        },
      ),
    )
  })

  test('decimals that would lose something are refused', () => {
    const logical = { name: 'decimal', precision: 4, scale: 2 }
    expect(decimalToBytes('1.234', logical, undefined)).toBeUndefined()
    expect(decimalToBytes('123.00', logical, undefined)).toBeUndefined()
    expect(decimalToBytes('1e3', logical, undefined)).toBeUndefined()
    expect(decimalToBytes(NaN, logical, undefined)).toBeUndefined()
    expect(decimalToBytes('99.99', logical, 1)).toBeUndefined()
    expect(decimalToBytes('1.2300', logical, undefined)).toEqual(Buffer.of(123))
    expect(decimalToBytes(12.5, logical, undefined)).toEqual(Buffer.from([0x04, 0xe2]))
    expect(decimalToBytes('-0.01', logical, 3)).toEqual(Buffer.from([255, 255, 255]))
  })

  test('an ill-formed logical type is ignored, as the specification wants', () => {
    const schema = schemaFrom(
      record([field('a', { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 3 })]),
      'x',
    )
    expect(avscOf(schema).fromBuffer(Buffer.from([2, 7]))).toEqual({ a: Buffer.of(7) })
  })
})

describe('fieldAt', () => {
  const metadata = { type: 'record', name: 'Metadata', fields: [field('correlationId', 'string')] }
  const { root } = schemaFrom(
    record([
      field('eventId', 'string'),
      field('metadata', ['null', metadata]),
      field('tags', { type: 'map', values: 'long' }),
    ]),
    'x',
  )

  test('finds through unions and maps', () => {
    expect(fieldAt(root, ['metadata', 'correlationId'])).toMatchObject({ kind: 'string' })
    expect(fieldAt(root, ['tags', 'anything'])).toMatchObject({ kind: 'long' })
  })

  test('says which name is wrong', () => {
    expect(fieldAt(root, ['evntId'])).toBe('There is no field "evntId" in app.Order. Did you mean "eventId"?')
    expect(fieldAt(root, ['metadata', 'corelationId'])).toBe(
      'There is no field "corelationId" in app.Metadata in "metadata". Did you mean "correlationId"?',
    )
    expect(fieldAt(root, ['eventId', 'x'])).toBe('There is no field "x" in "eventId": it is string.')
  })
})
