import { describe, expect, test } from '@jest/globals'
import { describeJson, describeMermaid, describeText } from '../../../engine/topology/describe.ts'
import { planText } from './kit.ts'

const plan = planText(`name: orders
description: Orders, once each.
sources:
  web: { type: topic, topic: web, schema: shop.Order }
  shop: { type: topic, topic: shop, schema: shop.Order }
processors:
  unique: { type: dedupe, from: [web, shop], by: orderId, window: 7d }
  kinds: { type: branch, from: unique, field: kind, to: { carts: cart }, default: rest }
  big: { type: filter, from: kinds.carts, field: total, atLeast: 100 }
sinks:
  rows: { type: table, from: big, table: carts, retention: 30d }
  odd: { type: console, from: [unique.conflicts, kinds.rest] }
`)

test('text', () => {
  expect(describeText(plan)).toBe(`orders: Orders, once each.

web (topic source, web, shop.Order)
└─ unique (dedupe, by orderId, window 7d)
   ├─ kinds (branch, by kind)
   │  ├─ [carts] big (filter, total atLeast 100)
   │  │  └─ rows (table sink, carts, kept 30d)
   │  └─ [rest] odd (console sink)
   └─ [conflicts] odd (console sink)
shop (topic source, shop, shop.Order)
└─ unique (dedupe, by orderId, window 7d) (as above)

errors   5 attempts, waits of 100ms to 30s, then park
budget   16 MiB for each partition, 64 MiB in all
commit   every 200ms`)
})

test('mermaid', () => {
  const lines = describeMermaid(plan).split('\n')
  expect(lines[0]).toBe('flowchart LR')
  expect(lines).toContain('  n0(["<b>web</b><br/>topic<br/>web<br/>shop.Order"]):::source')
  expect(lines).toContain('  n5[("<b>rows</b><br/>table<br/>carts<br/>kept 30d")]:::sink')
  expect(lines).toContain('  n2 --> n3')
  expect(lines).toContain('  n2 -. conflicts .-> n6')
})

test('mermaid texts hold no signs that mermaid would read', () => {
  const odd = planText(`name: x
sources: { in: { type: topic, topic: a, format: json } }
processors: { one: { type: filter, from: in, field: a, equals: '"];end' } }
sinks: { end: { type: console, from: one } }
`)
  expect(describeMermaid(odd)).toContain('a equals #34;#93;#59;end')
})

describe('json', () => {
  test('is plain, and whole', () => {
    const json = JSON.parse(JSON.stringify(describeJson(plan))) as { nodes: object[] }
    expect(json).toMatchObject({ name: 'orders', subTopologies: [{ number: 0, sources: ['web', 'shop'] }] })
    expect(json.nodes).toHaveLength(7)
    expect(json.nodes[3]).toMatchObject({
      name: 'kinds',
      kind: 'processor',
      type: 'branch',
      from: [{ node: 'unique' }],
      outputs: ['carts', 'rest'],
      line: 8,
    })
    expect(json.nodes[6]).toMatchObject({
      from: [
        { node: 'unique', output: 'conflicts' },
        { node: 'kinds', output: 'rest' },
      ],
    })
  })
})
