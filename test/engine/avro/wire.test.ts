import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  peekSchemaId,
  readSchemaId,
  readSchemaIds,
  WIRE_BAD_ID,
  WIRE_BAD_MAGIC,
  WIRE_HEADER_BYTES,
  WIRE_TOO_SHORT,
  writeWireHeader,
} from '../../../engine/avro/wire.ts'

describe('the Confluent wire format', () => {
  test('an id comes back from any place in a buffer', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 20 }), (id, start) => {
        const buffer = Buffer.alloc(30, 0xaa)
        expect(writeWireHeader(buffer, start, id)).toBe(start + 5)
        expect(peekSchemaId(buffer, start, start + 5)).toBe(id)
        expect(buffer.readInt32BE(start + 1)).toBe(id)
        expect([...buffer.subarray(0, start)].every((byte) => byte === 0xaa)).toBe(true)
        expect([...buffer.subarray(start + 5)].every((byte) => byte === 0xaa)).toBe(true)
      }),
    )
  })

  test('what is no header has a code each', () => {
    const good = Buffer.from([0, 0, 0, 0, 7, 99])
    expect(peekSchemaId(good, 0, 6)).toBe(7)
    expect(peekSchemaId(good, 0, 4)).toBe(WIRE_TOO_SHORT)
    expect(peekSchemaId(good, 2, 7)).toBe(WIRE_TOO_SHORT)
    expect(peekSchemaId(good, -1, 6)).toBe(WIRE_TOO_SHORT)
    expect(peekSchemaId(Buffer.from('{"a":1}'), 0, 7)).toBe(WIRE_BAD_MAGIC)
    expect(peekSchemaId(Buffer.from([0, 255, 0, 0, 7]), 0, 5)).toBe(WIRE_BAD_ID)
  })

  test('readSchemaId says what it found', () => {
    expect(() => readSchemaId(Buffer.from('{"a":1}'), 0, 7)).toThrow(
      expect.objectContaining({
        code: 'AVRO_BAD_MAGIC',
        kind: 'permanent',
        message: expect.stringContaining('0x7b'),
      }),
    )
    expect(() => readSchemaId(Buffer.alloc(3), 0, 3)).toThrow('is 3 bytes long')
  })

  test('a batch says whether it has one schema', () => {
    const header = (id: number) => Buffer.from([0, 0, 0, 0, id])
    const buffer = Buffer.concat([header(7), header(7), header(8), Buffer.from('xxxxx')])
    const starts = Int32Array.from([0, 5, 10, 15])
    const ends = starts.map((start) => start + WIRE_HEADER_BYTES)
    const ids = new Int32Array(4)
    expect(readSchemaIds(buffer, starts, ends, 2, ids)).toBe(7)
    expect(readSchemaIds(buffer, starts, ends, 4, ids)).toBe(-1)
    expect([...ids]).toEqual([7, 7, 8, WIRE_BAD_MAGIC])
    expect(readSchemaIds(buffer, starts, ends, 0, ids)).toBe(-1)
  })

  test('an id that is none is a defect of the caller', () => {
    expect(() => writeWireHeader(Buffer.alloc(9), 0, 2 ** 31)).toThrow(RangeError)
    expect(() => writeWireHeader(Buffer.alloc(9), 5, 1)).toThrow(RangeError)
  })
})
