import { describe, expect, test } from '@jest/globals'
import { stagesOf } from '../../../engine/topology/stages.ts'
import { planText } from './kit.ts'

const text = (more = '') => `name: customers
sources:
  orders: { type: topic, topic: orders, format: json }
  returns: { type: topic, topic: returns, format: json }
processors:
  by-customer: { type: repartition, from: [orders, returns], by: [shop, customer], partitions: 12 }
  totals: { type: aggregate, from: by-customer, fields: { orders: count } }
  by-country: { type: repartition, from: totals, by: country, schema: shop.Total }
${more}
sinks:
  out: { type: console, from: by-country }
`

describe('a repartition', () => {
  const plan = planText(text())

  test('is a sink, and a source under its name; the two are of different sub-topologies', () => {
    expect(plan.subTopologies.map(({ nodes }) => nodes)).toEqual([
      ['orders', 'returns', 'by-customer-in'],
      ['by-customer', 'totals', 'by-country-in'],
      ['by-country', 'out'],
    ])
    const topic = 'customers.by-customer.repartition'
    expect(plan.nodes.get('by-customer-in')).toMatchObject({
      kind: 'sink',
      type: 'topic',
      config: { topic, key: ['shop', 'customer'], format: 'json' },
      from: [{ node: 'orders' }, { node: 'returns' }],
    })
    expect(plan.nodes.get('by-customer')).toMatchObject({
      kind: 'source',
      type: 'topic',
      config: { topic, format: 'json', begin: 'earliest', outOfRange: 'fail' },
      from: [],
    })
    expect(plan.nodes.get('by-country')).toMatchObject({ config: { schema: 'shop.Total' } })
    expect(plan.ownTopics).toEqual([
      { topic, sink: 'by-customer-in', source: 'by-customer', partitions: 12 },
      {
        topic: 'customers.by-country.repartition',
        sink: 'by-country-in',
        source: 'by-country',
        partitions: undefined,
      },
    ])
  })

  test('is read when what is before it is read', () => {
    expect(stagesOf(plan)).toEqual([
      { sources: ['orders', 'returns'], topics: ['orders', 'returns'] },
      { sources: ['by-customer'], topics: ['customers.by-customer.repartition'] },
      { sources: ['by-country'], topics: ['customers.by-country.repartition'] },
    ])
  })

  test('closes no circle, and takes no name that is there', () => {
    expect(() =>
      planText(
        text('  again: { type: filter, from: by-country, field: a, equals: 1 }').replace(
          '[orders, returns]',
          '[orders, returns, again]',
        ),
      ),
    ).toThrow(
      /^t\.yaml:6:3: The nodes form a cycle: by-customer → totals → by-country → again → by-customer\./,
    )
    expect(() =>
      planText(
        text('  by-country-in: { type: filter, from: totals, field: a, equals: 1 }\n').replace(
          'from: by-country }',
          'from: [by-country, by-country-in] }',
        ),
      ),
    ).toThrow(
      't.yaml:8:3: The node that writes the topic of "by-country" would be "by-country-in", and there is one: give that another name.',
    )
  })
})
