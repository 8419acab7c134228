import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let topic: string
let out: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  topic = kafka.uniqueTopic('orders')
  out = kafka.uniqueTopic('revenue')
  group = kafka.uniqueGroup('revenue')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }\n`,
  )
  folder.write('schemas/catalogue.yaml', `topics:\n  ${topic}: { retention: 1d, partitions: 2 }\n`)
  folder.write(
    'topologies/revenue.yaml',
    `name: ${group}
description: Of a test.
sources: { orders: { type: topic, topic: ${topic}, format: json, timestamp: at } }
processors:
  totals: { type: aggregate, from: orders, fields: { orders: count, revenue: { sum: amount } } }
  minutes: { type: aggregate, from: orders, window: { tumbling: 1m }, emit: close, fields: { orders: count } }
sinks:
  out: { type: topic, from: [totals, minutes], topic: ${out} }
delivery: exactly-once
`,
  )
  folder.write(
    'topologies/show.yaml',
    `name: ${kafka.uniqueGroup('show')}
description: Of a test.
sources: { values: { type: topic, topic: ${out}, format: json } }
sinks: { out: { type: console, from: values } }
`,
  )
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

type Order = readonly [key: string, seconds: number, amount: number]

async function produce(to: string, ...orders: readonly Order[]) {
  const lines = orders.map(([key, seconds, amount]) => JSON.stringify({ key, at: seconds * 1000, amount }))
  folder.write('orders.jsonl', `${lines.join('\n')}\n`)
  const produced = await folder.run(`produce ${to} --raw --key key --file orders.jsonl --env trial`)
  expect(produced).toMatchObject({ code: 0 })
}

/** What was sent. A record behind it in both partitions ends them otherwise than with a transaction's marker. */
async function values(): Promise<{ readonly key: string }[]> {
  await produce(out, ['berlin', 0, 0], ['rome', 0, 0])
  const { out: lines } = await folder.run('run topologies/show.yaml --until-end --env trial')
  return lines
    .filter((line) => line.includes('version'))
    .map((line) => JSON.parse(line) as { readonly key: string })
}

test('in a cluster: a compacted changelog, exactly-once outputs, and state that goes on in the next life', async () => {
  expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  for (const store of ['totals', 'totals.sent', 'minutes']) {
    const shown = await folder.json<{ settings: object }>(
      `topics show ${group}.${store}.changelog --env trial`,
    )
    expect(shown.settings).toMatchObject({ 'cleanup.policy': 'compact' })
  }
  await produce(topic, ['berlin', 1, 10], ['berlin', 2, 5], ['rome', 3, 1])
  expect(await folder.run('run topologies/revenue.yaml --until-end --env trial')).toMatchObject({ code: 0 })
  await produce(topic, ['berlin', 61, 7])
  expect(await folder.run('run topologies/revenue.yaml --until-end --env trial')).toMatchObject({ code: 0 })
  const sent = await values()
  expect(sent.filter((one) => 'revenue' in one && one.key === 'berlin')).toEqual([
    { key: 'berlin', version: 2, orders: 2, revenue: 15 },
    { key: 'berlin', version: 3, orders: 3, revenue: 22 },
  ])
  expect(sent.filter((one) => 'from' in one)).toContainEqual({
    key: 'berlin',
    from: 0,
    to: 60_000,
    version: 2,
    orders: 2,
  })
}, 120_000)
