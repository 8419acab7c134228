// Topics that are written with many types, each record as the one that it has; and read again.
import { expect, test } from '@jest/globals'
import { testsOf } from '../support/test-command.ts'
import { given as head, types, wrongIn } from './case-kit.ts'
import { names, shopWith } from './project.ts'

const [first, second, cancelled] = names

/** What is wrong with the cases of a topology that reads all types, after these nodes. */
async function wrongWith(nodes: string, cases: string): Promise<unknown[]> {
  const shop = shopWith({
    'topologies/orders.yaml': `name: orders
sources: { events: { type: topic, topic: business.orders.events, schema: ${types}, timestamp: timestamp } }
${nodes}`,
    'topologies/orders.test.yaml': `${head}cases:
${cases}`,
  })
  try {
    const { files } = await testsOf(shop.path, ['topologies/orders.yaml'])
    return wrongIn(files)
  } finally {
    shop.remove()
  }
}

const given = `    given:
      - { key: s1, like: envelope, schema: ${first}, value: { data: { orderId: o1, total: 12.5 } } }
      - { key: s1, like: envelope, value: { data: { orderId: o2, total: '9.90', currency: EUR } } }
      - { key: s1, like: envelope, value: { data: { orderId: o1, reason: late } } }
`

test('each record is written as its type, also where a node made the value', async () => {
  const nodes = `processors:
  named: { type: map, from: events, set: { eventType: changed } }
sinks:
  all: { type: topic, from: named, topic: business.orders.all, schema: ${types} }
`
  const cases = `  - name: all of them
${given}    expect:
      counts: { stored: 3 }
      topics:
        business.orders.all:
          - { key: s1, value: { eventType: changed, data: { orderId: o1, total: 12.5 } } }
          - { key: s1, value: { eventType: changed, data: { orderId: o2, total: '9.90', currency: EUR } } }
          - { key: s1, value: { eventType: changed, data: { orderId: o1, reason: late } } }
`
  expect(await wrongWith(nodes, cases)).toEqual([])
})

test('a type that the sink does not list is parked, and the next one of its key waits', async () => {
  const nodes = `sinks:
  some: { type: topic, from: events, topic: business.orders.some, schema: [${first}, ${cancelled}] } # lint-allow ML048 seen here
`
  const cases = `  - name: the second MAJOR
${given}    expect:
      counts: { stored: 1, deadLettered: 2 }
      topics: { business.orders.some: [{ value: { data: { total: 12.5 } } }] }
      parked:
        - { node: some, code: RECORD_TYPE_UNEXPECTED, message: 'is of the type ${second}; its topic takes ${first}, ${cancelled}' }
        - { follower: true }
`
  expect(await wrongWith(nodes, cases)).toEqual([])
})

test('behind a repartition records have the types that they had before', async () => {
  const nodes = `processors:
  byOrder: { type: repartition, from: events, by: data.orderId, schema: ${types} }
  kinds: { type: branch, from: byOrder, schemas: { created: [${first}, ${second}], cancelled: ${cancelled} } }
sinks:
  created: { type: topic, from: kinds.created, topic: created }
  cancelled: { type: topic, from: kinds.cancelled, topic: cancelled }
`
  const cases = `  - name: all of them
${given}    expect:
      topics:
        created: [{ key: o1, value: { data: { total: 12.5 } } }, { key: o2, value: { data: { currency: EUR } } }]
        cancelled: [{ key: o1, value: { data: { reason: late } } }]
`
  expect(await wrongWith(nodes, cases)).toEqual([])
})
