import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openProject } from '../../cli/project/project.ts'
import { Folder } from './full-command-line.ts'

let folder: Folder

beforeEach(() => {
  folder = new Folder()
  folder.write('schemas/catalogue.yaml', 'topics: {}\n')
  folder.write(
    'topologies/customers.yaml',
    `name: customers
sources: { orders: { type: topic, topic: orders, format: json } }
processors:
  by-customer: { type: repartition, from: orders, by: customer, partitions: 3 }
  totals: { type: aggregate, from: by-customer, fields: { orders: count, revenue: { sum: amount } } }
sinks: { out: { type: console, from: totals } }
commit: { every: 20ms }
`,
  )
})

afterEach(() => folder.remove())

function produce(orders: readonly (readonly [id: string, customer: string | null, amount: number])[]) {
  const lines = orders.map(([id, customer, amount]) => JSON.stringify({ id, customer, amount }))
  folder.write('orders.jsonl', `${lines.join('\n')}\n`)
  return folder.run('produce orders --raw --key id --file orders.jsonl')
}

/** The last value of each key that the run printed. */
async function totals(): Promise<Record<string, unknown>> {
  const { code, out } = await folder.run('run topologies/customers.yaml --until-end')
  expect(code).toBe(0)
  const values = out.map((line) => JSON.parse(line) as { readonly key: string })
  return Object.fromEntries(values.map(({ key, ...value }) => [key, value]))
}

test('records are counted by another key, at the end of the topic that they came through', async () => {
  const orders = Array.from({ length: 100 }, (_, n) => [`o${n}`, `c${n % 7}`, n] as const)
  await produce(orders)
  const expected = Object.fromEntries(
    Array.from({ length: 7 }, (_, customer) => {
      const own = orders.filter(([, name]) => name === `c${customer}`)
      const revenue = own.reduce((sum, [, , amount]) => sum + amount, 0)
      return [`c${customer}`, expect.objectContaining({ orders: own.length, revenue })]
    }),
  )
  expect(await totals()).toEqual(expected)
  await produce([['o100', 'c3', 1000]])
  expect(await totals()).toEqual({ c3: expect.objectContaining({ orders: 15 }) as unknown })
})

test('what is processed is deleted from the topic of its own', async () => {
  await produce(Array.from({ length: 50 }, (_, n) => [`o${n}`, 'one', n]))
  await totals()
  const project = await openProject({ cwd: folder.path, project: folder.path })
  try {
    const topic = 'customers.by-customer.repartition'
    const bounds = await Promise.all([0, 1, 2].map((partition) => project.log.bounds({ topic, partition })))
    expect(bounds.map(({ end, first }) => end - first)).toEqual([0, 0, 0])
    expect(Math.max(...bounds.map(({ end }) => end))).toBe(50)
  } finally {
    await project.close()
  }
})

test('a record without the new key is parked', async () => {
  await produce([
    ['a', null, 1],
    ['b', 'one', 2],
  ])
  expect(await totals()).toEqual({ one: expect.objectContaining({ orders: 1 }) as unknown })
  const { out } = await folder.run('dlq list')
  expect(out.join('\n')).toMatch(/RECORD_INVALID/)
})

test('a case goes through it', async () => {
  folder.write(
    'topologies/customers.test.yaml',
    `cases:
  - name: orders are counted by customer
    given:
      - { source: orders, key: o1, value: { id: o1, customer: ada, amount: 5 } }
      - { source: orders, key: o2, value: { id: o2, customer: ada, amount: 7 } }
    expect:
      topics:
        customers.by-customer.repartition:
          - { key: ada, value: { id: o1, customer: ada, amount: 5 } }
          - { key: ada, value: { id: o2, customer: ada, amount: 7 } }
`,
  )
  const { code, out } = await folder.run('test topologies/customers.yaml')
  expect(out.join('\n')).toContain('1 case holds')
  expect(code).toBe(0)
})
