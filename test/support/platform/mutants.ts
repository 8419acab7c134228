import { dataOf, turnOf, type Facts, type Row, type Told } from './facts.ts'

/** A fault that the platform might have, done to what it has made, and the finding that must be made of it. */
export interface Mutant {
  readonly noticed: RegExp
  readonly change: (facts: Facts) => Facts
}

type Change<T> = (all: readonly T[]) => readonly T[]

const drop = <T>(all: readonly T[]): readonly T[] => all.filter((_, n) => n !== Math.floor(all.length / 2))
const twice = <T>(all: readonly T[]): readonly T[] => [...all, all[Math.floor(all.length / 2)]!]

function inTopic(topic: string, change: Change<Told>): Mutant['change'] {
  return (facts) => ({ ...facts, topics: { ...facts.topics, [topic]: change(facts.topics[topic]!) } })
}

function inTable(table: string, change: Change<Row>): Mutant['change'] {
  return (facts) => ({ ...facts, tables: { ...facts.tables, [table]: change(facts.tables[table]!) } })
}

/** Another value in one row. */
function otherwise(column: string, value: (is: Row[string]) => Row[string]): Change<Row> {
  return (rows) => {
    const at = rows.findLastIndex((row) => row[column] !== null && row[column] !== undefined)
    return rows.map((row, n) => (n === at ? { ...row, [column]: value(row[column] ?? null) } : row))
  }
}

/** The second event of some session before the first. */
function swapped(records: readonly Told[]): readonly Told[] {
  const second = records.findLastIndex((record) => turnOf(record) === 2)
  const first = records.findLastIndex(({ key }, n) => n < second && key === records[second]!.key)
  return records.with(first, records[second]!).with(second, records[first]!)
}

/** The last event of some session that has two, as one that came too late. */
function late(facts: Facts): Facts {
  const records = facts.topics['business.orders.in-order']!
  const last = records.findLast((record) => turnOf(record) === 2)!
  const inOrder = records.filter(
    (record) => record !== last && !(record.key === last.key && turnOf(record) > 2),
  )
  return {
    ...facts,
    topics: { ...facts.topics, 'business.orders.in-order': inOrder, 'business.orders.late': [last] },
  }
}

/** What the judge must notice. */
export const mutants: Readonly<Record<string, Mutant>> = {
  'an effect that is lost': {
    noticed: /^orders: .* is missing$/,
    change: inTable('orders', drop),
  },
  'an order that is as it was before its last event': {
    noticed: /^orders: .*status is paid, and should be shipped$/,
    change: inTable('orders', (rows) => {
      const at = rows.findIndex(({ status }) => status === 'shipped')
      return rows.with(at, { ...rows[at]!, status: 'paid' })
    }),
  },
  'an order that its customer does not see': {
    noticed: /^orders_by_customer: .* is missing$/,
    change: inTable('orders_by_customer', drop),
  },
  'a change of stock that counts twice': {
    noticed: /^stock: .*available is/,
    change: inTable(
      'stock',
      otherwise('available', (is) => Number(is) - 1),
    ),
  },
  'a closed account that still has an address for letters': {
    noticed: /^customers: .*email is somebody@customers.example, and should be null$/,
    change: inTable('customers', (rows) => {
      const at = rows.findIndex(({ status }) => status === 'closed')
      return rows.with(at, { ...rows[at]!, email: 'somebody@customers.example' })
    }),
  },
  'an order that counts in no minute': {
    noticed: /^orders_per_minute: .*orders is/,
    change: inTable(
      'orders_per_minute',
      otherwise('orders', (is) => Number(is) - 1),
    ),
  },
  'revenue that counts twice': {
    noticed: /^revenue_per_hour: .*revenue is/,
    change: inTable(
      'revenue_per_hour',
      otherwise('revenue', (is) => (Number(is) * 2).toFixed(2)),
    ),
  },
  'a product whose sales are lost': {
    noticed: /^product_sales_per_hour: .* is missing$/,
    change: inTable('product_sales_per_hour', drop),
  },
  'a visit that counts twice': {
    noticed: /^funnel_per_hour: .*visits is/,
    change: inTable(
      'funnel_per_hour',
      otherwise('visits', (is) => Number(is) + 1000),
    ),
  },
  'visits of an hour that are lost': {
    noticed: /^funnel_per_hour: .*visits is 0, and is from/,
    change: inTable('funnel_per_hour', (rows) =>
      rows.toSorted((a, b) => Number(b['visits']) - Number(a['visits'])).slice(1),
    ),
  },
  'an event of a session that is lost': {
    noticed: /^business\.orders\.in-order.* is missing$/,
    change: inTopic('business.orders.in-order', drop),
  },
  'an event of a session that is told twice': {
    noticed: /^business\.orders\.in-order.* is there 2 times$/,
    change: inTopic('business.orders.in-order', twice),
  },
  'an event of a session that is another one than was written': {
    noticed: /is not as it was written/,
    change: inTopic('business.orders.in-order', ([first, ...others]) => [
      { ...first!, event: { ...first!.event, data: { ...dataOf(first!), orderId: 'another' } } },
      ...others,
    ]),
  },
  'two events of a session in the wrong order': {
    noticed: /number 1 comes after 2 /,
    change: inTopic('business.orders.in-order', swapped),
  },
  'an event that is late, and nobody was told of a gap': {
    noticed: /is late, and was never given up$/,
    change: late,
  },
  'an event that is missing in the topic of its type': {
    noticed: /^business\.orders\.paid: .* is missing$/,
    change: inTopic('business.orders.paid', drop),
  },
  'an event that is twice in the topic of its type': {
    noticed: /^business\.orders\.created: .* is there 2 times$/,
    change: inTopic('business.orders.created', twice),
  },
  'a letter that is sent twice': {
    noticed: /^business\.notifications\.requested: .* is there 2 times$/,
    change: inTopic('business.notifications.requested', twice),
  },
  'an alert that is told twice': {
    noticed: /^business\.inventory\.low-stock: .* is told twice$/,
    change: inTopic('business.inventory.low-stock', twice),
  },
  'an alert whose row is lost': {
    noticed: /^low_stock_alerts: .* is missing$/,
    change: inTable('low_stock_alerts', drop),
  },
  'an event that is not in the topic of the audit': {
    noticed: /^audit\.business\.events: .* is missing$/,
    change: inTopic('audit.business.events', (all) => {
      const gone = all[Math.floor(all.length / 2)]!.event['eventId']
      return all.filter(({ event }) => event['eventId'] !== gone)
    }),
  },
  'a good event that is parked': {
    noticed: /^order-views\.business\.orders\.events\.parked has 1 records$/,
    change: (facts) => ({ ...facts, letters: { 'order-views.business.orders.events.parked': 1 } }),
  },
}
