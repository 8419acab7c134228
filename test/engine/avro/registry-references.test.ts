import { describe, expect, test } from '@jest/globals'
import { identityForm } from '../../../engine/avro/canonical.ts'
import { mergeReferences } from '../../../engine/avro/registry-references.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import { checkDrawn, type Draw, drawSchema } from './generate.ts'
import fc from 'fast-check'

const form = (json: unknown) => JSON.stringify(identityForm(schemaFrom(json, 'merged').root))
const record = (name: string, fields: object, more: object = {}) => ({
  type: 'record',
  name,
  ...more,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
})

describe('merging a schema with those that it refers to', () => {
  const unit = { type: 'enum', name: 'Unit', namespace: 'shop', symbols: ['G'] }
  const price = record('Price', { unit: 'Unit', cents: 'long' }, { namespace: 'shop' })

  test('a definition stands where its name is first used, whatever is around it', () => {
    const schema = record('order.Order', {
      a: { type: 'array', items: 'shop.Price' },
      b: ['null', 'shop.Unit'],
      c: { type: 'map', values: 'shop.Price' },
    })
    const whole = record('order.Order', {
      a: { type: 'array', items: record('shop.Price', { unit, cents: 'long' }) },
      b: ['null', 'shop.Unit'],
      c: { type: 'map', values: 'shop.Price' },
    })
    for (const referenced of [
      [unit, price],
      [price, unit],
    ])
      expect(form(mergeReferences(schema, referenced))).toBe(form(whole))
  })

  test('a name that another schema defines inside a type of its own', () => {
    const outer = record('shop.Outer', { inner: record('Inner', { x: 'int' }) })
    const schema = record('shop.Order', { one: 'Inner', two: 'Outer' })
    const whole = record('shop.Order', {
      one: record('Inner', { x: 'int' }),
      two: record('Outer', { inner: 'Inner' }),
    })
    expect(form(mergeReferences(schema, [outer]))).toBe(form(whole))
  })

  test('a union of references', () => {
    expect(form(mergeReferences(['shop.Unit', 'shop.Price', 'null'], [price, unit]))).toBe(
      form([unit, record('shop.Price', { unit: 'Unit', cents: 'long' }), 'null']),
    )
  })

  test('a type without namespace keeps none inside another', () => {
    const bare = { type: 'fixed', name: 'Hash', size: 16 }
    const schema = record('shop.Order', { hash: 'Hash', other: 'Hash' })
    // Inside shop, Hash means shop.Hash.
    expect(() => form(mergeReferences(schema, [bare]))).toThrow('there is no type "shop.Hash"')
    const inside = record('shop.Order', { hash: { ...bare, namespace: '' }, price: 'Price' })
    const whole = record('shop.Order', {
      hash: { ...bare, namespace: '' },
      price: record('Price', { x: 'int' }),
    })
    expect(form(mergeReferences(inside, [record('shop.Price', { x: 'int' })]))).toBe(form(whole))
    const nowhere = record('Order', { hash: 'Hash', inner: record('x.I', { y: 'int' }), again: 'Hash' })
    expect(form(mergeReferences(nowhere, [bare]))).toBe(
      form(record('Order', { hash: bare, inner: record('x.I', { y: 'int' }), again: 'Hash' })),
    )
  })

  test('recursive types, aliases, defaults, logical types and documentation stay', () => {
    const node = record('t.Node', { next: ['null', 'Node'] }, { aliases: ['Old', 'u.Older'], doc: 'a node' })
    const when = { type: 'long', logicalType: 'timestamp-millis' }
    const field = { name: 'when', type: when, default: 5, doc: 'when' }
    const schema = { type: 'record', name: 't.Top', fields: [field, { name: 'node', type: 'Node' }] }
    const merged = mergeReferences(schema, [node])
    expect(form(merged)).toBe(form({ ...schema, fields: [field, { name: 'node', type: node }] }))
    expect(JSON.stringify(merged)).toContain('a node')
  })

  test('a name that nobody defines is left to the parser', () => {
    expect(() => form(mergeReferences(record('a.B', { x: 'c.D' }), [unit]))).toThrow('there is no type "c.D"')
  })

  test('any schema, taken apart at random', () => {
    checkDrawn(300, (draw) => {
      const schema = drawSchema(draw)
      const parts: unknown[] = []
      const rest = takenApart(draw, schema, '', parts, true)
      expect(form(mergeReferences(rest, parts))).toBe(form(schema))
    })
  })
})

type Json = Readonly<Record<string, unknown>>

/** The schema with some of the definitions in it replaced by their names; those go to `parts`, and are taken apart too. */
function takenApart(draw: Draw, json: unknown, outer: string, parts: unknown[], root = false): unknown {
  if (Array.isArray(json)) return json.map((branch) => takenApart(draw, branch, outer, parts))
  if (typeof json !== 'object' || json === null) return json
  const schema = json as Json
  const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : outer
  const inside = (part: unknown) => takenApart(draw, part, own, parts)
  const fields = schema['fields'] as Json[] | undefined
  const whole = {
    ...schema,
    ...(fields && { fields: fields.map((field) => ({ ...field, type: inside(field['type']) })) }),
    ...('items' in schema && { items: inside(schema['items']) }),
    ...('values' in schema && { values: inside(schema['values']) }),
  }
  const name = schema['name'] as string | undefined
  if (root || name === undefined || draw(() => fc.boolean())) return whole
  const full = name.includes('.') || own === '' ? name : `${own}.${name}`
  parts.push({ ...whole, name: full })
  return full
}
