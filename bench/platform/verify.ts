import type { Client } from 'cassandra-driver'
import type { Expectations } from './expectations.ts'
import { differenceLine, type Difference } from '../../cli/reconcile/result.ts'
import { millrace, type Cluster } from './servers.ts'
import { root } from './workers.ts'

/** What was compared, and what is wrong: nothing, where the run was right. */
export interface Verdict {
  readonly faults: readonly string[]
  readonly auditRows: number
  readonly orders: number
  readonly products: number
  readonly customers: number
}

/** Of what differs, so much is told. */
const shownDifferences = 5

interface Reconciled {
  readonly tables: readonly { readonly table: string; readonly expected: number; readonly found: number }[]
  readonly differences: readonly Difference[]
}

/** Compares all that the platform has made of the load with what it should have made. */
export async function verify(cluster: Cluster, client: Client, expected: Expectations): Promise<Verdict> {
  const faults = expected.faults()
  const orders = await rowsOf(client, 'SELECT order_id, status FROM orders')
  const wrong = orders.filter((row) => expected.orders.get(String(row['order_id']))?.status !== row['status'])
  if (wrong.length > 0) faults.push(`${wrong.length} orders have another status than their last event says`)
  compare(faults, 'orders', orders.length, expected.orders.size)
  const ofCustomers = await rowsOf(client, 'SELECT order_id FROM orders_by_customer')
  compare(faults, 'orders by customer', ofCustomers.length, expected.created)
  const customers = await rowsOf(client, 'SELECT customer_id FROM customers')
  compare(faults, 'customers', customers.length, expected.customers.size)
  const products = await stockFaults(client, expected, faults)
  const minutes = await rowsOf(client, 'SELECT type, orders FROM orders_per_minute')
  compare(faults, 'orders counted by minute', sumOf(minutes), expected.created)
  const hours = await rowsOf(client, 'SELECT currency, orders FROM revenue_per_hour')
  compare(faults, 'orders counted by hour', sumOf(hours), expected.created)
  const auditRows = await auditFaults(cluster, expected, faults)
  await letterFaults(cluster, faults)
  return { faults, auditRows, orders: orders.length, products, customers: customers.length }
}

type Row = Readonly<Record<string, unknown>>

async function rowsOf(client: Client, query: string): Promise<Row[]> {
  const rows: Row[] = []
  const result = await client.execute(query, [], { fetchSize: 5000 })
  for await (const row of result) rows.push(row)
  return rows
}

function sumOf(rows: readonly Row[]): number {
  return rows.reduce((sum, { orders }) => sum + Number(orders), 0)
}

function compare(faults: string[], what: string, found: number, expected: number): void {
  if (found !== expected) faults.push(`there are ${found} ${what} instead of ${expected}`)
}

async function stockFaults(client: Client, { stock }: Expectations, faults: string[]): Promise<number> {
  const rows = await rowsOf(client, 'SELECT sku, available, changes FROM stock')
  const bySku = new Map(rows.map((row) => [String(row['sku']), row]))
  const expected = [...stock.rows()]
  const wrong = expected.filter(({ sku, available, changes }) => {
    const row = bySku.get(sku)
    return row === undefined || Number(row['available']) !== available || Number(row['changes']) !== changes
  })
  if (wrong.length > 0) faults.push(`the stock of ${wrong.length} products is wrong`)
  compare(faults, 'products', rows.length, expected.length)
  return rows.length
}

/** The audit, row by row, as `millrace reconcile` compares it with the topics. */
async function auditFaults(
  { environment }: Cluster,
  { business }: Expectations,
  faults: string[],
): Promise<number> {
  const file = `${root}/topologies/audit-service-consumer-group.yaml`
  const output = await millrace(
    ['reconcile', file, '--env', environment, '--project', root, '-o', 'json'],
    [0, 1],
  )
  const { tables, differences } = JSON.parse(output) as Reconciled
  if (differences.length > 0)
    faults.push(
      `the audit differs from the topics in ${differences.length} rows or more: ` +
        differences.slice(0, shownDifferences).map(differenceLine).join('; '),
    )
  for (const { table, found } of tables) compare(faults, `rows in ${table}`, found, business)
  return tables.reduce((sum, { found }) => sum + found, 0)
}

async function letterFaults({ environment }: Cluster, faults: string[]): Promise<void> {
  const output = await millrace(['dlq', 'list', '--env', environment, '--project', root, '-o', 'json'])
  const { length } = JSON.parse(output) as readonly unknown[]
  if (length > 0) faults.push(`records of ${length} keys are parked`)
}
