import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createDecoder, createEncoder } from '../../../engine/avro/codec.ts'
import { describeFieldFailure } from '../../../engine/avro/field-reader.ts'
import { canRead } from '../../../engine/avro/resolution.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { evolve } from './evolve.ts'
import { checkDrawn, type Draw, drawSchema, drawValue } from './generate.ts'
import { avscDecoder, avscOf } from './oracle.ts'

// What the codec reads and writes is what avsc reads and writes, in the same words.

const below = (draw: Draw, limit: number) => draw(() => fc.nat({ max: limit - 1 }))

/** The bytes among others, so that a read beyond them gives another value. */
function embed(draw: Draw, bytes: Buffer): [Buffer, number, number] {
  const start = below(draw, 20)
  const buffer = Buffer.concat([Buffer.alloc(start, 0x61), bytes, Buffer.alloc(below(draw, 20), 0x62)])
  return [buffer, start, start + bytes.length]
}

/** Bytes changed, cut off or added. */
function corrupt(draw: Draw, bytes: Buffer): Buffer {
  const broken = Buffer.from(bytes)
  for (let count = below(draw, 4); count > 0 && broken.length > 0; count--)
    broken[below(draw, broken.length)] = draw(() =>
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 255)),
    )
  const way = below(draw, 4)
  if (way === 0) return broken.subarray(0, below(draw, broken.length + 1))
  return way === 1 ? Buffer.concat([broken, Buffer.alloc(1 + below(draw, 3))]) : broken
}

const verdict = (run: () => unknown): { value: unknown } | { error: Error } => {
  try {
    return { value: run() }
  } catch (error) {
    return { error: error as Error }
  }
}

function expectSame(writer: Schema, reader: Schema, place: [Buffer, number, number]): boolean {
  const own = verdict(() => createDecoder(writer, reader)(...place))
  const other = verdict(() => avscDecoder(writer, reader)(...place))
  if ('value' in other) {
    expect(own).toStrictEqual(other)
    if (typeof other.value === 'object')
      expect(Object.keys(other.value!)).toEqual(Object.keys((own as { value: object }).value))
    return true
  }
  const { message } = other.error
  expect(own).toMatchObject({ error: { code: 'AVRO_UNDECODABLE', kind: 'permanent' } })
  expect((own as { error: Error }).error.message).toContain(
    /^\d+$/.test(message) ? `: ${describeFieldFailure(Number(message))}.` : `: ${message}.`,
  )
  return false
}

describe('reading', () => {
  test('values of any schema, as they were written', () => {
    checkDrawn(400, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      expect(expectSame(schema, schema, embed(draw, drawValue(draw, schema.root).bytes))).toBe(true)
    })
  })

  test('values of any schema, as another version sees them', () => {
    let read = 0
    checkDrawn(500, (draw) => {
      const json = drawSchema(draw)
      const writer = schemaFrom(json, 'writer')
      const reader = schemaFrom(evolve(draw, json, new Map()), 'reader')
      if (!canRead(writer.root, reader.root)) return
      const { bytes } = drawValue(draw, writer.root)
      expect(expectSame(writer, reader, embed(draw, bytes))).toBe(true)
      expectSame(writer, reader, embed(draw, corrupt(draw, bytes)))
      read++
    })
    expect(read).toBeGreaterThan(150)
  })

  test('corrupt bytes: the same values where they are some, the same words where not', () => {
    let refused = 0
    checkDrawn(1500, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const broken = corrupt(draw, drawValue(draw, schema.root).bytes)
      if (!expectSame(schema, schema, embed(draw, broken))) refused++
    })
    expect(refused).toBeGreaterThan(200)
  })
})

describe('a decoder', () => {
  const text = schemaFrom({ type: 'record', name: 'T', fields: [{ name: 'a', type: 'string' }] }, 'text')

  test('forgets the value before, whose bytes may be others by now', () => {
    const decode = createDecoder(text)
    const bytes = Buffer.from('\u0006abc')
    expect(decode(bytes, 0, 4)).toEqual({ a: 'abc' })
    bytes.write('xyz', 1)
    expect(decode(bytes, 0, 4)).toEqual({ a: 'xyz' })
  })

  test('makes no text of bytes behind its value', () => {
    const bytes = Buffer.concat([Buffer.from('\u0006abc'), Buffer.alloc(1000, 0x61)])
    let last = 0
    const watched = Object.assign(bytes, {
      toString: (encoding: BufferEncoding, start: number, end: number) => {
        last = Math.max(last, end)
        return Buffer.prototype.toString.call(bytes, encoding, start, end)
      },
    })
    expect(createDecoder(text)(watched, 0, 4)).toEqual({ a: 'abc' })
    expect(last).toBe(4)
  })

  test('reads texts of every length, between others', () => {
    const schema = schemaFrom({ type: 'array', items: 'string' }, 'texts')
    const texts = [0, 1, 12, 13, 255, 256, 257, 500, 513, 3000].flatMap((length) => [
      'é',
      'x'.repeat(length),
      'yz',
    ])
    const bytes = avscOf(schema).toBuffer(texts)
    expect(createDecoder(schema)(bytes, 0, bytes.length)).toEqual(texts)
    expect(createEncoder({ id: 1, schema })(texts).subarray(5)).toEqual(bytes)
    // Its length takes two bytes for the letters, three for what they become.
    const long = ['ü'.repeat(5000)]
    expect(createEncoder({ id: 1, schema })(long).subarray(5)).toEqual(avscOf(schema).toBuffer(long))
    const wide = texts.map((word) => word.replaceAll('x', 'ü'))
    expect(createEncoder({ id: 1, schema })(wide).subarray(5)).toEqual(avscOf(schema).toBuffer(wide))
  })

  test('lets records, lists and maps be nested as deep as the check of unread fields does', () => {
    const json = {
      type: 'record',
      name: 'D',
      fields: [{ name: 'm', type: { type: 'array', items: { type: 'map', values: 'D' } } }],
    }
    const schema = schemaFrom(json, 'deep')
    // A list of one map, whose only key is empty.
    const nested = (levels: number): Buffer =>
      Buffer.concat([
        Buffer.from(Array<number[]>(levels).fill([2, 2, 0]).flat()),
        Buffer.alloc(1 + 2 * levels),
      ])
    const reads = (levels: number): boolean => expectSame(schema, schema, [nested(levels), 0, 5 * levels + 1])
    expect([100, 168, 169, 170, 171, 172, 180].map(reads)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
    const value = createDecoder(schema)(nested(170), 0, 851)
    expect(createEncoder({ id: 1, schema })(value)).toHaveLength(856)
    expect(() => createEncoder({ id: 1, schema })({ m: [{ '': value }] })).toThrow(
      'its records are nested too deep',
    )
  })

  test('does not guess which of two fields an alias means', () => {
    const field = (name: string, more: object = {}) => ({ name, type: 'int', ...more })
    const version = (fields: object[], source: string) =>
      schemaFrom({ type: 'record', name: 'A', fields }, source)
    const writer = version([field('a'), field('b')], 'A.v1')
    const reader = version([field('c', { aliases: ['a', 'b'] })], 'A.v2')
    expect(() => createDecoder(writer, reader)).toThrow(
      'What A.v1 writes cannot be read as A.v2: aliases of "c" match several fields of A.',
    )
    expect(() => createDecoder(writer, version([field('c')], 'A.v3'))).toThrow(
      'the writer has no field for "c", and the reader gives it no default.',
    )
    const twice = version([field('a'), field('again', { aliases: ['a'] })], 'A.v4')
    expect(createDecoder(writer, twice)(Buffer.of(2, 4), 0, 2)).toEqual({ a: 1, again: 1 })
  })
})

const strange: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    0,
    -1,
    1.5,
    NaN,
    2 ** 31,
    -(2 ** 31),
    2 ** 40,
    2 ** 53,
    5n,
    -(2n ** 63n),
    2n ** 63n,
  ],
  ...[
    '',
    'S0',
    'é',
    'x'.repeat(70),
    '1.5',
    '-0.001',
    '123456789.123',
    '1234567890123456.7',
    '.5',
    '5.',
    '+1',
  ],
  ...[
    [],
    ['x'],
    {},
    { f0: 1 },
    { k0: 'x' },
    { string: 'x' },
    { long: 1, int: 2 },
    Buffer.from('ab'),
    new Date(0),
  ],
]

/** The value with something strange somewhere in it. */
function spoil(draw: Draw, value: unknown): unknown {
  const isLeaf = typeof value !== 'object' || value === null || Buffer.isBuffer(value)
  const keys = isLeaf ? [] : Object.keys(value)
  if (keys.length === 0 || below(draw, 4) === 0) return strange[below(draw, strange.length)]
  const key = keys[below(draw, keys.length)]!
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === key ? spoil(draw, item) : item))
  if (below(draw, 10) === 0) return { ...(value as object), undeclared: 1 }
  return { ...(value as object), [key]: spoil(draw, (value as Record<string, unknown>)[key]) }
}

describe('writing', () => {
  test('values are not disturbed by those that are written later, large ones not either', () => {
    const schema = schemaFrom({ type: 'record', name: 'T', fields: [{ name: 'a', type: 'string' }] }, 'text')
    const encode = createEncoder({ id: 1, schema })
    // Small ones end a slab after every few hundred.
    const sizes = Array.from({ length: 2000 }, (_, n) => (n % 170 === 0 ? 300 * n : n % 61))
    const written = sizes.map((size) => encode({ a: String.fromCharCode(97 + (size % 26)).repeat(size) }))
    written.forEach((bytes, n) => {
      const text = String.fromCharCode(97 + (sizes[n]! % 26)).repeat(sizes[n]!)
      expect(createDecoder(schema)(bytes, 5, bytes.length)).toEqual({ a: text })
    })
  })

  test('a value that contains itself is refused in a sentence', () => {
    const fields = [
      { name: 'n', type: 'int' },
      { name: 'next', type: ['null', 'Ring'] },
    ]
    const encode = createEncoder({
      id: 1,
      schema: schemaFrom({ type: 'record', name: 'Ring', fields }, 'ring'),
    })
    const ring: Record<string, unknown> = { n: 1 }
    ring['next'] = ring
    expect(() => encode(ring)).toThrow('its records are nested too deep')
    ring['n'] = 'x'
    expect(() => encode(ring)).toThrow('at n: expected int, got the string "x"')
  })

  test('a record of many fields refuses one that it does not have', () => {
    const fields = Array.from({ length: 100 }, (_, n) => ({ name: `f${n}`, type: 'int', default: n }))
    const schema = schemaFrom({ type: 'record', name: 'Wide', fields }, 'wide')
    const encode = createEncoder({ id: 1, schema })
    const value = Object.fromEntries(fields.map(({ name, default: n }) => [name, n]))
    expect(encode(value)).toEqual(encode({}))
    expect(() => encode({ ...value, f100: 1 })).toThrow('Wide has no field "f100"')
    const none = createEncoder({
      id: 1,
      schema: schemaFrom({ type: 'record', name: 'None', fields: [] }, 'none'),
    })
    expect(none({})).toHaveLength(5)
    expect(() => none({ a: 1 })).toThrow('None has no field "a"')
    // What an object inherits is no field of its own.
    expect(encode(Object.create({ more: 1 }))).toEqual(encode({}))
  })

  test('values of any schema', () => {
    checkDrawn(400, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const { bytes } = drawValue(draw, schema.root)
      const value = createDecoder(schema)(bytes, 0, bytes.length)
      if (!avscOf(schema).isValid(value)) return
      expect(createEncoder({ id: 1, schema })(value).subarray(5)).toEqual(avscOf(schema).toBuffer(value))
    })
  })

  test('fields that are left out get their defaults', () => {
    checkDrawn(300, (draw) => {
      const json = drawSchema(draw)
      const schema = schemaFrom(evolve(draw, json, new Map()), 'generated')
      const { bytes } = drawValue(draw, schema.root)
      const value = createDecoder(schema)(bytes, 0, bytes.length) as Record<string, unknown>
      if (!avscOf(schema).isValid(value)) return
      const less = Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith('added')))
      expect(createEncoder({ id: 1, schema })(less).subarray(5)).toEqual(avscOf(schema).toBuffer(less))
    })
  })

  test('values with something strange in them: written alike, or refused alike', () => {
    let refused = 0
    checkDrawn(1500, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const { bytes } = drawValue(draw, schema.root)
      const value = spoil(draw, createDecoder(schema)(bytes, 0, bytes.length))
      const fits = verdict(() => avscOf(schema).isValid(value, { noUndeclaredFields: true }))
      const own = verdict(() => createEncoder({ id: 1, schema })(value).subarray(5))
      if ('value' in fits && fits.value === true)
        expect(own).toEqual({ value: avscOf(schema).toBuffer(value) })
      else {
        expect(own).toMatchObject({ error: { code: 'AVRO_UNENCODABLE', kind: 'permanent' } })
        expect((own as { error: Error }).error.message).toMatch(
          /: at .+: (expected .+, got .+|\S+ has no field .+)\.$/,
        )
        refused++
      }
    })
    expect(refused).toBeGreaterThan(300)
  })
})
