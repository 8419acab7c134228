// The read models and figures of the shop, from the topics, by the simplest way that there is.
import { up } from '../../../schemas/business.customers.events/CustomerRegistered.v1-v2.ts'
import {
  dataOf,
  distinct,
  idOf,
  inTopic,
  timeOf,
  turnOf,
  typeOf,
  type Facts,
  type Json,
  type Row,
  type Told,
} from './facts.ts'

type Writable = Record<string, string | number | boolean | null>

/** A table as it must be. */
export interface ExpectedTable {
  readonly key: readonly string[]
  readonly rows: readonly Row[]
}

const minute = 60_000
const hour = 60 * minute

/** The tables that are compared cell by cell; columns that a row does not have are not compared. */
export function expectedTables(facts: Facts): Readonly<Record<string, ExpectedTable>> {
  const all = distinct(inTopic(facts, 'business.orders.events'))
  const late = new Set(inTopic(facts, 'business.orders.late').map(idOf))
  const inTurn = all.filter((record) => !late.has(idOf(record)))
  const created = all.filter((record) => typeOf(record) === 'order.created')
  return {
    orders: { key: ['order_id'], rows: orderRows(inTurn) },
    orders_by_customer: { key: ['customer_id', 'created_at', 'order_id'], rows: ordersOfCustomers(inTurn) },
    stock: { key: ['sku'], rows: stockRows(distinct(inTopic(facts, 'business.inventory.events'))) },
    customers: {
      key: ['customer_id'],
      rows: customerRows(distinct(inTopic(facts, 'business.customers.events'))),
    },
    orders_per_minute: { key: ['type', 'minute'], rows: minuteRows(created) },
    revenue_per_hour: { key: ['currency', 'hour'], rows: revenueRows(created) },
    product_sales_per_hour: { key: ['hour', 'sku'], rows: salesRows(created) },
  }
}

/**
 * How far visits came, by hour and device: all of them, and those that are over for sure, because their partition tells of a later
 * time. Whether the others are over is for the clock to say.
 */
export function expectedVisits(facts: Facts): {
  readonly key: readonly string[]
  readonly all: readonly Row[]
  readonly over: readonly Row[]
} {
  const records = distinct(inTopic(facts, 'analytics.sessions.events'))
  const now = new Map<number, number>()
  for (const record of records)
    now.set(record.partition, Math.max(now.get(record.partition) ?? 0, timeOf(record)))
  const visits = visitsOf(records)
  const over = visits.filter(({ partition, last }) => last + 35 * minute < now.get(partition)!)
  return { key: ['device', 'hour'], all: funnelRows(visits), over: funnelRows(over) }
}

/** Rows by their key, which `change` makes what they are. */
class Rows {
  readonly #rows = new Map<string, Writable>()

  of(key: Writable): Writable {
    const text = JSON.stringify(Object.values(key))
    const row = this.#rows.get(text) ?? { ...key }
    this.#rows.set(text, row)
    return row
  }

  all(): readonly Row[] {
    return [...this.#rows.values()]
  }
}

/** The first MAJOR of an order has no currency. */
function currencyOf(data: Json): string {
  return text(data['currency']) ?? 'EUR'
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : (value as string)
}

function orderRows(records: readonly Told[]): readonly Row[] {
  const rows = new Rows()
  for (const record of records.toSorted((a, b) => turnOf(a) - turnOf(b))) {
    const { data, at } = { data: dataOf(record), at: timeOf(record) }
    const row = rows.of({ order_id: text(data['orderId']) })
    const kind = typeOf(record).slice('order.'.length)
    Object.assign(row, { status: kind, [`${kind}_at`]: at }, cellsOf[kind]!(data, record))
  }
  return rows.all()
}

const cellsOf: Readonly<Record<string, (data: Json, record: Told) => Row>> = {
  created: (data, record) => ({
    customer_id: text(data['customerId']),
    session_id: record.key,
    total: text(data['total']),
    currency: currencyOf(data),
    items: JSON.stringify(data['items']),
  }),
  paid: (data) => ({ payment_id: text(data['paymentId']) }),
  shipped: (data) => ({ carrier: text(data['carrier']), tracking_number: text(data['trackingNumber']) }),
  cancelled: (data) => ({ cancel_reason: text(data['reason']), refund: text(data['refund']) }),
}

function ordersOfCustomers(records: readonly Told[]): readonly Row[] {
  return records
    .filter((record) => typeOf(record) === 'order.created')
    .map((record) => {
      const data = dataOf(record)
      return {
        customer_id: text(data['customerId']),
        created_at: timeOf(record),
        order_id: text(data['orderId']),
        total: text(data['total']),
        currency: currencyOf(data),
      }
    })
}

function stockRows(records: readonly Told[]): readonly Row[] {
  const rows = new Rows()
  for (const record of records) {
    const row = rows.of({ sku: record.key })
    row['available'] = Number(row['available'] ?? 0) + Number(dataOf(record)['change'])
    row['changes'] = Number(row['changes'] ?? 0) + 1
    row['changed_at'] = Math.max(Number(row['changed_at'] ?? 0), timeOf(record))
  }
  return rows.all()
}

function customerRows(records: readonly Told[]): readonly Row[] {
  const rows = new Rows()
  for (const record of records.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const row = rows.of({ customer_id: record.key })
    const data = dataOf(record)
    if (typeOf(record) === 'customer.registered') {
      const { givenName, familyName, email, country, newsletter } = newest(record)
      const name = {
        given_name: text(givenName),
        family_name: text(familyName),
        newsletter: newsletter === true,
      }
      Object.assign(row, { status: 'active', registered_at: timeOf(record), ...name })
      Object.assign(row, { email: text(email), country: text(country) })
    } else if (typeOf(record) === 'customer.updated') {
      if (data['email'] !== null) row['email'] = text(data['email'])
      if (data['phone'] !== null) row['phone'] = text(data['phone'])
    } else {
      const nothing = {
        email: null,
        given_name: null,
        family_name: null,
        phone: null,
        country: null,
        newsletter: null,
      }
      Object.assign(row, { status: 'closed', closed_at: timeOf(record), ...nothing })
    }
  }
  return rows.all()
}

/** As the second MAJOR has it. */
function newest({ event }: Told): Json {
  const data = event['data'] as Json
  return 'name' in data ? up(event as unknown as Parameters<typeof up>[0]).data : data
}

function floor(time: number, width: number): number {
  return Math.floor(time / width) * width
}

function minuteRows(created: readonly Told[]): readonly Row[] {
  const rows = new Rows()
  for (const record of created) {
    const row = rows.of({ type: typeOf(record), minute: floor(timeOf(record), minute) })
    row['orders'] = Number(row['orders'] ?? 0) + 1
  }
  return rows.all()
}

function cents(amount: unknown): number {
  return Math.round(Number(amount) * 100)
}

function revenueRows(created: readonly Told[]): readonly Row[] {
  const rows = new Rows()
  for (const record of created) {
    const data = dataOf(record)
    const row = rows.of({ currency: currencyOf(data), hour: floor(timeOf(record), hour) })
    row['orders'] = Number(row['orders'] ?? 0) + 1
    row['revenue'] = ((cents(row['revenue'] ?? 0) + cents(data['total'])) / 100).toFixed(2)
  }
  return rows.all()
}

function salesRows(created: readonly Told[]): readonly Row[] {
  const rows = new Rows()
  for (const record of created) {
    for (const { sku, quantity } of dataOf(record)['items'] as readonly { sku: string; quantity: number }[]) {
      const row = rows.of({ hour: floor(timeOf(record), hour), sku })
      row['units'] = Number(row['units'] ?? 0) + quantity
      row['orders'] = Number(row['orders'] ?? 0) + 1
    }
  }
  return rows.all()
}

interface Visit {
  readonly partition: number
  last: number
  readonly device: string
  readonly types: Set<string>
}

/** A visit is over half an hour after its last event, and counts in the hour of that. */
function funnelRows(visits: readonly Visit[]): readonly Row[] {
  const rows = new Rows()
  for (const { last, device, types } of visits) {
    const row = rows.of({ device, hour: floor(last, hour) })
    const counted = {
      visits: '',
      carts: 'cart.changed',
      checkouts: 'checkout.started',
      orders: 'checkout.completed',
    }
    for (const [column, type] of Object.entries(counted))
      row[column] = Number(row[column] ?? 0) + (type === '' || types.has(type) ? 1 : 0)
  }
  return rows.all()
}

function visitsOf(records: readonly Told[]): readonly Visit[] {
  const visits: Visit[] = []
  const open = new Map<string, Visit>()
  for (const record of records.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const before = open.get(record.key)
    const isNew = before === undefined || timeOf(record) > before.last + 30 * minute
    const visit = isNew ? newVisit(record) : before
    visit.last = timeOf(record)
    visit.types.add(typeOf(record))
    if (!isNew) continue
    visits.push(visit)
    open.set(record.key, visit)
  }
  return visits
}

function newVisit(record: Told): Visit {
  return { partition: record.partition, last: 0, device: String(dataOf(record)['device']), types: new Set() }
}
