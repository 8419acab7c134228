import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let orders: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  orders = kafka.uniqueTopic('orders')
  group = kafka.uniqueGroup('customers')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }\n`,
  )
  folder.write('schemas/catalogue.yaml', `topics:\n  ${orders}: { retention: 1d, partitions: 2 }\n`)
  folder.write(
    'topologies/customers.yaml',
    `name: ${group}
sources: { orders: { type: topic, topic: ${orders}, format: json } }
processors:
  by-customer: { type: repartition, from: orders, by: customer, partitions: 3 }
  totals: { type: aggregate, from: by-customer, fields: { orders: count, revenue: { sum: amount } } }
sinks: { out: { type: console, from: totals } }
delivery: exactly-once
`,
  )
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

test('in a cluster: a topic of its own, as it is planned; counted by the new key, and deleted behind', async () => {
  const topic = `${group}.by-customer.repartition`
  expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  const shown = await folder.json<{ partitions: unknown[]; settings: object }>(
    `topics show ${topic} --env trial`,
  )
  expect(shown.partitions).toHaveLength(3)
  expect(shown.settings).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' })
  const lines = Array.from({ length: 200 }, (_, n) =>
    JSON.stringify({ id: `o${n}`, customer: `c${n % 7}`, amount: n }),
  )
  folder.write('orders.jsonl', `${lines.join('\n')}\n`)
  const produced = await folder.run(`produce ${orders} --raw --key id --file orders.jsonl --env trial`)
  expect(produced).toMatchObject({ code: 0 })
  const { code, out, err } = await folder.run('run topologies/customers.yaml --until-end --env trial')
  expect({ code, err }).toMatchObject({ code: 0 })
  const last = new Map(
    out.map((line) => {
      const { key, orders: count, revenue } = JSON.parse(line) as Record<string, unknown>
      return [key, { count, revenue }]
    }),
  )
  for (let customer = 0; customer < 7; customer++) {
    const own = Array.from({ length: 200 }, (_, n) => n).filter((n) => n % 7 === customer)
    const revenue = own.reduce((sum, amount) => sum + amount, 0)
    expect(last.get(`c${customer}`)).toEqual({ count: own.length, revenue })
  }
  const reader = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const marks = await Promise.all([0, 1, 2].map((partition) => reader.watermarks({ topic, partition })))
  await reader.close()
  expect(marks.filter(({ end }) => end > 0).every(({ first }) => first > 0)).toBe(true)
  expect(marks.some(({ first }) => first > 0)).toBe(true)
})
