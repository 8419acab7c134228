import type { Envelope } from '../envelope.ts'

/** One event of the shop, and how it is written. */
export interface ShopEvent {
  readonly topic: string
  readonly key: string
  /** The full name of its schema. */
  readonly schema: string
  readonly event: Envelope
  /** Why it is where it is in its topic, where that is not its turn. */
  readonly trouble?: 'late' | 'again'
}

/** The topics of the shop, each with the service that writes it. */
export const shopTopics = {
  orders: { topic: 'business.orders.events', source: 'order-service' },
  inventory: { topic: 'business.inventory.events', source: 'inventory-service' },
  customers: { topic: 'business.customers.events', source: 'customer-service' },
  analytics: { topic: 'analytics.sessions.events', source: 'web-shop' },
} as const

interface Kind {
  readonly domain: keyof typeof shopTopics
  readonly schema: string
  readonly type: string
  /** Semver of the newest version, which it is written with. */
  readonly version: string
}

function kind(domain: Kind['domain'], schema: string, type: string, version = '1.1.0'): Kind {
  return { domain, schema: `shop.${schema}`, type, version }
}

/** The kinds of events that the shop writes. Of two there are a new service and an old one, which writes the MAJOR before. */
export const kinds = {
  orderCreated: kind('orders', 'orders.v2.OrderCreated', 'order.created', '2.1.0'),
  orderCreatedOld: kind('orders', 'orders.OrderCreated', 'order.created'),
  orderPaid: kind('orders', 'orders.OrderPaid', 'order.paid'),
  orderShipped: kind('orders', 'orders.OrderShipped', 'order.shipped'),
  orderCancelled: kind('orders', 'orders.OrderCancelled', 'order.cancelled'),
  stockReceived: kind('inventory', 'inventory.StockReceived', 'stock.received'),
  stockReserved: kind('inventory', 'inventory.StockReserved', 'stock.reserved'),
  stockReleased: kind('inventory', 'inventory.StockReleased', 'stock.released'),
  stockAdjusted: kind('inventory', 'inventory.StockAdjusted', 'stock.adjusted'),
  customerRegistered: kind('customers', 'customers.v2.CustomerRegistered', 'customer.registered', '2.1.0'),
  customerRegisteredOld: kind('customers', 'customers.CustomerRegistered', 'customer.registered'),
  customerUpdated: kind('customers', 'customers.CustomerUpdated', 'customer.updated'),
  customerDeleted: kind('customers', 'customers.CustomerDeleted', 'customer.deleted'),
  pageViewed: kind('analytics', 'analytics.PageViewed', 'page.viewed'),
  cartChanged: kind('analytics', 'analytics.CartChanged', 'cart.changed'),
  checkoutStarted: kind('analytics', 'analytics.CheckoutStarted', 'checkout.started'),
  checkoutCompleted: kind('analytics', 'analytics.CheckoutCompleted', 'checkout.completed'),
} as const

/** What an event is made of. */
export interface EventFacts {
  readonly kind: Kind
  readonly id: string
  readonly key: string
  readonly time: number
  readonly data: Readonly<Record<string, unknown>>
  readonly correlationId: string
  readonly causationId?: string | undefined
  /** The session, and the event's number in it. */
  readonly turn?: { readonly sessionId: string; readonly seq: number } | undefined
}

/** The event of these facts, in its envelope. */
export function shopEvent({ kind: is, id, key, time, data, turn, ...facts }: EventFacts): ShopEvent {
  const { topic, source } = shopTopics[is.domain]
  const metadata = {
    correlationId: facts.correlationId,
    causationId: facts.causationId ?? null,
    schemaVersion: is.version,
    sessionId: turn?.sessionId ?? null,
    sessionSeq: turn?.seq ?? null,
  }
  const event = {
    eventId: id,
    eventType: is.type,
    eventVersion: is.version,
    timestamp: time,
    source,
    data,
    metadata,
  }
  return { topic, key, schema: is.schema, event }
}
