import type { Person } from './people.ts'
import { kinds, type ShopEvent } from './shop-event.ts'
import { decimal, type Product } from './stock.ts'
import { release, reserve, type StockCause } from './warehouse.ts'
import type { World } from './world.ts'

const minute = 60_000

/** One line of a cart. */
export interface Line {
  readonly product: Product
  readonly quantity: number
}

/** The session in which an order is made; it numbers the events of the order, also after it has ended. */
export interface OrderSession {
  readonly id: string
  readonly correlationId: string
  readonly person: Person
  /** Whether it runs on the old checkout, which writes the first MAJOR. */
  readonly isOld: boolean
  orderSeq: number
}

interface Order {
  readonly session: OrderSession
  readonly id: string
  readonly lines: readonly Line[]
  /** In hundredths. */
  readonly total: number
  readonly createdBy: string
}

/** Places an order of what is in the cart, and lets happen what follows. Answers its id. */
export function placeOrder(
  world: World,
  session: OrderSession,
  lines: readonly Line[],
  causationId: string,
): string {
  const total = lines.reduce((sum, { product, quantity }) => sum + quantity * product.price, 0)
  const id = world.random.uuid()
  const kind = session.isOld ? kinds.orderCreatedOld : kinds.orderCreated
  const createdBy = tell(world, { session, id, kind, data: orderData(session, lines, total), causationId })
  const order = { session, id, lines, total, createdBy }
  const reserved = reserveAll(world, order)
  if (!reserved) world.later(minute / 10, () => cancel(world, order, 'out-of-stock', createdBy))
  else if (world.random.chance(0.05))
    world.later(5 * minute, () => cancel(world, order, 'payment-failed', createdBy))
  else world.later(minute, () => pay(world, order))
  return id
}

interface Told {
  readonly session: OrderSession
  readonly id: string
  readonly kind: (typeof kinds)[keyof typeof kinds]
  readonly data: ShopEvent['event']['data']
  readonly causationId: string
}

/** Events of an order have its session's key, and the next number in it. */
function tell(world: World, { session, id, kind, data, causationId }: Told): string {
  return world.emit({
    kind,
    key: session.id,
    data: { orderId: id, customerId: session.person.id, ...data },
    correlationId: session.correlationId,
    causationId,
    turn: { sessionId: session.id, seq: ++session.orderSeq },
  })
}

function orderData(
  { person, isOld }: OrderSession,
  lines: readonly Line[],
  total: number,
): ShopEvent['event']['data'] {
  const items = lines.map(({ product, quantity }) => ({
    sku: product.sku,
    quantity,
    unitPrice: decimal(product.price),
    amount: decimal(quantity * product.price),
  }))
  const { town, street, givenName, familyName } = person
  const common = { items, total: decimal(total), couponCode: null, legacyField: null }
  if (isOld) return common
  const { city, postalCode, country, currency } = town
  const shippingAddress = { name: `${givenName} ${familyName}`, street, city, postalCode, country }
  return { ...common, currency, shippingAddress }
}

function causeOf({ session, id }: Order, causationId: string): StockCause {
  return { orderId: id, correlationId: session.correlationId, causationId }
}

/** All of it or nothing: what was set aside is given back where the rest is not there. */
function reserveAll(world: World, order: Order): boolean {
  const done: Line[] = []
  for (const line of order.lines) {
    if (!reserve(world, line.product, line.quantity, causeOf(order, order.createdBy))) {
      giveBack(world, order, done, order.createdBy)
      return false
    }
    done.push(line)
  }
  return true
}

function giveBack(world: World, order: Order, lines: readonly Line[], causationId: string): void {
  for (const { product, quantity } of lines) release(world, product, quantity, causeOf(order, causationId))
}

function pay(world: World, order: Order): void {
  const { random } = world
  const currency = order.session.isOld ? 'EUR' : order.session.person.town.currency
  const method = random.pick(['CARD', 'CARD', 'CARD', 'TRANSFER', 'INVOICE', 'VOUCHER'])
  const data = { paymentId: random.uuid(), amount: decimal(order.total), currency, method }
  const { session, id, createdBy } = order
  const paidBy = tell(world, { session, id, kind: kinds.orderPaid, data, causationId: createdBy })
  if (random.chance(0.04)) world.later(20 * minute, () => cancel(world, order, 'customer', paidBy))
  else world.later(45 * minute, () => send(world, order, paidBy))
}

function send(world: World, { session, id }: Order, causationId: string): void {
  const { random } = world
  const trackingNumber = `T${random.int(10_000_000, 99_999_999)}`
  const data = { shipmentId: random.uuid(), carrier: random.pick(['post', 'parcel', 'bike']), trackingNumber }
  tell(world, { session, id, kind: kinds.orderShipped, data, causationId })
}

function cancel(world: World, order: Order, reason: string, causationId: string): void {
  const { session, id, total } = order
  const data = { reason, refund: reason === 'customer' ? decimal(total) : null }
  const cancelledBy = tell(world, { session, id, kind: kinds.orderCancelled, data, causationId })
  if (reason !== 'out-of-stock') giveBack(world, order, order.lines, cancelledBy)
}
