// Topologies over many record types, run by their cases.
import { expect, test } from '@jest/globals'
import { testsOf } from '../support/test-command.ts'
import { given, types, wrongIn } from './case-kit.ts'
import { names, shopWith } from './project.ts'

test('views of one type each, told by the schema alone', async () => {
  const shop = shopWith({
    'topologies/views.yaml': `name: views
sources:
  events: { type: topic, topic: business.orders.events, schema: ${types}, others: skip, timestamp: timestamp }
processors:
  unique: { type: dedupe, from: events, by: eventId, window: 7d }
  kinds: { type: branch, from: unique, schemas: { created: [${names[0]}, ${names[1]}], cancelled: ${names[2]} } }
  modern: { type: filter, from: kinds.created, schema: ${names[1]} }
  brief: { type: map, from: kinds.created, keep: [eventId], copy: { eventId: eventId } }
sinks:
  cancelled: { type: topic, from: kinds.cancelled, topic: business.orders.order-cancelled, schema: ${names[2]} }
  modernTopic: { type: topic, from: modern, topic: business.orders.order-created-v2, key: data.orderId }
  briefTopic: { type: topic, from: brief, topic: brief }
`,
    'topologies/views.test.yaml': `${given}
cases:
  - name: each goes its way
    given:
      - { key: s1, like: envelope, schema: ${names[0]}, value: { data: { orderId: o1, total: 12.5 } } }
      - { key: s1, like: envelope, value: { eventId: 00000000-0000-4000-8000-000000000002, data: { orderId: o2, total: '9.90', currency: EUR } } }
      - { key: s1, like: envelope, value: { eventId: 00000000-0000-4000-8000-000000000003, data: { orderId: o1, reason: late } } }
      - { key: s1, like: envelope, schema: shop.orders.OrderShipped, value: { data: { orderId: o1, carrier: x } } }
      - { key: s1, like: envelope, schema: ${names[0]}, value: { data: { orderId: o1, total: 12.5 } } }
    expect:
      counts: { stored: 3, duplicates: 1, dropped: 1 }
      topics:
        business.orders.order-cancelled: [{ key: s1, value: { data: { orderId: o1, reason: late } } }]
        business.orders.order-created-v2: [{ key: o2, value: { data: { total: '9.90', currency: EUR } } }]
        brief: [{ value: { eventId: 00000000-0000-4000-8000-000000000001 } }, { value: { eventId: 00000000-0000-4000-8000-000000000002 } }]
`,
  })
  try {
    const { files } = await testsOf(shop.path, ['topologies/views.yaml'])
    expect(wrongIn(files)).toEqual([])
    expect(files[0]?.cases).toHaveLength(1)
  } finally {
    shop.remove()
  }
})

test('a record of a type that is not listed is parked, and says so', async () => {
  const shop = shopWith({
    'topologies/orders.yaml': `name: orders
sources: { events: { type: topic, topic: business.orders.events, schema: ${types} } }
sinks: { all: { type: topic, from: events, topic: all } }
`,
    'topologies/orders.test.yaml': `${given}
cases:
  - name: shipped
    given:
      - { key: s1, like: envelope, schema: shop.orders.OrderShipped, value: { data: { orderId: o1, carrier: x } } }
    expect:
      counts: { deadLettered: 1 }
      parked: [{ key: s1, node: events, code: RECORD_TYPE_UNEXPECTED }]
`,
  })
  try {
    const { files } = await testsOf(shop.path, ['topologies/orders.yaml'])
    expect(wrongIn(files)).toEqual([])
  } finally {
    shop.remove()
  }
})
