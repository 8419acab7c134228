// Cases that write an older version of a schema than the newest.
import { expect, test } from '@jest/globals'
import { testsOf } from '../support/test-command.ts'
import { names, shopWith } from './project.ts'

const topology = `name: orders
sources: { events: { type: topic, topic: business.orders.events, schema: [${names.join(', ')}] } }
sinks: { all: { type: topic, from: events, topic: all } }
`

const record = `eventId: 00000000-0000-4000-8000-000000000001
    eventType: order.created
    timestamp: 1767614400000
    metadata: { sessionId: s1, sessionSeq: 1 }`

/** What a case says that is given one record with these settings; an empty list where it holds. */
async function told(given: string): Promise<string[]> {
  const shop = shopWith({
    'topologies/orders.yaml': topology,
    'topologies/orders.test.yaml': `values:
  order:
    ${record}
cases:
  - name: one
    given: [{ key: s1, like: order, ${given} }]
    expect:
      topics: { all: [{ value: { data: { orderId: o1 } } }] }
`,
  })
  try {
    const { files } = await testsOf(shop.path, ['topologies/orders.yaml'])
    return files.flatMap(({ problem, cases }) => [
      ...(problem === undefined ? [] : [JSON.stringify(problem)]),
      ...cases.flatMap(({ findings }) => findings.map(({ what }) => what)),
    ])
  } finally {
    shop.remove()
  }
}

const cents = 'value: { data: { orderId: o1, total: 12.5 } }'
const noted = 'value: { data: { orderId: o1, total: 12.5, note: x } }'

test.each([
  ['the newest has the field', noted, undefined],
  ['so has v1.1', `${noted}, version: v1.1`, undefined],
  ['v1.0 has it not', `${noted}, version: v1.0`, /data\.note|OrderCreated/],
  ['v1.0 takes a value without it', `${cents}, version: v1.0`, undefined],
  ['a PATCH of 0 may be said', `${cents}, version: v1.0.0`, undefined],
  ['a text without v', `${cents}, version: '1.0'`, undefined],
  ['the type and its version', `${cents}, schema: ${names[0]}, version: v1.0`, undefined],
  [
    'the other MAJOR by its version',
    `value: { data: { orderId: o1, total: '9.90', currency: EUR } }, version: v2.0`,
    undefined,
  ],
  [
    'a version of another MAJOR than the type',
    `${cents}, schema: ${names[0]}, version: v2.0`,
    /There is no version v2\.0 in schemas\/: shop\.orders\.OrderCreated has v1\.0, v1\.1\./,
  ],
  [
    'a version that nothing has',
    `${cents}, version: v3.7`,
    /no version v3\.7 .*v1\.0, v1\.1; shop\.orders\.v2\.OrderCreated has v2\.0; .*Cancelled has v1\.0/,
  ],
  ['a number', `${cents}, version: 1.0`, /such as v1\.0 \(YAML takes 1\.0 for a number\)/],
  ['no version at all', `${cents}, version: old`, /such as v1\.0/],
])('%s', async (_what, given, error) => {
  const all = await told(given)
  if (error === undefined) expect(all).toEqual([])
  else expect(all.join('\n')).toMatch(error)
})

test('what is written as it is has no version', async () => {
  const shop = shopWith({
    'topologies/orders.yaml': topology,
    'topologies/orders.test.yaml': `cases: [{ name: one, given: [{ key: s1, text: x, version: v1.0 }], expect: { parked: [{}] } }]\n`,
  })
  try {
    const { files } = await testsOf(shop.path, ['topologies/orders.yaml'])
    expect(JSON.stringify(files)).toContain('expected no version beside text or bytes')
  } finally {
    shop.remove()
  }
})
