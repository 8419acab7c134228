import { expect, test } from '@jest/globals'
import { createDecoder, createEncoder } from '../../../engine/avro/codec.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'

const schema = schemaFrom({ type: 'array', items: 'string' }, 'texts')
const decode = createDecoder(schema)

/** What the specification says of a block of texts. */
function expected(texts: readonly string[]): Buffer {
  const varint = (value: number): Buffer => {
    const bytes: number[] = []
    let rest = value * 2
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
    return Buffer.from([...bytes, rest])
  }
  const parts = texts.flatMap((text) => [varint(Buffer.byteLength(text)), Buffer.from(text)])
  return Buffer.concat(texts.length === 0 ? [varint(0)] : [varint(texts.length), ...parts, varint(0)])
}

/** One encoder for all: what one value leaves behind must not show in the next. */
function check(values: Iterable<readonly string[]>): void {
  const encode = createEncoder({ id: 7, schema })
  const encoded = [...values].map((texts) => [texts, encode(texts)] as const)
  for (const [texts, bytes] of encoded) {
    expect(bytes.subarray(5).equals(expected(texts))).toBe(true)
    expect(bytes.readInt32BE(1)).toBe(7)
    expect(decode(bytes, 5, bytes.length)).toEqual(texts)
  }
}

const lengths = [0, 1, 12, 13, 14, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200, 8191, 8192]
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ascii = (length: number, n = 0): string =>
  Array.from({ length }, (_, at) => alphabet[(at * 7 + n) % alphabet.length]).join('')
// Other than ASCII by one character, which takes 2, 3 or 4 bytes, and a half of a pair, which becomes U+FFFD.
const others = ['é', '☃', '🐟', 'Ł', '\u0080', '\u07ff']
const withOther = (length: number, at: number, other: string): string =>
  ascii(at) + other + ascii(Math.max(0, length - at - other.length), 3)

test('texts of each length, alone and beside others', () => {
  check(lengths.map((length) => [ascii(length)]))
  check(lengths.map((length) => [ascii(20), ascii(length, 5), ascii(36, 9), 'end']))
})

test('one character that is not ASCII, wherever it stands', () => {
  const values = others.flatMap((other) =>
    [13, 40, 62, 63, 64, 100, 127, 128].flatMap((length) =>
      [0, 1, length - other.length].map((at) => [ascii(30), withOther(length, at, other), ascii(50, 2)]),
    ),
  )
  check(values)
})

test('values with and without such texts, by turns', () => {
  check(
    Array.from({ length: 400 }, (_, n) => {
      const text = n % 37 < 2 ? withOther(30 + (n % 20), n % 13, others[n % others.length]!) : ascii(36, n)
      return [ascii(14 + (n % 9), n), text, ascii(n % 150, n), text]
    }),
  )
})

test('many texts', () => {
  check([63, 64, 65, 130].map((count) => Array.from({ length: count }, (_, n) => ascii(13 + (n % 116), n))))
  const last = Array.from({ length: 64 }, (_, n) => (n === 63 ? withOther(128, 100, '☃') : ascii(128, n)))
  check([last, last.map((_, n) => ascii(128, n)), last])
})

test('more bytes than units, in all texts', () => {
  check([
    Array.from({ length: 64 }, () => 'é'.repeat(128)),
    Array.from({ length: 64 }, () => '☃'.repeat(128)),
  ])
})

test('halves of a pair in two texts make no character', () => {
  const encode = createEncoder({ id: 7, schema })
  const bytes = encode([`${ascii(20)}\ud83d`, `\udc1f${ascii(20)}`])
  expect(bytes.subarray(5).equals(expected([`${ascii(20)}\ufffd`, `\ufffd${ascii(20)}`]))).toBe(true)
})

test('where a slab ends, with and without other text, and beyond what a slab takes', () => {
  for (const size of [100, 1300, 4090, 4100, 20_000]) {
    for (const other of ['', 'é', '☃']) {
      const count = Math.max(1, Math.floor(size / 64))
      const value = Array.from({ length: count }, (_, n) => ascii(63 - (n % 3), n))
      check(Array.from({ length: 30 }, (_, n) => (n % 5 === 4 ? [...value, other.repeat(100)] : value)))
      check(
        Array.from({ length: 20 }, (_, n) =>
          n === 10 ? value.map((text) => other.repeat(text.length)) : value,
        ),
      )
    }
  }
})
