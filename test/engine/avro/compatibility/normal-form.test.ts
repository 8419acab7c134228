import { expect, test } from '@jest/globals'
import { normalForm } from '../../../../engine/avro/compatibility/normal-form.ts'

const plain = { type: 'record', name: 'a.R', fields: [{ name: 'x', type: 'int' }] }

test.each<[string, object]>([
  ['the order of attributes', { fields: [{ type: 'int', name: 'x' }], name: 'a.R', type: 'record' }],
  ['a namespace apart from the name', { ...plain, name: 'R', namespace: 'a' }],
  ['a primitive as an object', { ...plain, fields: [{ name: 'x', type: { type: 'int' } }] }],
  ['what holds anyway', { ...plain, aliases: [], fields: [{ name: 'x', type: 'int', order: 'ascending' }] }],
])('%s is spelling', (_, other) => {
  expect(normalForm(other)).toBe(normalForm(plain))
})

test('a name inside of its namespace is the same as in full', () => {
  const node = (name: string) => ({ ...plain, fields: [{ name: 'next', type: ['null', name] }] })
  expect(normalForm(node('R'))).toBe(normalForm(node('a.R')))
})

test('the order of a default’s keys is spelling', () => {
  const field = (value: object) => ({ name: 'm', type: { type: 'map', values: 'int' }, default: value })
  const one = { ...plain, fields: [field({ a: 1, b: 2 })] }
  expect(normalForm({ ...plain, fields: [field({ b: 2, a: 1 })] })).toBe(normalForm(one))
})

test.each<[string, object]>([
  ['documentation', { ...plain, doc: 'x' }],
  ['an attribute of one’s own', { ...plain, fields: [{ name: 'x', type: 'int', pii: true }] }],
  ['an alias', { ...plain, aliases: ['a.Q'] }],
  ['a default', { ...plain, fields: [{ name: 'x', type: 'int', default: 0 }] }],
  ['a logical type', { ...plain, fields: [{ name: 'x', type: { type: 'int', logicalType: 'date' } }] }],
  ['the order of fields', { ...plain, fields: [{ name: 'y', type: 'int' }, ...plain.fields] }],
  ['a namespace', { ...plain, name: 'b.R' }],
])('%s is more than spelling', (_, other) => {
  expect(normalForm(other)).not.toBe(normalForm(plain))
})
