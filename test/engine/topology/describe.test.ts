import { describe, expect, test } from '@jest/globals'
import { describeJson, describeMermaid, describeText } from '../../../engine/topology/describe.ts'
import { describeDot } from '../../../engine/topology/describe-dot.ts'
import { partsOf, planText } from './kit.ts'

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
  expect(describeText(plan, partsOf(plan))).toBe(`orders: Orders, once each.

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
commit   every 200ms, at-least-once
tasks    a task for each partition of web, with that of shop
state    unique  ids in time buckets; in a cluster their changes are in orders.unique.changelog
topics   orders.web.parked   parked records of web
         web.dlq             dead letters of web
         orders.shop.parked  parked records of shop
         shop.dlq            dead letters of shop`)
})

test('mermaid', () => {
  const lines = describeMermaid(plan).split('\n')
  expect(lines[0]).toBe('flowchart LR')
  expect(lines).toContain('  n0(["<b>web</b><br/>topic<br/>web<br/>shop.Order"]):::source')
  expect(lines).toContain('  n5[("<b>rows</b><br/>table<br/>carts<br/>kept 30d")]:::sink')
  expect(lines).toContain('  n2 --> n3')
  expect(lines).toContain('  n2 -. conflicts .-> n6')
})

test('mermaid frames sub-topologies where there are several, and shows state', () => {
  expect(describeMermaid(plan, partsOf(plan))).toContain('window 7d<br/>state: ids in time buckets"')
  const two = planText(`name: two
sources: { a: { type: topic, topic: a, format: json }, b: { type: topic, topic: b, format: json } }
sinks: { c: { type: console, from: a }, d: { type: console, from: b } }
`)
  const lines = describeMermaid(two, partsOf(two)).split('\n')
  expect(lines).toContain('  subgraph s1["sub-topology 1: a task for each partition of b"]')
  expect(lines.filter((line) => line.trim() === 'end')).toHaveLength(2)
  expect(lines.filter((line) => line.includes(':::source'))).toHaveLength(2)
})

describe('dot', () => {
  const dot = describeDot(plan, partsOf(plan)).split('\n')

  test('has nodes in the cluster of their sub-topology, edges, and stores', () => {
    expect(dot[0]).toBe('digraph "orders" {')
    expect(dot).toContain('  subgraph cluster_0 {')
    expect(dot).toContain('  "unique" -> "odd" [style=dashed, color="#b7791f", label="conflicts"]')
    expect(dot).toContain('    "unique" -> "store unique" [dir=none, style=dotted]')
    expect(dot.find((line) => line.includes('label="sub-topology 0'))).toContain(
      'orders.web.parked: parked records',
    )
  })

  test('escapes quotes', () => {
    const odd = planText(`name: x
sources: { in: { type: topic, topic: a, format: json } }
processors: { one: { type: filter, from: in, field: a, equals: '"];\\end' } }
sinks: { end: { type: console, from: one } }
`)
    expect(describeDot(odd, partsOf(odd))).toContain('a equals \\"];\\\\end')
  })
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
    const json = JSON.parse(JSON.stringify(describeJson(plan, partsOf(plan)))) as { nodes: object[] }
    expect(json).toMatchObject({ name: 'orders', subTopologies: [{ number: 0, sources: ['web', 'shop'] }] })
    expect(json).toMatchObject({
      delivery: 'at-least-once',
      subTopologies: [
        {
          topics: ['web', 'shop'],
          stores: [{ name: 'unique', node: 'unique', kind: 'ids', changelog: 'orders.unique.changelog' }],
        },
      ],
    })
    const [part] = (json as unknown as { subTopologies: { internalTopics: object[] }[] }).subTopologies
    expect(part!.internalTopics).toHaveLength(5)
    expect(part!.internalTopics[0]).toEqual({
      name: 'orders.unique.changelog',
      holds: 'changes of state',
      of: 'unique',
      partitionsOf: 'web',
      cleanup: 'delete',
    })
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
