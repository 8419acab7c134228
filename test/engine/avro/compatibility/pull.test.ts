// The numbers that versions of a registry get as files, where no file says them.
import { expect, test } from '@jest/globals'
import { pullSubject } from '../../../../engine/avro/compatibility/pull.ts'
import { parseSchema } from '../../../../engine/avro/schema.ts'

const id = { name: 'id', type: 'string' }
const note = { name: 'note', type: ['null', 'string'], default: null }

function pulled(schemas: readonly object[], namespace = 'shop'): readonly string[] {
  const versions = schemas.map((more, index) => ({
    version: index + 1,
    id: index + 1,
    schema: parseSchema(JSON.stringify({ type: 'record', name: 'Order', namespace, ...more }), 'registry'),
  }))
  return pullSubject(`orders-${namespace}.Order`, versions, []).files.map(({ name }) => name)
}

test('words are a PATCH, what is kept compatible a MINOR, and another spelling is no version', () => {
  const spelled = { fields: [id, note], aliases: [] }
  const told = { fields: [{ ...id, doc: 'Which.' }, note] }
  expect(pulled([{ fields: [id] }, { fields: [id, note] }, spelled, told])).toEqual([
    'Order.v1.0.0.avsc',
    'Order.v1.1.0.avsc',
    'Order.v1.1.1.avsc',
  ])
})

test('the namespace says the MAJOR', () => {
  expect(pulled([{ fields: [id] }, { fields: [] }], 'shop.v2')).toEqual([
    'Order.v2.0.0.avsc',
    'Order.v2.1.0.avsc',
  ])
})

test('where a version breaks readers under one name, all are counted', () => {
  expect(pulled([{ fields: [id] }, { fields: [{ ...id, type: 'int' }] }, { fields: [] }])).toEqual([
    'Order.v1.avsc',
    'Order.v2.avsc',
    'Order.v3.avsc',
  ])
})
