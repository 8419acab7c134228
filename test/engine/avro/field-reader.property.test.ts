import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createDecoder } from '../../../engine/avro/codec.ts'
import { isDecimal } from '../../../engine/avro/resolution.ts'
import { compileFieldReader, createColumns, type FieldRequest } from '../../../engine/avro/field-reader.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { UNSAFE_NUMBER } from '../../../engine/avro/varint.ts'
import { MillraceError } from '../../../engine/errors.ts'
import {
  bare,
  type Draw,
  checkDrawn,
  drawSchema,
  drawValue,
  endsOf,
  leafPaths,
  pick,
  varint,
} from './generate.ts'
import { avscOf } from './oracle.ts'

function formsOf(schema: Schema, path: readonly string[]): FieldRequest['as'][] {
  const ends = endsOf(schema.root, path).filter((end) => end.kind !== 'null')
  const all = (...kinds: string[]) => ends.every((end) => kinds.includes(end.kind) && !isDecimal(end))
  const forms: FieldRequest['as'][] = ['value']
  if (all('int', 'long', 'float', 'double')) forms.push('number')
  if (all('string', 'bytes', 'fixed') || all('int', 'long')) forms.push('span')
  return forms
}

function drawRequests(draw: Draw, schema: Schema): FieldRequest[] {
  const paths = leafPaths(schema.root)
  if (paths.length === 0) return []
  const chosen = draw(() => fc.uniqueArray(fc.nat({ max: paths.length - 1 }), { minLength: 1, maxLength: 4 }))
  return chosen.map((index) => {
    const path = paths[index]!
    const forms = formsOf(schema, path)
    return { path, as: forms[draw(() => fc.nat({ max: forms.length - 1 }))]! }
  })
}

/** Bytes among those of other records, so that a reader that leaves its record reads something plausible. */
function embed(draw: Draw, bytes: Buffer) {
  const around = () => Buffer.from(draw(() => fc.uint8Array({ maxLength: 20 })))
  const before = around()
  return {
    buffer: Buffer.concat([before, bytes, bytes, around()]),
    start: before.length,
    end: before.length + bytes.length,
  }
}

/** A buffer that throws when a byte outside [start, end) is read. */
function guarded(buffer: Buffer, start: number, end: number): Buffer {
  const check = (from: number, to: number) => {
    if (from < start || to > end) throw new Error(`read of [${from}, ${to}) outside [${start}, ${end})`)
  }
  // The range that each method reads, from its arguments.
  const ranges: Record<string, (args: readonly number[]) => [number, number]> = {
    utf8Slice: ([from, to]) => [from!, to!],
    subarray: ([from, to]) => [from!, to!],
    readFloatLE: ([at]) => [at!, at! + 4],
    readDoubleLE: ([at]) => [at!, at! + 8],
  }
  // For decimals; its name is one of every object's, so that the table's type does not reach it.
  ranges['toString'] = (args) => [args[1]!, args[2]!]
  return new Proxy(buffer, {
    get(target, name) {
      if (name === 'length') return target.length
      if (typeof name === 'string' && /^-?\d+$/.test(name)) check(Number(name), Number(name) + 1)
      const found: unknown = Reflect.get(target, name, target)
      if (typeof found !== 'function') return found
      return (...args: number[]): unknown => {
        check(...ranges[String(name)]!(args))
        return Reflect.apply(found, target, args)
      }
    },
  })
}

const spanBytes = (value: unknown): Buffer => {
  if (Buffer.isBuffer(value)) return value
  return typeof value === 'string' ? Buffer.from(value) : varint(value as number | bigint)
}

function expectField(
  request: FieldRequest,
  column: unknown,
  row: number,
  buffer: Buffer,
  expected: unknown,
): void {
  if (request.as === 'value') expect((column as unknown[])[row]).toEqual(expected)
  else if (request.as === 'number') expect((column as Float64Array)[row]).toBe(expected ?? NaN)
  else {
    const [start, length] = [(column as Int32Array)[2 * row]!, (column as Int32Array)[2 * row + 1]!]
    if (expected == null) expect(length).toBe(-1)
    else expect(buffer.subarray(start, start + length)).toEqual(spanBytes(expected))
  }
}

const unsafe = (requests: readonly FieldRequest[], value: unknown) =>
  requests.some(({ as, path }) => as === 'number' && typeof pick(value, path) === 'bigint')

describe('the field reader, on generated schemas and values', () => {
  test('reads what was encoded, and what avsc decodes', () => {
    checkDrawn(400, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const requests = drawRequests(draw, schema)
      const { bytes, value } = drawValue(draw, schema.root)
      const { buffer, start, end } = embed(draw, bytes)

      const decoded = bare(avscOf(schema), createDecoder(schema)(buffer, start, end))
      expect(decoded).toEqual(value)

      const reader = compileFieldReader(schema, requests)
      const columns = createColumns(reader, 3)
      const code = reader.read(guarded(buffer, start, end), start, end, columns, 1)
      if (unsafe(requests, value)) expect(code).toBe(UNSAFE_NUMBER)
      else {
        expect(code).toBe(0)
        requests.forEach((request, slot) =>
          expectField(request, columns.fields[slot], 1, buffer, pick(value, request.path)),
        )
      }
    })
  })

  test('reads many rows as it reads one', () => {
    checkDrawn(100, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const requests = drawRequests(draw, schema).filter(({ as }) => as !== 'number')
      const records = Array.from({ length: 4 }, () => drawValue(draw, schema.root))
      const header = Buffer.from([0, 0, 0, 0, 1])
      const buffer = Buffer.concat(records.flatMap((record) => [header, record.bytes]))
      const starts = new Int32Array(4)
      const ends = new Int32Array(4)
      let at = 0
      records.forEach((record, row) => {
        starts[row] = at
        at += 5 + record.bytes.length
        ends[row] = at
      })
      const rows = Int32Array.from([3, 0, 2, 1])
      const reader = compileFieldReader(schema, requests)
      const columns = createColumns(reader, 4)
      columns.status.fill(99)
      expect(reader.readAll(buffer, starts, ends, rows, 3, columns, 5)).toBe(0)
      expect([...columns.status]).toEqual([0, 99, 0, 0])
      for (const row of [3, 0, 2]) {
        requests.forEach((request, slot) =>
          expectField(request, columns.fields[slot], row, buffer, pick(records[row]!.value, request.path)),
        )
      }
    })
  })

  test('gives a verdict on truncated values that avsc shares', () => {
    checkDrawn(400, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const { bytes, value } = drawValue(draw, schema.root)
      fc.pre(bytes.length > 0)
      const cut = bytes.subarray(
        0,
        draw(() => fc.nat({ max: bytes.length - 1 })),
      )
      const { buffer, start, end } = embed(draw, cut)

      // What is left may by chance be a value again: an array's end where a count was.
      const byAvsc = avscVerdict(schema, cut)
      expect(decodes(schema, buffer, start, end)).toBe(byAvsc)

      const requests = drawRequests(draw, schema)
      const reader = compileFieldReader(schema, requests)
      const columns = createColumns(reader, 1)
      const code = reader.read(guarded(buffer, start, end), start, end, columns, 0)
      if (code === 0 && !byAvsc) {
        // All that was wanted lay before the cut.
        requests.forEach((request, slot) =>
          expectField(request, columns.fields[slot], 0, buffer, pick(value, request.path)),
        )
      }
    })
  })

  test('survives corrupt bytes: no throw, no byte outside, and right wherever the whole value decodes', () => {
    checkDrawn(800, (draw) => {
      const schema = schemaFrom(drawSchema(draw), 'generated')
      const requests = drawRequests(draw, schema)
      const { bytes } = drawValue(draw, schema.root)
      const broken = Buffer.from(bytes)
      for (const [at, byte] of draw(() =>
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constant(255))), {
          minLength: 1,
          maxLength: 6,
        }),
      )) {
        if (broken.length > 0) broken[at % broken.length] = byte
      }
      const { buffer, start, end } = embed(draw, broken)
      const reader = compileFieldReader(schema, requests)
      const columns = createColumns(reader, 1)
      const code = reader.read(guarded(buffer, start, end), start, end, columns, 0)
      if (!decodes(schema, buffer, start, end)) return
      const decoded = bare(avscOf(schema), createDecoder(schema)(buffer, start, end))
      if (unsafe(requests, decoded)) return
      expect(code).toBe(0)
      requests
        .filter(({ as }) => as === 'value')
        .forEach((request) => {
          const column = columns.fields[requests.indexOf(request)]
          expectField(request, column, 0, buffer, pick(decoded, request.path))
        })
    })
  })
})

function avscVerdict(schema: Schema, bytes: Buffer): boolean {
  try {
    avscOf(schema).fromBuffer(bytes)
    return true
  } catch {
    return false
  }
}

function decodes(schema: Schema, buffer: Buffer, start: number, end: number): boolean {
  try {
    createDecoder(schema)(buffer, start, end)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    expect((error as MillraceError).code).toBe('AVRO_UNDECODABLE')
    return false
  }
}
