import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createDecoder } from '../../../engine/avro/codec.ts'
import { compileFieldReader, createColumns, SPAN_DEFAULT } from '../../../engine/avro/field-reader.ts'
import { canRead } from '../../../engine/avro/resolution.ts'
import { type Schema, schemaFrom } from '../../../engine/avro/schema.ts'
import { bare, checkDrawn, type Draw, drawSchema, drawValue, endsOf, leafPaths, pick } from './generate.ts'

type Json = Record<string, unknown>

const chance = (draw: Draw, percent: number) => draw(() => fc.nat({ max: 99 })) < percent
const promoted: Record<string, string[]> = {
  int: ['long', 'float', 'double'],
  long: ['double', 'float'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}
const added: [unknown, unknown][] = [
  ['string', 'default'],
  ['long', 42],
  [['null', 'string'], null],
  [['string', 'null'], 'x'],
  ['bytes', '\u0001ÿ'],
  ['double', 1.5],
  [{ type: 'bytes', logicalType: 'decimal', precision: 5, scale: 1 }, '\u0019'],
]

/** A later version of a schema: fields added, removed, moved, renamed; types promoted, made optional, renamed. */
function evolve(draw: Draw, json: unknown, renamed: Map<string, string>): unknown {
  if (typeof json === 'string') {
    if (renamed.has(json)) return renamed.get(json)
    const wider = promoted[json]
    return wider !== undefined && chance(draw, 25)
      ? wider[draw(() => fc.nat({ max: wider.length - 1 }))]
      : json
  }
  if (Array.isArray(json)) return evolveUnion(draw, json, renamed)
  const schema = json as Json
  if (schema['type'] === 'record') return evolveRecord(draw, schema, renamed)
  if (schema['type'] === 'array') return { ...schema, items: evolve(draw, schema['items'], renamed) }
  if (schema['type'] === 'map') return { ...schema, values: evolve(draw, schema['values'], renamed) }
  if (schema['type'] === 'enum' && chance(draw, 40)) {
    return { ...schema, symbols: ['S0', ...(schema['symbols'] as string[]).slice(2), 'NEW'], default: 'S0' }
  }
  return schema
}

function evolveUnion(draw: Draw, branches: unknown[], renamed: Map<string, string>): unknown[] {
  const next = branches.map((branch) =>
    typeof branch === 'string' && !renamed.has(branch) ? branch : evolve(draw, branch, renamed),
  )
  return chance(draw, 30) && !next.includes('null') ? ['null', ...next] : next
}

function evolveRecord(draw: Draw, schema: Json, renamed: Map<string, string>): Json {
  const full = `${String(schema['namespace'])}.${String(schema['name'])}`
  const extra: Json = {}
  if (chance(draw, 20)) {
    renamed.set(full, `${full}x`)
    Object.assign(extra, { name: `${String(schema['name'])}x`, aliases: [full] })
  }
  const fields = (schema['fields'] as Json[]).flatMap((field) => {
    const defines = JSON.stringify(field['type']).includes('"name"')
    if (!defines && chance(draw, 15)) return []
    let type = evolve(draw, field['type'], renamed)
    if (!Array.isArray(type) && chance(draw, 15)) type = chance(draw, 50) ? ['null', type] : [type, 'null']
    const name = String(field['name'])
    return [chance(draw, 20) ? { name: `${name}x`, aliases: [name], type } : { name, type }]
  })
  for (let count = draw(() => fc.nat({ max: 2 })); count > 0; count--) {
    const [type, fallback] = added[draw(() => fc.nat({ max: added.length - 1 }))]!
    fields.splice(
      draw(() => fc.nat({ max: fields.length })),
      0,
      { name: `added${count}`, type, default: fallback } as Json & { name: string; type: unknown },
    )
  }
  return { ...schema, ...extra, fields }
}

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
      const decoded = bare(reader.type, createDecoder(writer, reader)(bytes, 0, bytes.length))
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
