import { describe, expect, test } from '@jest/globals'
import { jsonPlaces } from '../../../engine/avro/json-places.ts'
import { parseSchema } from '../../../engine/avro/schema.ts'
import type { StyleRule } from '../../../engine/avro/style/style-rule.ts'
import { styleRules } from '../../../engine/avro/style/style-rules.ts'
import { styleFindings } from '../../../engine/avro/style/style.ts'

const base = { type: 'record', name: 'OrderCreated', namespace: 'shop.orders', doc: 'An order.' }
const id = { name: 'orderId', type: 'string', doc: 'The order.' }
const record = (...fields: readonly object[]) => ({ ...base, fields: [id, ...fields] })

/** A whole schema around an example: a field, an enum, or a record as it is. */
function schemaOf(example: object): object {
  const { type } = example as { type: unknown }
  if (type === 'record') return { fields: [id], ...example }
  if (type === 'enum') return record({ name: 'kind', doc: 'x', type: example })
  return record(example)
}

function findings(schema: object, topic = 'business.orders.events', before?: object, rules?: StyleRule[]) {
  const text = JSON.stringify(schema, undefined, 2)
  const parsed = parseSchema(text, 'F.avsc')
  const past = before && parseSchema(JSON.stringify(before), 'before')
  return styleFindings({ path: 'F.avsc', topic, schema: parsed, text, before: past }, rules)
}

describe('each rule', () => {
  test('has a code and a place of its own', () => {
    const codes = styleRules.map(({ code }) => code)
    expect([...new Set(codes)]).toHaveLength(codes.length)
    for (const code of codes) expect(code).toMatch(/^MS0\d\d$/)
  })

  test.each(styleRules.map((rule) => [rule.code, rule.title, rule] as const))('%s: %s', (code, _, rule) => {
    const before = record()
    const codes = (example: object) =>
      findings(schemaOf(example), undefined, before, [rule]).map((one) => one.code)
    expect(codes(rule.example.wrong)).toContain(code)
    const right = findings(schemaOf(rule.example.right), 'x', before, [rule])
    expect(right).toEqual([])
  })
})

const said = (...fields: readonly object[]) =>
  findings(record(...fields), 'orders')
    .filter(({ code }) => code !== 'MS005')
    .map(({ code, severity }) => `${code} ${severity}`)

describe('what a name sounds like', () => {
  test.each<[string, object, readonly string[]]>([
    ['money in minor units', { name: 'totalMinor', type: 'long' }, ['MS008 warning']],
    ['a count', { name: 'totalCount', type: 'int' }, []],
    ['a rate', { name: 'discountRate', type: 'double' }, []],
    ['prices in a list', { name: 'prices', type: { type: 'array', items: 'double' } }, []],
    ['optional money', { name: 'fee', type: ['null', 'float'], default: null }, ['MS008 error']],
    ['money as text', { name: 'unitPrice', type: 'string' }, ['MS008 warning']],
    ['an instant as text', { name: 'paidAt', type: 'string' }, ['MS009 warning']],
    ['a day', { name: 'deliveryDate', type: { type: 'int', logicalType: 'date' } }, []],
    ['a flat', { name: 'flat', type: 'string' }, []],
    ['a format', { name: 'format', type: 'string' }, []],
    ['a name of a product', { name: 'productName', type: 'string' }, []],
    ['a name of a customer', { name: 'customerName', type: 'string' }, ['MS011 warning']],
    ['an address inside', { name: 'shippingAddress', type: 'string', pii: false }, []],
    ['a mark that is none', { name: 'email', type: 'string', pii: 'yes' }, ['MS011 error']],
    ['an id of a thing', { name: 'customerId', type: 'string' }, []],
    ['a logical type beside the type', { name: 'x', type: 'long', logicalType: 'date' }, ['MS014 warning']],
  ])('%s', (_, field, expected) => {
    expect(said(field)).toEqual(expected)
  })

  test('minor units with a currency beside them are money', () => {
    expect(said({ name: 'totalMinor', type: 'long' }, { name: 'currency', type: 'string' })).toEqual([])
  })

  test('a mark around personal data counts', () => {
    const person = { type: 'record', name: 'Person', doc: 'x', fields: [{ name: 'email', type: 'string' }] }
    expect(said({ name: 'buyer', type: person, pii: true })).toEqual([])
    expect(said({ name: 'buyer', type: person })).toEqual(['MS011 warning'])
  })
})

test('a finding has the place of what it is about', () => {
  const schema = record({ name: 'total', doc: 'x', type: 'double' })
  const [found] = findings(schema, 'orders')
  expect(JSON.stringify(schema, undefined, 2).split('\n')[found!.line - 1]).toBe('      "type": "double"')
  expect(found).toMatchObject({ column: 7, code: 'MS008', severity: 'error' })
})

describe('an allowance', () => {
  test('holds for its part and what is inside, with a reason', () => {
    const why = { lintAllow: { MS008: 'rounded for charts' } }
    expect(said({ name: 'total', type: 'double', ...why })).toEqual([])
    expect(
      findings({ ...record({ name: 'total', doc: 'x', type: 'double' }), ...why }, 'o', undefined),
    ).toEqual([])
    const noReason = said({ name: 'total', type: 'double', lintAllow: { MS008: '' } })
    expect(noReason.sort()).toEqual(['MS000 warning', 'MS008 error'])
  })

  test('that allows nothing is told', () => {
    expect(
      findings(record({ name: 'x', doc: 'x', type: 'int', lintAllow: { MS008: 'why' } }), 'o'),
    ).toMatchObject([
      {
        code: 'MS000',
        message: '"lintAllow" of MS008 allows nothing: there is no such finding at it, or inside of it.',
      },
    ])
    expect(
      findings(record({ name: 'x', doc: 'x', type: 'int', lintAllow: { MS999: 'why' } }), 'o'),
    ).toMatchObject([{ code: 'MS000', message: '"lintAllow" names MS999, and there is no such rule.' }])
  })
})

test('the envelope wants its times and ids', () => {
  const uuid = { type: 'string', logicalType: 'uuid' }
  const metadata = (...names: readonly string[]) => ({
    ...{ type: 'record', name: 'EventMetadata', doc: 'x' },
    fields: names.map((name) => ({ name, doc: 'x', type: name === 'schemaVersion' ? 'string' : uuid })),
  })
  const event = (time: unknown, ...names: readonly string[]) => ({
    ...base,
    fields: [
      { name: 'eventId', doc: 'x', type: uuid },
      ...['eventType', 'eventVersion'].map((name) => ({ name, doc: 'x', type: 'string' })),
      { name: 'timestamp', doc: 'x', type: time },
      { name: 'source', doc: 'x', type: 'string' },
      { name: 'data', doc: 'x', type: { type: 'record', name: 'OrderCreatedData', doc: 'x', fields: [] } },
      { name: 'metadata', doc: 'x', type: metadata(...names) },
    ],
  })
  const millis = { type: 'long', logicalType: 'timestamp-millis' }
  const whole = ['correlationId', 'causationId', 'schemaVersion']
  const messages = (schema: object) => findings(schema).map(({ message }) => message)
  expect(messages(event(millis, ...whole))).toEqual([])
  expect(messages(event(millis, 'correlationId'))).toEqual(['"metadata" lacks causationId, schemaVersion.'])
  expect(messages(event({ type: 'long', logicalType: 'timestamp-micros' }, ...whole))).toEqual([
    '"timestamp" of an event is a long with the logicalType timestamp-millis.',
  ])
})

test('places of JSON are told by pointer', () => {
  const text = '{\n  "a": [1,\n    {"b/c": "x:,{"}],\n  "d~": null }'
  expect(Object.fromEntries(jsonPlaces(text))).toEqual({
    '': { line: 1, column: 1 },
    '/a': { line: 2, column: 3 },
    '/a/0': { line: 2, column: 9 },
    '/a/1': { line: 3, column: 5 },
    '/a/1/b~1c': { line: 3, column: 6 },
    '/d~0': { line: 4, column: 3 },
  })
})
