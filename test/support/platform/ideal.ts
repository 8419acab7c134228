import { shopEvents, type ShopOptions } from '../../../platform/shop/shop.ts'
import { expectedTables, expectedVisits } from './expected-rows.ts'
import {
  dataOf,
  distinct,
  idOf,
  inTopic,
  turnOf,
  typeOf,
  type Facts,
  type Json,
  type Row,
  type Told,
} from './facts.ts'
import { views } from './views.ts'

const partitions = 4

/** What a platform without any fault would have made of a shop: for the judge, who must find nothing in it. */
export function idealFacts(options: ShopOptions): Facts {
  const topics: Record<string, Told[]> = {
    'business.orders.events': [],
    'business.inventory.events': [],
    'business.customers.events': [],
    'analytics.sessions.events': [],
    'business.orders.late': [],
    'business.orders.gaps': [],
  }
  for (const { topic, key, event } of shopEvents(options)) {
    const records = topics[topic]!
    records.push({
      partition: partitionOf(key),
      offset: records.length,
      key,
      event: event as unknown as Json,
    })
  }
  for (const records of Object.values(topics))
    records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  const written: Facts = { topics, tables: {}, letters: {} }
  const orders = distinct(inTopic(written, 'business.orders.events'))
  topics['business.orders.in-order'] = orders.toSorted(
    (a, b) => a.partition - b.partition || a.key.localeCompare(b.key) || turnOf(a) - turnOf(b),
  )
  for (const { topic, from, type } of views)
    topics[topic] = distinct(inTopic(written, from)).filter((record) => typeOf(record) === type)
  topics['business.notifications.requested'] = orders
    .filter((record) => typeOf(record) !== 'order.paid')
    .map(letterOf)
  topics['business.inventory.low-stock'] = alertsOf(distinct(inTopic(written, 'business.inventory.events')))
  topics['audit.business.events'] = ['orders', 'inventory', 'customers']
    .flatMap((domain) => distinct(inTopic(written, `business.${domain}.events`)))
    .map(recordedOf)
  const tables = Object.entries(expectedTables(written)).map(([name, { rows }]) => [name, rows] as const)
  const alerts = topics['business.inventory.low-stock'].map(({ event }) => event as Row)
  return {
    ...written,
    tables: {
      ...Object.fromEntries(tables),
      low_stock_alerts: alerts,
      funnel_per_hour: expectedVisits(written).all,
    },
  }
}

function partitionOf(key: string): number {
  return key.charCodeAt(key.length - 1) % partitions
}

function letterOf(record: Told): Told {
  const { orderId, customerId } = dataOf(record)
  const event = { eventId: idOf(record), template: typeOf(record), orderId, customerId }
  return { ...record, key: String(customerId), event }
}

function alertsOf(records: readonly Told[]): Told[] {
  const stock = new Map<string, { available: number; version: number }>()
  return records.flatMap((record) => {
    const { available, version } = stock.get(record.key) ?? { available: 0, version: 0 }
    const now = { available: available + Number(dataOf(record)['change']), version: version + 1 }
    stock.set(record.key, now)
    const severity = now.available < 0 ? 'OVERSOLD' : 'LOW'
    return now.available >= 10 ? [] : [{ ...record, event: { sku: record.key, ...now, severity } }]
  })
}

function recordedOf(record: Told): Told {
  const { eventId, eventType, eventVersion } = record.event
  const data = {
    recordedType: eventType,
    recordedVersion: eventVersion,
    body: JSON.stringify(dataOf(record)),
  }
  return { ...record, event: { eventId, data } }
}
