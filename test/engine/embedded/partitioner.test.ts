import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { murmur2, partitionOfKey } from '../../../engine/embedded/partitioner.ts'

describe('murmur2', () => {
  // From UtilsTest.testMurmur2 of Apache Kafka.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
  })

  test('agrees with a literal translation of the Java code, bytes above 127 included', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(murmur2(bytes)).toBe(javaMurmur2(bytes))
      }),
    )
  })
})

test('a partition is the positive part of the hash, modulo their number', () => {
  expect(partitionOfKey(Buffer.from('abc'), 7)).toBe(479470107 % 7)
  expect(partitionOfKey(Buffer.from('21'), 12)).toBe((-973932308 & 0x7fffffff) % 12)
})

/** org.apache.kafka.common.utils.Utils.murmur2, in 32-bit arithmetic on bigints. */
function javaMurmur2(data: Uint8Array): number {
  const int = (value: bigint): bigint => BigInt.asIntN(32, value)
  const unsigned = (value: bigint): bigint => BigInt.asUintN(32, value)
  const m = 0x5bd1e995n
  const at = (index: number): bigint => BigInt(data[index]!)
  let h = int(0x9747b28cn ^ BigInt(data.length))
  for (let i = 0; i < data.length >> 2; i++) {
    let k = int(at(i * 4) + (at(i * 4 + 1) << 8n) + (at(i * 4 + 2) << 16n) + (at(i * 4 + 3) << 24n))
    k = int(k * m)
    k = int(k ^ (unsigned(k) >> 24n))
    k = int(k * m)
    h = int(h * m)
    h = int(h ^ k)
  }
  const tail = data.length & ~3
  if (data.length % 4 >= 3) h = int(h ^ (at(tail + 2) << 16n))
  if (data.length % 4 >= 2) h = int(h ^ (at(tail + 1) << 8n))
  if (data.length % 4 >= 1) h = int(int(h ^ at(tail)) * m)
  h = int(h ^ (unsigned(h) >> 13n))
  h = int(h * m)
  h = int(h ^ (unsigned(h) >> 15n))
  return Number(h)
}
