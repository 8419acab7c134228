import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeCell, encodeCell } from '../../../engine/cql/cells.ts'
import { bindParameters, parseParameter, plainValue } from '../../../engine/cql/read-params.ts'
import { TokenCursor } from '../../../engine/cql/token-cursor.ts'
import { parseType } from '../../../engine/cql/types.ts'
import { toCqlValue } from '../../../engine/cql/values.ts'

const typed = (text: string) => parseType(new TokenCursor('x', text))
const convert = (type: string, value: unknown) => toCqlValue(typed(type), value, 't.c')
const id = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'

describe('values of columns', () => {
  test.each<[string, unknown, unknown]>([
    ['text', 'Übel', 'Übel'],
    ['timestamp', 1_764_000_000_000, 1_764_000_000_000],
    ['timestamp', '2025-11-30T12:00:00+02:00', Date.UTC(2025, 10, 30, 10)],
    ['timestamp', '2025-11-30', Date.UTC(2025, 10, 30)],
    ['timestamp', new Date(5), 5],
    ['timestamp', 5n, 5],
    ['uuid', id.toUpperCase(), id],
    ['uuid', Buffer.from(id.replaceAll('-', ''), 'hex'), id],
    ['timeuuid', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
    ['int', -(2 ** 31), -(2 ** 31)],
    ['int', 7n, 7],
    ['bigint', '9223372036854775807', 2n ** 63n - 1n],
    ['bigint', 5, 5n],
    ['varint', '-123456789012345678901234567890', -123456789012345678901234567890n],
    ['decimal', '1.50', '1.50'],
    ['decimal', 1e-7, '0.0000001'],
    ['decimal', '-12e2', '-1200'],
    ['boolean', false, false],
    ['float', 0.1, Math.fround(0.1)],
    ['double', -0, -0],
    ['date', 20_422, '2025-11-30'],
    ['date', '2024-02-29', '2024-02-29'],
    ['time', '01:02:03.5', 3_723_500_000_000n],
    ['blob', '0xCAFE', Buffer.from('cafe', 'hex')],
    ['blob', new Uint8Array([1, 2]), Buffer.from([1, 2])],
    ['inet', '::ffff:10.0.0.1', '::ffff:a00:1'],
    ['inet', '2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['inet', '10.0.0.1', '10.0.0.1'],
    ['list<int>', [3, 1, 3], [3, 1, 3]],
    ['set<text>', ['b', 'a', 'b'], ['a', 'b']],
    ['map<text, int>', { b: 2, a: 1 }, new Map([['a', 1], ['b', 2]])], // prettier-ignore
    ['map<int, text>', { 10: 'x', 9: 'y' }, new Map([[9, 'y'], [10, 'x']])], // prettier-ignore
    ['text', undefined, undefined],
    ['text', null, null],
  ])('%s takes %p', (type, given, expected) => {
    const value = convert(type, given)
    expect(value).toEqual(expected)
    if (value === undefined || value === null) return
    expect(convert(type, value)).toEqual(value)
    expect(decodeCell(typed(type), encodeCell(typed(type), value))).toEqual(value)
  })

  test.each<[string, unknown, string]>([
    ['text', 5, 't.c: expected a string of well-formed Unicode (text), got number 5: correct the record'],
    ['text', '\ud800', 'expected a string of well-formed Unicode'],
    ['ascii', 'ä', 'expected a string of ASCII'],
    ['int', 2 ** 31, 'expected a whole number within 32 bits (int), got number 2147483648'],
    ['int', 1.5, 'whole number'],
    ['smallint', 32_768, '16 bits'],
    ['tinyint', -129, '8 bits'],
    ['bigint', 2n ** 63n, '64 bits'],
    ['bigint', 2 ** 53, '64 bits'],
    ['uuid', 'abc', 'expected a UUID (uuid), got the string "abc"'],
    ['timeuuid', id, 'UUID of version 1'],
    ['timestamp', '2025-11-30T12:00:00', 'ISO 8601 time with its zone'],
    ['timestamp', 1.5, 'milliseconds'],
    ['date', '2025-02-29', 'a date like'],
    ['time', '24:00:00', 'a time like'],
    ['float', 1e300, '32 bits'],
    ['blob', '0x1', 'bytes'],
    ['inet', '1.2.3', 'IP address'],
    ['inet', '1::2::3', 'IP address'],
    ['boolean', 1, 'true or false'],
    ['list<int>', { a: 1 }, 'expected an array'],
    ['list<int>', [1, 'x'], 't.c[1]: expected a whole number'],
    ['list<int>', [null], 't.c[0]: expected a whole number'],
    ['map<text, int>', { a: 'x' }, 't.c.a: expected a whole number'],
    ['map<text, int>', [1], 'expected an object'],
  ])('%s refuses %p', (type, given, sentence) => {
    expect(() => convert(type, given)).toThrow(
      expect.objectContaining({ code: 'ROW_REFUSED', kind: 'permanent' }),
    )
    expect(() => convert(type, given)).toThrow(sentence)
  })

  test('cells come back as they were, also inside collections', () => {
    const deep = typed('map<text, list<map<int, bigint>>>')
    const values = fc.dictionary(
      fc.string(),
      fc.array(
        fc.dictionary(fc.integer({ min: -9, max: 99 }).map(String), fc.bigInt({ min: -9n, max: 2n ** 60n })),
      ),
    )
    fc.assert(
      fc.property(values, (given) => {
        const value = toCqlValue(deep, given, 'x')!
        expect(decodeCell(deep, encodeCell(deep, value))).toEqual(value)
      }),
    )
    fc.assert(
      fc.property(
        fc.bigInt(),
        (value) => decodeCell({ kind: 'varint' }, encodeCell({ kind: 'varint' }, value)) === value,
      ),
    )
  })

  test('become JSON', () => {
    const plain = (type: string, given: unknown) => plainValue(typed(type), convert(type, given) ?? null)
    expect(plain('timestamp', 0)).toBe('1970-01-01T00:00:00.000Z')
    expect(plain('bigint', 2n ** 60n)).toBe('1152921504606846976')
    expect(plain('bigint', 5)).toBe(5)
    expect(plain('time', 3_723_500_000_000n)).toBe('01:02:03.5')
    expect(plain('map<int, set<blob>>', { 1: ['0xff', '0x00'] })).toEqual({ 1: ['0x00', '0xff'] })
    expect(plain('double', NaN)).toBe('NaN')
    expect(plain('text', null)).toBeNull()
  })
})

describe('parameters of reads', () => {
  const position = { path: 'q.cql', line: 1, column: 1 }
  const params = [
    'param store text',
    'param n int = 10  how many',
    'param to timestamp = now-1d',
    'param on boolean = true',
  ].map((text) => parseParameter(text, position))

  test('come from text or values, with defaults', () => {
    expect(bindParameters(params, { store: 'a' }, 86_400_000)).toEqual({ store: 'a', n: 10, to: 0, on: true })
    expect(bindParameters(params, { store: 'a', n: '7', to: '2025-01-01', on: 'false' }, 0)).toEqual({
      store: 'a',
      n: 7,
      to: Date.UTC(2025, 0),
      on: false,
    })
    expect(bindParameters(params, { store: 'a', n: 7, to: 5, on: false }, 0)).toEqual({
      store: 'a',
      n: 7,
      to: 5,
      on: false,
    })
    expect(bindParameters(params, { store: 'a', to: '1764000000000' }, 0)['to']).toBe(1_764_000_000_000)
  })

  test.each<[Record<string, unknown>, string]>([
    [{}, 'The parameter store (text) is missing: give store=….'],
    [{ store: 'a', stroe: 'b' }, 'The read has no parameter "stroe": did you mean store?'],
    [
      { store: 'a', n: 'many' },
      'n: expected a whole number within 32 bits (int), got the string "many": correct the parameter.',
    ],
    [{ store: 'a', to: 'yesterday' }, 'to: expected milliseconds since 1970'],
  ])('%j are refused', (given, sentence) => {
    expect(() => bindParameters(params, given, 0)).toThrow(expect.objectContaining({ code: 'QUERY_REFUSED' }))
    expect(() => bindParameters(params, given, 0)).toThrow(sentence)
  })

  test.each(['param n', 'param n number', 'param n int = x'])('"%s" is no description', (text) => {
    expect(() => parseParameter(text, position)).toThrow(/^q\.cql:1:1: /)
  })
})
