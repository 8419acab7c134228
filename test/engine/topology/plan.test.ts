import { describe, expect, test } from '@jest/globals'
import { configOf, readTopologyText } from '../../../engine/config/load.ts'
import { MillraceError } from '../../../engine/errors.ts'
import { planTopology } from '../../../engine/topology/plan.ts'
import type { PlannableNode } from '../../../engine/topology/plannable.ts'
import { planText, shipped } from './kit.ts'

const text = `name: orders
description: Two streams of orders.
sources:
  web: { type: topic, topic: web, format: json }
  clicks: { type: topic, topic: clicks, format: json }
  shop: { type: topic, topic: shop, format: json }
processors:
  late: { type: throttle, from: unique, rate: 100 }
  unique: { type: dedupe, from: [web, shop], by: orderId, window: 1h }
sinks:
  odd: { type: console, from: unique.conflicts }
  all: { type: console, from: late }
  seen: { type: console, from: clicks }
`

describe('a plan', () => {
  const plan = planText(text)

  test('has the nodes by name, in the order of the file', () => {
    expect([...plan.nodes.keys()]).toEqual(['web', 'clicks', 'shop', 'late', 'unique', 'odd', 'all', 'seen'])
    expect(plan.nodes.get('unique')).toMatchObject({
      kind: 'processor',
      type: 'dedupe',
      config: { by: 'orderId', window: 3_600_000 },
      from: [
        { node: 'web', output: undefined },
        { node: 'shop', output: undefined },
      ],
      position: { file: 't.yaml', line: 9, column: 3 },
    })
  })

  test('has connected nodes in sub-topologies, each after those that feed it', () => {
    expect(plan.subTopologies).toEqual([
      {
        number: 0,
        nodes: ['web', 'shop', 'unique', 'late', 'odd', 'all'],
        sources: ['web', 'shop'],
        critical: false,
      },
      { number: 1, nodes: ['clicks', 'seen'], sources: ['clicks'], critical: false },
    ])
  })

  test('has the settings of the topology', () => {
    expect(plan).toMatchObject({
      name: 'orders',
      description: 'Two streams of orders.',
      file: 't.yaml',
      errors: { attempts: 5, then: 'park' },
      commitInterval: 200,
    })
  })
})

describe('what does not come from a checked file', () => {
  const config = configOf(readTopologyText('t.yaml', text, shipped, {}))
  const change = (name: string, changes: object) => ({
    ...config,
    nodes: config.nodes.map((node) => (node.name === name ? { ...node, ...changes } : node) as PlannableNode),
  })
  const refer = (node: string) => [{ node, output: undefined, file: 't.yaml', line: 1, column: 2 }]

  test.each([
    [
      'a reference to nothing',
      change('late', { from: refer('none') }),
      't.yaml:1:2: The processor "late" reads "none", which is not there.',
    ],
    [
      'a reference to a sink',
      change('late', { from: refer('odd') }),
      't.yaml:1:2: The processor "late" reads "odd", which is a sink.',
    ],
    ['no reference', change('all', { from: [] }), 't.yaml:12:3: The sink "all" reads from no node.'],
    [
      'a name twice',
      { ...config, nodes: [...config.nodes, config.nodes[0]!] },
      't.yaml:4:3: There are two nodes "web": names are unique.',
    ],
  ])('%s is refused', (_, wrong, message) => {
    expect(() => planTopology(wrong)).toThrow(new MillraceError('fatal', 'PLAN_INVALID', message))
  })
})

test('a chain of hundreds of nodes is planned', () => {
  const chain = Array.from(
    { length: 490 },
    (_, n) => `  n${n}: { type: throttle, from: ${n === 0 ? 'in' : `n${n - 1}`}, rate: 1 }`,
  )
  const long = `name: x
sources: { in: { type: topic, topic: a, format: json } }
processors:
${chain.toReversed().join('\n')}
sinks: { out: { type: console, from: n489 } }
`
  // Within the limit of a test: with a way that looks at each pair of ways, it would not end.
  expect(planText(long).subTopologies[0]!.nodes).toHaveLength(492)
})
