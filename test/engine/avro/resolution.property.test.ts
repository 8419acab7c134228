import { describe, expect, test } from '@jest/globals'
import { createDecoder } from '../../../engine/avro/codec.ts'
import { compileFieldReader, createColumns, SPAN_DEFAULT } from '../../../engine/avro/field-reader.ts'
import { canRead } from '../../../engine/avro/resolution.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { evolve } from './evolve.ts'
import { bare, checkDrawn, type Draw, drawSchema, drawValue, endsOf, leafPaths, pick } from './generate.ts'
import { avscOf } from './oracle.ts'

const isRefused = (run: () => unknown): boolean => {
  try {
    run()
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'AVRO_UNDECODABLE' })
    return true
  }
}

describe('the field reader with a reader schema', () => {
  test('gives what avsc’s resolver gives', () => {
    let compared = 0
    checkDrawn(500, (draw) => {
      const json = drawSchema(draw)
      const writer = schemaFrom(json, 'writer')
      const reader = parse(draw, json)
      const { bytes } = drawValue(draw, writer.root)

      expect(canRead(writer.root, reader.root)).toBe(!isRefused(() => createDecoder(writer, reader)))
      if (!canRead(writer.root, reader.root)) return
      const decoded = bare(avscOf(reader), createDecoder(writer, reader)(bytes, 0, bytes.length))
      for (const path of leafPaths(reader.root, 3)) {
        // Where a field is gone in some branch of the writer's, there may be nothing left to compile.
        const compiled = compileFieldReader(writer, [{ path, as: 'value' }], reader)
        const columns = createColumns(compiled, 1)
        expect(compiled.read(bytes, 0, bytes.length, columns, 0)).toBe(0)
        expect((columns.fields[0] as unknown[])[0]).toEqual(pick(decoded, path))
        compared++
      }
      compareSpans(writer, reader, bytes, decoded)
    })
    expect(compared).toBeGreaterThan(200)
  })
})

function parse(draw: Draw, json: unknown): Schema {
  return schemaFrom(evolve(draw, json, new Map()), 'reader')
}

function compareSpans(writer: Schema, reader: Schema, bytes: Buffer, decoded: unknown): void {
  for (const path of leafPaths(reader.root, 3)) {
    const ends = endsOf(reader.root, path)
    if (!ends.every(({ kind }) => kind === 'string' || kind === 'null')) continue
    const compiled = compileFieldReader(writer, [{ path, as: 'span' }], reader)
    const columns = createColumns(compiled, 1)
    expect(compiled.read(bytes, 0, bytes.length, columns, 0)).toBe(0)
    const [start, length] = columns.fields[0] as Int32Array
    const expected = pick(decoded, path)
    if (typeof expected !== 'string') expect(length).toBe(-1)
    else if (length! <= SPAN_DEFAULT)
      expect(compiled.defaults[SPAN_DEFAULT - length!]).toEqual(Buffer.from(expected))
    else expect(bytes.toString('utf8', start, start! + length!)).toBe(expected)
  }
}
