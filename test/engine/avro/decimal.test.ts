import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createDecoder, createEncoder } from '../../../engine/avro/codec.ts'
import { decimalToBytes, decimalToText, unscaledOf } from '../../../engine/avro/decimal.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'

/** The text by way of bigint alone. */
function exactText(bytes: Buffer, scale: number): string {
  const unscaled = BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return unscaled < 0n ? `-${text}` : text
}

const money = (precision: number, scale: number) =>
  schemaFrom({ type: 'bytes', logicalType: 'decimal', precision, scale }, 'money')

describe('decimals', () => {
  test('are the same text at every size and scale', () => {
    const edges = [0, 1, 127, 128, 254, 255]
    for (let length = 1; length <= 9; length++) {
      for (const first of edges) {
        for (const other of edges) {
          const bytes = Buffer.concat([Buffer.of(first), Buffer.alloc(length - 1, other)])
          for (const scale of [0, 1, 2, 3, 4, 9, 15, 16, 20])
            expect(decimalToText(bytes, 0, length, scale)).toBe(exactText(bytes, scale))
        }
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.nat({ max: 16 }), (raw, scale) => {
        const bytes = Buffer.from(raw)
        expect(decimalToText(bytes, 0, bytes.length, scale)).toBe(exactText(bytes, scale))
      }),
      { numRuns: 2000 },
    )
  })

  test('are written as by way of bigint, or refused by both', () => {
    const texts = [
      '0',
      '-0',
      '-0.00',
      '00012.5',
      '5.',
      '.5',
      '-',
      '',
      '1.2.3',
      '1e3',
      '+1',
      ' 1',
      '1.005',
      '1.50000',
    ]
    const numbers = [
      '99999.99',
      '100000.00',
      '-99999.99',
      '-100000.00',
      '1.28',
      '-1.28',
      '-1.29',
      '327.68',
      '83886.08',
    ]
    const long = ['999999999999999', '1000000000000000', '0.123456789012345', '123456789012345678.12']
    for (const text of [...texts, ...numbers, ...long]) {
      for (const [precision, scale] of [
        [7, 2],
        [15, 0],
        [18, 2],
        [30, 15],
      ] as const) {
        const schema = money(precision, scale)
        const exact = decimalToBytes(text, { name: 'decimal', precision, scale }, undefined)
        const write = () => createEncoder({ id: 1, schema })(text).subarray(6)
        if (exact === undefined) expect(write).toThrow('does not fit')
        else expect(write()).toEqual(exact)
      }
    }
  })

  test('come back', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
        fc.nat({ max: 8 }),
        (unscaled, scale) => {
          const schema = money(18, scale)
          const hex = BigInt.asUintN(64, unscaled).toString(16).padStart(16, '0')
          const text = exactText(Buffer.from(hex, 'hex'), scale)
          const bytes = createEncoder({ id: 1, schema })(text)
          expect(createDecoder(schema)(bytes, 5, bytes.length)).toBe(text)
          const short = unscaledOf(text, scale)
          if (!Number.isNaN(short)) expect(short).toBe(Number(unscaled))
        },
      ),
    )
  })
})
