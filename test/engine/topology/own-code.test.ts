// What is said of topologies whose values are changed by code, or by redact.
import { describe, expect, test } from '@jest/globals'
import { explainText } from '../../../engine/topology/explain.ts'
import { describeText } from '../../../engine/topology/describe.ts'
import type { FieldTree } from '../../../engine/topology/facts.ts'
import { fieldAt } from '../../../engine/topology/value-shapes.ts'
import { lintText, planText } from './kit.ts'

const facts = {
  schemas: {
    'shop.Order': { id: 'string', total: 'long', user: { id: 'string', mail: 'string', secret: 'string' } },
  },
}

/** What ML002 says of processors after the source `in`, and a filter `last` by a field after `before`. */
function unknownFields(processors: string, before: string, field: string): string[] {
  const text = `name: orders
sources: { in: { type: topic, topic: orders, schema: shop.Order } }
processors:
${processors}
  last: { type: filter, from: ${before}, field: ${field}, exists: true }
sinks: { out: { type: console, from: last } }
`
  return lintText(text, facts).flatMap(({ code, message }) => (code === 'ML002' ? [message] : []))
}

describe('the fields of values', () => {
  test('behind a function are not known', () => {
    expect(unknownFields('  made: { type: map, from: in, function: ./f.ts }', 'made', 'anything')).toEqual([])
    expect(unknownFields('  made: { type: map, from: in, drop: [id] }', 'made', 'id')).toHaveLength(1)
    expect(unknownFields('  kept: { type: filter, from: in, function: ./f.ts }', 'kept', 'idd')).toHaveLength(
      1,
    )
    expect(unknownFields('  each: { type: flat-map, from: in, each: id }', 'each', 'anything')).toEqual([])
  })

  test('behind a redact are those that it leaves', () => {
    const safe = '  safe: { type: redact, from: in, mask: [user.mail], remove: [user.secret] }'
    expect(unknownFields(safe, 'safe', 'user.mail')).toEqual([])
    expect(unknownFields(safe, 'safe', 'user.secret')).toHaveLength(1)
    expect(unknownFields(safe, 'safe', 'user.other')).toHaveLength(1)
  })

  test('that a redact would miss are told', () => {
    const wrong = '  safe: { type: redact, from: in, mask: [user.mial, "**.whatever"], last: { totl: 2 } }'
    expect(unknownFields(wrong, 'safe', 'id')).toEqual([
      '"safe" reads the field "user.mial", which its records do not have: they have id, total, user.',
      '"safe" reads the field "totl", which its records do not have: they have id, total, user.',
    ])
  })

  test('are found through lists where a path leads through them', () => {
    const card: FieldTree = { type: 'record', fields: new Map([['number', { type: 'string' }]]) }
    const order: FieldTree = {
      type: 'record',
      fields: new Map([['cards', { type: 'array', items: { type: 'array', items: card } }]]),
    }
    expect(fieldAt(order, 'cards.number')).toBeUndefined()
    expect(fieldAt(order, 'cards.number', { throughLists: true })).toEqual({ type: 'string' })
    expect(fieldAt(order, 'cards.nmber', { throughLists: true })).toBeUndefined()
    expect(fieldAt(order, 'cards', { throughLists: true })).toMatchObject({ type: 'array' })
  })
})

const text = `name: orders
sources: { in: { type: topic, topic: orders, format: json } }
processors:
  made: { type: map, from: in, function: ../functions/a.ts#make }
  kept: { type: filter, from: made, function: ../functions/a.ts }
  ways: { type: branch, from: kept, function: ../functions/a.ts, outputs: [odd] }
  each: { type: flat-map, from: ways.odd, each: items, as: item }
  safe: { type: redact, from: each, mask: [a, b, c, d], last: { e: 4 } }
sinks: { out: { type: console, from: [ways, safe] } }
`

test('describe shows the functions, and what is redacted', () => {
  const drawn = describeText(planText(text))
  expect(drawn).toContain('made (map, a.ts#make)')
  expect(drawn).toContain('kept (filter, a.ts)')
  expect(drawn).toContain('ways (branch, by a.ts)')
  expect(drawn).toContain('each (flat-map, items, as item)')
  expect(drawn).toContain('safe (redact, mask a, b and 2 more, last e)')
})

test('explain does not promise what code does', () => {
  const [strong = '', weak = ''] = explainText(planText(text)).split(/What \S+ does not guarantee/)
  expect(strong).not.toContain('../functions')
  // What is said of several nodes stands once.
  expect(weak).toContain(`  made, kept, ways: The same result where a record comes in again: its code decides.
    because   ../functions/a.ts#make is code of this project.
    because   ../functions/a.ts is code of this project.
    provided  It answers the same for the same record, and has no effects of its own.`)
})
