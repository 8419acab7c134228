import fc from 'fast-check'
import type { Draw } from './generate.ts'

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
  [{ type: 'array', items: 'string' }, ['x']],
  [{ type: 'map', values: ['int', 'string'] }, { a: 1 }],
  [[{ type: 'array', items: 'int' }, 'null'], []],
]

/** A later version of a schema: fields added, removed, moved, renamed; types promoted, made optional, renamed. */
export function evolve(draw: Draw, json: unknown, renamed: Map<string, string>): unknown {
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
