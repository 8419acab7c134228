/** A topic of one type: the topic that its events are from, and what they are called there. */
export interface View {
  readonly topic: string
  readonly from: string
  readonly type: string
}

const viewsOf = (domain: string, types: Readonly<Record<string, string>>): View[] =>
  Object.entries(types).map(([name, type]) => ({
    topic: `${domain}.${name}`,
    from: `${domain}.events`,
    type,
  }))

/** All of them. */
export const views: readonly View[] = [
  ...viewsOf('business.orders', {
    created: 'order.created',
    paid: 'order.paid',
    shipped: 'order.shipped',
    cancelled: 'order.cancelled',
  }),
  ...viewsOf('business.inventory', {
    received: 'stock.received',
    reserved: 'stock.reserved',
    released: 'stock.released',
    adjusted: 'stock.adjusted',
  }),
  ...viewsOf('business.customers', {
    registered: 'customer.registered',
    updated: 'customer.updated',
    deleted: 'customer.deleted',
  }),
  ...viewsOf('analytics.sessions', {
    'page-viewed': 'page.viewed',
    'cart-changed': 'cart.changed',
    'checkout-started': 'checkout.started',
    'checkout-completed': 'checkout.completed',
  }),
]
