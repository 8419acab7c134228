// A project with orders of a few days, whose timestamps a test chooses.
import { join } from 'node:path'
import { openEmbedded } from '../../../engine/embedded/embedded.ts'

/** An order as it lies in the topic: `at` is the record's timestamp. */
export interface TimedOrder {
  readonly id: string
  readonly customer: string
  readonly at: number
}

export const day = 86_400_000
export const firstDay = Date.UTC(2026, 9, 1)

/** Midnight of a day, counted from the first one, as a flag says it. */
export function dayText(n: number): string {
  return new Date(firstDay + n * day).toISOString().slice(0, 10)
}

const table = (name: string): string => `CREATE TABLE ${name} (
  customer text, id text, amount bigint, PRIMARY KEY ((customer), id)
);
`
const query = (name: string): string => `-- summary: The orders of a customer.
-- param customer text  whose orders
SELECT id, amount FROM ${name} WHERE customer = :customer;
`

/** Orders into a table, and into a topic of those that are large. */
export const replayFiles: Readonly<Record<string, string>> = {
  'cql/0001-orders.cql': table('orders_by_customer'),
  'cql/0002-orders-v2.cql': table('orders_by_customer_v2'),
  'cql/queries/live.cql': query('orders_by_customer'),
  'cql/queries/side.cql': query('orders_by_customer_v2'),
  'topologies/store.yaml': `name: store
sources:
  orders: { type: topic, topic: orders, format: json }
processors:
  valid: { type: validate, from: orders, fields: { amount: { min: 0 } } }
  unique: { type: dedupe, from: valid, by: id, window: 30d }
sinks:
  rows: { type: table, from: unique, table: orders_by_customer }
`,
}

/** Appends orders to the topic `orders`, to the partition of their customer's number. */
export async function appendOrders(
  folder: string,
  orders: readonly TimedOrder[],
  partitions = 2,
): Promise<void> {
  const store = openEmbedded(folder)
  try {
    await store.log.ensureTopic('orders', { partitions })
    // Small appends: otherwise all would lie in one block.
    for (let n = 0; n < orders.length; n += 100)
      await store.log.append(
        orders.slice(n, n + 100).map(({ id, customer, at }, k) => ({
          topic: 'orders',
          partition: Number(customer.slice(1)) % partitions,
          key: Buffer.from(customer),
          value: Buffer.from(JSON.stringify({ id, customer, amount: id.endsWith('x') ? -1 : n + k })),
          headers: [],
          timestamp: at,
        })),
      )
  } finally {
    await store.close()
  }
}

/** What a group has committed in the store of a folder, by partition. */
export async function committedIn(folder: string, group: string): Promise<Record<string, number>> {
  const store = openEmbedded(join(folder))
  try {
    const all = store.groups.positionsOf(group)
    return Object.fromEntries(all.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
  } finally {
    await store.close()
  }
}

/** `count` orders of customers c0 to c2, evenly over `days` days from the first. */
export function evenOrders(count: number, days: number, from = 0): TimedOrder[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `o${from + n}`,
    customer: `c${n % 3}`,
    at: firstDay + Math.floor((n * days * day) / count),
  }))
}
