// Casts between MAJORs, in topologies run by their cases.
import { expect, test } from '@jest/globals'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { FileResult } from '../../engine/testing/report.ts'
import { millrace } from '../support/cli.ts'
import { folderWith } from '../support/folder.ts'
import { given, types, wrongIn } from './case-kit.ts'
import { names, shopWith } from './project.ts'

async function testsOf(cwd: string): Promise<{ readonly files: readonly FileResult[] }> {
  const { stdout, stderr } = await millrace(['test', 'topologies/orders.yaml', '-o', 'json'], { cwd })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as { readonly files: readonly FileResult[] }
}

const upcasting = `name: orders
sources:
  events: { type: topic, topic: business.orders.events, schema: ${types}, timestamp: timestamp }
processors:
  newest: { type: upcast, from: events }
  created: { type: filter, from: newest, schema: ${names[1]} }
  older: { type: downcast, from: created, schema: ${names[0]} }
sinks:
  created: { type: topic, from: created, topic: created, schema: ${names[1]} }
  older: { type: topic, from: older, topic: older, schema: ${names[0]} }
  all: { type: topic, from: newest, topic: all, format: json }
`
  .replace('created: { type: topic, from', 'createdTopic: { type: topic, from')
  .replace('older: { type: topic, from', 'olderTopic: { type: topic, from')

const two =
  "value: { eventId: 00000000-0000-4000-8000-000000000002, data: { orderId: o2, total: '9.90', currency: EUR } }"
const three =
  "value: { eventId: 00000000-0000-4000-8000-000000000003, data: { orderId: o3, total: '7.00', currency: USD } }"

test('older MAJORs become the newest, and newer ones the older where that can say it', async () => {
  const shop = shopWith({
    'topologies/orders.yaml': upcasting,
    'topologies/orders.test.yaml': `${given}
cases:
  - name: both MAJORs become both
    given:
      - { key: s1, like: envelope, schema: ${names[0]}, value: { data: { orderId: o1, total: 12.5 } } }
      - { key: s2, like: envelope, ${two} }
      - { key: s3, like: envelope, value: { data: { orderId: o1, reason: late } } }
      - { key: s4, like: envelope, ${three} }
    expect:
      counts: { stored: 3, deadLettered: 1 }
      topics:
        created:
          - { key: s1, value: { data: { orderId: o1, total: '12.50', currency: EUR, note: null } } }
          - { key: s2, value: { data: { orderId: o2, total: '9.90', currency: EUR, note: null } } }
          - { key: s4, value: { data: { orderId: o3, total: '7.00', currency: USD, note: null } } }
        older:
          - { key: s1, value: { data: { orderId: o1, total: 12.5, note: null } } }
          - { key: s2, value: { data: { orderId: o2, total: 9.9, note: null } } }
        all: [{ key: s1 }, { key: s2 }, { key: s3, value: { data: { reason: late } } }, { key: s4 }]
      parked: [{ key: s4, node: older, code: PROCESSOR_FAILED }]
`,
  })
  try {
    const { files } = await testsOf(shop.path)
    expect(wrongIn(files)).toEqual([])
    expect(files[0]?.cases).toHaveLength(1)
  } finally {
    shop.remove()
  }
})

test('casts of a project that is installed as a package are TypeScript, too', async () => {
  const shop = shopWith({
    'topologies/orders.yaml': upcasting,
    'topologies/orders.test.yaml': `${given}
cases:
  - name: the older becomes the newer
    given:
      - { key: s1, like: envelope, schema: ${names[0]}, value: { data: { orderId: o1, total: 12.5 } } }
    expect: { topics: { created: [{ key: s1, value: { data: { total: '12.50' } } }] } }
`,
  })
  const outside = folderWith({})
  try {
    const installed = join(outside.path, 'node_modules', 'shop')
    cpSync(shop.path, installed, { recursive: true })
    const { files } = await testsOf(installed)
    expect(wrongIn(files)).toEqual([])
  } finally {
    shop.remove()
    outside.remove()
  }
})

test('what a cast returns must be a record of the other MAJOR', async () => {
  const shop = shopWith({
    'topologies/orders.yaml': upcasting,
    [`schemas/business.orders.events/OrderCreated.v1-v2.ts`]: 'export const up = (event) => event',
    'topologies/orders.test.yaml': `${given}
cases:
  - name: MAJOR 1 has no currency
    given:
      - { key: s1, like: envelope, schema: ${names[0]}, value: { data: { orderId: o1, total: 12.5 } } }
    expect:
      counts: { deadLettered: 1 }
      parked: [{ key: s1, node: newest, code: AVRO_UNENCODABLE, message: 'at data.currency: expected string, got nothing' }]
`,
  })
  try {
    const { files } = await testsOf(shop.path)
    expect(wrongIn(files)).toEqual([])
  } finally {
    shop.remove()
  }
})
