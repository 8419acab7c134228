import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeKey, encodeKey } from '../../../engine/cql/keys.ts'
import type { Direction } from '../../../engine/cql/schema.ts'
import type { CqlType, CqlValue, ScalarKind } from '../../../engine/cql/types.ts'
import { dateText, inetBytes } from '../../../engine/cql/value-forms.ts'
import { toCqlValue } from '../../../engine/cql/values.ts'

/** One type of key column: values to try, and CQL's own order of them written down naively. */
interface KeyCase {
  readonly kind: ScalarKind
  readonly values: fc.Arbitrary<CqlValue>
  readonly compare: (left: never, right: never) => number
}

const plain = (left: number | bigint, right: number | bigint) => (left < right ? -1 : left > right ? 1 : 0)
const floats = (left: number, right: number) => {
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right))
  if (left === 0 && right === 0) return plain(1 / left, 1 / right)
  return plain(left, right)
}
const utf8 = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right))
const signedTail = (uuid: string) =>
  [...Buffer.from(uuid.replaceAll('-', '').slice(16), 'hex')].map((byte) => (byte << 24) >> 24)
const timeOf = (uuid: string) => BigInt(`0x${uuid.slice(15, 18)}${uuid.slice(9, 13)}${uuid.slice(0, 8)}`)
const timeuuids = (left: string, right: string) => {
  const byTime = plain(timeOf(left), timeOf(right))
  if (byTime !== 0) return byTime
  const [a, b] = [signedTail(left), signedTail(right)]
  const at = a.findIndex((byte, index) => byte !== b[index])
  return at < 0 ? 0 : plain(a[at]!, b[at]!)
}
const uuids = (left: string, right: string) => {
  if (left[14] !== right[14]) return plain(parseInt(left[14]!, 16), parseInt(right[14]!, 16))
  if (left[14] === '1' && timeOf(left) !== timeOf(right)) return plain(timeOf(left), timeOf(right))
  return utf8(left[14] === '1' ? left.slice(19) : left, right[14] === '1' ? right.slice(19) : right)
}
const bits = (count: number) => fc.integer({ min: -(2 ** (count - 1)), max: 2 ** (count - 1) - 1 })
const nearZero = fc
  .uint8Array({ maxLength: 6 })
  .map((bytes) => bytes.map((byte) => (byte < 128 ? byte % 3 : byte)))
const blobs = nearZero.map((bytes) => Buffer.from(bytes))
const uuid = fc.oneof(fc.uuid(), fc.uuid({ version: 1 }), fc.uuid({ version: 4 }))
const timeuuid = fc
  .tuple(fc.nat(3), fc.uuid({ version: 1 }))
  .map(([time, id]) => `0000000${time}${id.slice(8)}`)
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('\0', '\x01', 'a', 'ÿ', '\u{1f600}') }),
)

const cases: readonly KeyCase[] = [
  { kind: 'text', values: text.filter((value) => value.isWellFormed()), compare: utf8 },
  { kind: 'ascii', values: fc.string({ unit: 'binary-ascii' }), compare: utf8 },
  { kind: 'int', values: bits(32), compare: plain },
  { kind: 'smallint', values: bits(16), compare: plain },
  { kind: 'tinyint', values: bits(8), compare: plain },
  { kind: 'bigint', values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), compare: plain },
  { kind: 'varint', values: fc.oneof(fc.bigInt(), fc.bigInt({ min: -300n, max: 300n })), compare: plain },
  { kind: 'timestamp', values: fc.integer({ min: -8.64e15, max: 8.64e15 }), compare: plain },
  {
    kind: 'date',
    values: fc.integer({ min: -700_000, max: 2_900_000 }).map(dateText),
    compare: (a: string, b: string) => plain(Date.parse(a), Date.parse(b)),
  },
  { kind: 'time', values: fc.bigInt({ min: 0n, max: 86_399_999_999_999n }), compare: plain },
  { kind: 'double', values: fc.double(), compare: floats },
  { kind: 'float', values: fc.float(), compare: floats },
  { kind: 'boolean', values: fc.boolean(), compare: (a: boolean, b: boolean) => Number(a) - Number(b) },
  { kind: 'blob', values: blobs, compare: (a: Buffer, b: Buffer) => Buffer.compare(a, b) },
  { kind: 'uuid', values: uuid, compare: uuids },
  { kind: 'timeuuid', values: timeuuid, compare: timeuuids },
  {
    kind: 'inet',
    values: fc.oneof(fc.ipV4(), fc.ipV6()).map((value) => toCqlValue({ kind: 'inet' }, value, 'x') as string),
    compare: (a: string, b: string) => Buffer.compare(inetBytes(a)!, inetBytes(b)!),
  },
]

const sign = (value: number) => Math.sign(value)

describe('key bytes', () => {
  test.each(cases.map((one) => [one.kind, one] as const))(
    'of %s sort as the values do and read back',
    (_, one) => {
      const type: CqlType = { kind: one.kind }
      fc.assert(
        fc.property(
          one.values,
          one.values,
          fc.constantFrom<Direction>('ASC', 'DESC'),
          (left, right, direction) => {
            const [a, b] = [left, right].map((value) => encodeKey([type], [value], [direction])) as [
              Buffer,
              Buffer,
            ]
            const expected =
              sign(one.compare(left as never, right as never)) * (direction === 'DESC' ? -1 : 1)
            expect(sign(Buffer.compare(a, b)) + 0).toBe(expected + 0)
            expect(decodeKey([type], a, [direction]).values).toEqual([left])
          },
        ),
        { numRuns: 500 },
      )
    },
  )

  test('of several columns sort column by column, are read back and can be cut at any column', () => {
    const column = fc.record({
      which: fc.constantFrom(...cases),
      direction: fc.constantFrom<Direction>('ASC', 'DESC'),
    })
    const key = fc.array(column, { minLength: 1, maxLength: 4 }).chain((columns) => {
      const values = fc.tuple(...columns.map(({ which }) => which.values))
      return fc.tuple(fc.constant(columns), values, values, fc.nat(4))
    })
    fc.assert(
      fc.property(key, ([columns, left, other, same]) => {
        // Equal values in front are what makes the columns behind them count.
        const right = other.map((value, index) => (index < same ? left[index]! : value))
        const types = columns.map(({ which }) => ({ kind: which.kind }))
        const directions = columns.map(({ direction }) => direction)
        const [a, b] = [encodeKey(types, left, directions), encodeKey(types, right, directions)]
        const first = columns
          .map(
            ({ which, direction }, index) =>
              which.compare(left[index] as never, right[index] as never) * (direction === 'DESC' ? -1 : 1),
          )
          .find((order) => order !== 0)
        expect(sign(Buffer.compare(a, b)) + 0).toBe(sign(first ?? 0) + 0)
        expect(decodeKey(types, a, directions)).toEqual({ values: left, end: a.length })
        const cut = encodeKey(types.slice(0, 1), left.slice(0, 1), directions)
        expect(a.subarray(0, cut.length)).toEqual(cut)
      }),
      { numRuns: 2000 },
    )
  })
})
