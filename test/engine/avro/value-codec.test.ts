import { describe, expect, test } from '@jest/globals'
import { createEncoder } from '../../../engine/avro/codec.ts'
import type { SchemaRegistry } from '../../../engine/avro/registry.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import { avroValueCodec, avroValueEncoder } from '../../../engine/avro/value-codec.ts'
import { packRecords } from '../../../engine/component/packed-records.ts'
import { absent, found, undecodable } from '../../../engine/component/codec.ts'
import { downstreamError, permanentError } from '../../../engine/errors.ts'

const field = (name: string, type: unknown, extra: object = {}) => ({ name, type, ...extra })
const record = (fields: unknown[]) => schemaFrom({ type: 'record', name: 'app.E', fields }, 'E')
const state = { type: 'record', name: 'app.S', fields: [field('price', 'double')] }
const v1 = record([field('eventId', 'string'), field('n', 'int'), field('before', ['null', state])])
const v2 = record([
  field('store', 'string', { default: 'main' }),
  field('eventId', ['null', 'string']),
  field('n', 'long'),
  field('before', ['null', state]),
  field('ok', 'boolean', { default: true }),
])
const incompatible = record([
  field('eventId', 'boolean'),
  field('n', 'int'),
  field('before', ['null', state]),
])
const all = new Map([
  [1, v1],
  [2, v2],
  [3, incompatible],
])

function registryOf(known: number[]) {
  const asked: number[] = []
  const atHand = new Set(known)
  const registry: SchemaRegistry = {
    byId: (id) => (atHand.has(id) ? all.get(id) : undefined),
    load: async (id) => {
      asked.push(id)
      await new Promise((resolve) => setImmediate(resolve))
      const schema = all.get(id)
      if (id === 66) throw downstreamError('TIMED_OUT', 'the registry is away')
      if (schema === undefined) throw permanentError('AVRO_UNKNOWN_SCHEMA_ID', 'unknown')
      atHand.add(id)
      return schema
    },
    latest: async () => ({ id: 2, schema: v2 }),
  }
  return { registry, asked }
}

const codecOver = (known: number[]) => {
  const { registry, asked } = registryOf(known)
  return { codec: avroValueCodec(registry, { id: 2, schema: v2 }), asked }
}
const old = createEncoder({ id: 1, schema: v1 })({ eventId: 'a', n: 3, before: { price: 1 } })
const current = createEncoder({ id: 2, schema: v2 })({ eventId: null, n: 4, before: null })
const misfit = createEncoder({ id: 3, schema: incompatible })({ eventId: true, n: 4, before: null })
const unknown = Buffer.from([0, 0, 0, 0, 9, 1])
const packed = (...values: (Buffer | null)[]) =>
  packRecords(
    't',
    0,
    values.map((value) => ({ key: null, value, headers: [], timestamp: 0 })),
    0,
  )

describe('avroValueCodec', () => {
  test('decodes every version as the reader sees it', () => {
    const { codec } = codecOver([1, 2])
    expect(codec.name).toBe('avro app.E')
    expect(codec.decode(old, 0, old.length)).toEqual({
      store: 'main',
      eventId: 'a',
      n: 3,
      before: { price: 1 },
      ok: true,
    })
    expect(codec.decode(current, 0, current.length)).toMatchObject({ eventId: null, n: 4 })
  })

  test('reads fields alike from every version, in place', () => {
    const { codec } = codecOver([1, 2])
    const id = codec.reader(['eventId'])
    const place = new Int32Array(2)
    const around = Buffer.concat([Buffer.from('xx'), old, current])
    expect(id.locate(around, 2, 2 + old.length, place)).toBe(found)
    expect(around.toString('utf8', place[0], place[1])).toBe('a')
    expect(id.locate(around, 2 + old.length, around.length, place)).toBe(absent)
    expect(id.read(old, 0, old.length)).toBe('a')
    expect(id.read(current, 0, current.length)).toBeNull()
    expect(codec.reader(['n']).read(old, 0, old.length)).toBe(3)
    expect(codec.reader(['ok']).read(old, 0, old.length)).toBe(true)
    expect(codec.reader(['before', 'price']).read(current, 0, current.length)).toBeUndefined()
    // A default is no id.
    expect(codec.reader(['store']).locate(old, 0, old.length, place)).toBe(absent)
    expect(codec.reader(['store']).read(old, 0, old.length)).toBe('main')
  })

  test('equal ids are equal bytes in every version', () => {
    const { codec } = codecOver([1, 2])
    const n = codec.reader(['n'])
    const place = new Int32Array(2)
    const bytesOf = (value: Buffer) => (
      n.locate(value, 0, value.length, place),
      value.subarray(place[0], place[1])
    )
    const same = createEncoder({ id: 2, schema: v2 })({ eventId: null, n: 3, before: null })
    expect(bytesOf(same)).toEqual(bytesOf(old))
  })

  test('a field that is a record is decoded', () => {
    const { codec } = codecOver([1, 2])
    expect(codec.reader(['before']).read(old, 0, old.length)).toEqual({ price: 1 })
    expect(codec.reader(['before']).read(current, 0, current.length)).toBeNull()
  })

  test('what cannot be read', () => {
    const { codec } = codecOver([1, 2, 3])
    const place = new Int32Array(2)
    const id = codec.reader(['eventId'])
    for (const value of [unknown, misfit, Buffer.from('{}'), old.subarray(0, 6), Buffer.alloc(0)]) {
      expect(id.locate(value, 0, value.length, place)).toBe(undecodable)
      expect(() => id.read(value, 0, value.length)).toThrow(expect.objectContaining({ kind: 'permanent' }))
      expect(() => codec.decode(value, 0, value.length)).toThrow(
        expect.objectContaining({ kind: 'permanent' }),
      )
    }
    expect(() => id.read(unknown, 0, 6)).toThrow(expect.objectContaining({ code: 'AVRO_UNKNOWN_SCHEMA_ID' }))
    expect(() => id.read(misfit, 0, misfit.length)).toThrow(
      expect.objectContaining({ code: 'AVRO_UNDECODABLE' }),
    )
    // What came before does not matter.
    expect(id.locate(old, 0, old.length, place)).toBe(found)
  })

  test('a path that no record can have, and ids that are none', () => {
    const { codec } = codecOver([1, 2])
    expect(() => codec.reader(['evntId'])).toThrow(
      'There is no field "evntId" in app.E. Did you mean "eventId"?',
    )
    expect(() => codec.reader(['ok']).locate(old, 0, old.length, new Int32Array(2))).toThrow(
      'cannot be an id or key',
    )
  })

  test('prepare fetches what is missing, and nothing when all is at hand', async () => {
    const { codec, asked } = codecOver([2])
    expect(codec.prepare(packed(current, null, current))).toBeUndefined()
    await codec.prepare(packed(current, old, old, null, Buffer.from('{}')))
    expect(asked).toEqual([1])
    expect(codec.decode(old, 0, old.length)).toMatchObject({ eventId: 'a' })
  })

  test('who comes while a schema is fetched waits for the same answer', async () => {
    const { codec, asked } = codecOver([2])
    const [first, second] = [codec.prepare(packed(old)), codec.prepare(packed(old))]
    expect(first).toBeDefined()
    expect(second).toBeDefined()
    await second
    expect(codec.decode(old, 0, old.length)).toMatchObject({ eventId: 'a' })
    expect(asked).toEqual([1])
    await first
  })

  test('an unknown id does not fail prepare, and is not asked for all the time', async () => {
    const { codec, asked } = codecOver([2])
    await codec.prepare(packed(unknown, old))
    expect(codec.prepare(packed(unknown))).toBeUndefined()
    expect(asked).toEqual([9, 1])
  })

  test('a registry that is away fails prepare, each time', async () => {
    const { codec } = codecOver([2])
    const away = Buffer.from([0, 0, 0, 0, 66, 1])
    for (let round = 0; round < 2; round++) {
      await expect(codec.prepare(packed(away))).rejects.toMatchObject({ kind: 'downstream' })
    }
  })
})

test('avroValueEncoder writes what the codec reads', () => {
  const { codec } = codecOver([2])
  const bytes = Buffer.from(
    avroValueEncoder({ id: 2, schema: v2 }).encode({ eventId: 'z', n: 2n ** 60n, before: null }),
  )
  expect(codec.decode(bytes, 0, bytes.length)).toMatchObject({ eventId: 'z', n: 2n ** 60n })
})

describe('several fields in one pass', () => {
  const { codec } = codecOver([1, 2])

  test.each([
    ['of an older version, with defaults', old],
    ['of this version, with nulls', current],
  ])('are what a whole decode gives: %s', (_name, bytes) => {
    const names = ['ok', 'eventId', 'store', 'n']
    const fields = codec.fields!(names.map((name) => [name]))!
    fields.read(bytes, 0, bytes.length)
    const whole = codec.decode(bytes, 0, bytes.length) as Record<string, unknown>
    expect(fields.values).toEqual(names.map((name) => whole[name]))
  })

  test('are not read where one is no plain value, lies behind a null, or is not there', () => {
    expect(codec.fields!([['n'], ['before']])).toBeUndefined()
    expect(codec.fields!([['before', 'price']])).toBeUndefined()
    expect(codec.fields!([['none']])).toBeUndefined()
  })

  test('of a damaged value fail', () => {
    const fields = codec.fields!([['n'], ['eventId']])!
    expect(() => fields.read(current, 0, 6)).toThrow(expect.objectContaining({ code: 'AVRO_UNDECODABLE' }))
  })
})
