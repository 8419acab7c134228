import { expect, test } from '@jest/globals'
import { headersAt, packHeaders, plainRecord, type Header, type PackedRecords } from '../../native/records.ts'

const headers: readonly Header[] = [
  { name: 'a', value: Buffer.from([0xff, 0x00, 0xfe]) },
  { name: 'null', value: null },
  { name: 'a', value: Buffer.alloc(0) },
  { name: '', value: Buffer.alloc(200, 1) },
  { name: 'ü'.repeat(100), value: Buffer.alloc(20_000, 2) },
]

test('headers come back as they were packed, also in the middle of a batch', () => {
  const packed = packHeaders(headers)
  expect(headersAt(packed, 0, packed.length)).toEqual(headers)
  const within = Buffer.concat([Buffer.from('before'), packed, Buffer.from('after')])
  expect(headersAt(within, 6, 6 + packed.length)).toEqual(headers)
  expect(packHeaders([])).toHaveLength(0)
  expect(headersAt(within, 3, 3)).toEqual([])
})

test('headers that end in the middle are refused, wherever they are cut', () => {
  const packed = packHeaders(headers.slice(0, 3))
  for (let length = 1; length < packed.length; length++)
    expect(() => headersAt(packed, 0, length)).toThrow(RangeError)
  expect(() => headersAt(Buffer.from([1, 0x80, 0x80, 0x80]), 0, 4)).toThrow(/in the middle/)
})

test('a record out of a batch: null is told from empty', () => {
  const bytes = Buffer.concat([Buffer.from('key'), packHeaders(headers.slice(0, 2))])
  const records: PackedRecords = {
    topic: 't',
    partition: 0,
    count: 2,
    bytes,
    offsets: Float64Array.of(5, 9),
    timestamps: Float64Array.of(1, -1),
    keyStarts: Int32Array.of(0, -1),
    keyEnds: Int32Array.of(3, -1),
    valueStarts: Int32Array.of(3, -1),
    valueEnds: Int32Array.of(3, -1),
    headerStarts: Int32Array.of(3, bytes.length),
    headerEnds: Int32Array.of(bytes.length, bytes.length),
  }
  expect(plainRecord(records, 0)).toEqual({
    key: Buffer.from('key'),
    value: Buffer.alloc(0),
    headers: headers.slice(0, 2),
    timestamp: 1,
  })
  expect(plainRecord(records, 1)).toEqual({ key: null, value: null, headers: [], timestamp: -1 })
})
