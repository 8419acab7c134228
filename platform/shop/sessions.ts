import { placeOrder, type Line, type OrderSession } from './orders.ts'
import type { Person } from './people.ts'
import { kinds, type ShopEvent } from './shop-event.ts'
import type { World } from './world.ts'

const second = 1000
const hour = 3_600_000

/** A visit, until the customer leaves. */
interface Session extends OrderSession {
  readonly device: string
  readonly cart: Map<number, Line>
  readonly cartId: string
  /** Pages that will still be looked at. */
  pages: number
  analyticsSeq: number
}

/** Lets customers come: `rate` sessions an hour on average, three times as many at the best time of a day as at the worst. */
export function visits(world: World, rate: number): void {
  const rhythm = 1 + 0.5 * Math.sin(((world.now - world.begin) / (24 * hour)) * 2 * Math.PI)
  world.later(hour / rate / rhythm, () => {
    enter(world)
    visits(world, rate)
  })
}

function enter(world: World): void {
  const { random } = world
  const session: Session = {
    id: `s-${random.uuid().slice(0, 13)}`,
    correlationId: random.uuid(),
    person: visitor(world),
    isOld: random.chance(0.2),
    device: random.pick(['DESKTOP', 'DESKTOP', 'PHONE', 'PHONE', 'PHONE', 'TABLET']),
    cart: new Map(),
    cartId: random.uuid(),
    // Most leave soon, and some look at everything.
    pages: 1 + Math.floor(Math.exp(random.next() * 2.8)),
    orderSeq: 0,
    analyticsSeq: 0,
  }
  look(world, session)
}

/** A new customer, or one who has been here: the first ones come most often. */
function visitor(world: World): Person {
  const { random, people } = world
  if (people.length > 0 && !random.chance(0.25))
    return people[Math.floor(people.length * random.next() ** 2)]!
  const person = world.stranger()
  people.push(person)
  const { id, email, givenName, familyName, town } = person
  const isOld = random.chance(0.2)
  const name = isOld
    ? { name: `${givenName} ${familyName}` }
    : { givenName, familyName, newsletter: random.chance(0.4) }
  world.emit({
    kind: isOld ? kinds.customerRegisteredOld : kinds.customerRegistered,
    key: id,
    data: { customerId: id, email, country: town.country, ...name },
    correlationId: random.uuid(),
  })
  return person
}

function tell(
  world: World,
  session: Session,
  kind: (typeof kinds)[keyof typeof kinds],
  data: ShopEvent['event']['data'],
): string {
  return world.emit({
    kind,
    key: session.id,
    data: { ...data, device: session.device },
    correlationId: session.correlationId,
    turn: { sessionId: session.id, seq: ++session.analyticsSeq },
  })
}

function look(world: World, session: Session): void {
  const { random } = world
  const rank = world.popularity.rank(random)
  const product = world.products[rank]!
  const isHome = session.analyticsSeq === 0
  const page = isHome ? { page: '/', sku: null } : { page: `/products/${product.sku}`, sku: product.sku }
  tell(world, session, kinds.pageViewed, page)
  if (!isHome && random.chance(0.3)) {
    const quantity = (session.cart.get(rank)?.quantity ?? 0) + random.pick([1, 1, 1, 2, 3])
    session.cart.set(rank, { product, quantity })
    tell(world, session, kinds.cartChanged, { cartId: session.cartId, sku: product.sku, quantity })
  }
  if (--session.pages > 0) world.later(20 * second, () => look(world, session))
  else if (session.cart.size > 0 && random.chance(0.7))
    world.later(15 * second, () => checkout(world, session))
  else leave(world, session)
}

function checkout(world: World, session: Session): void {
  const started = tell(world, session, kinds.checkoutStarted, { checkoutId: world.random.uuid() })
  if (!world.random.chance(0.8)) return leave(world, session)
  world.later(60 * second, () => {
    const lines = [...session.cart.values()]
    const orderId = placeOrder(world, session, lines, started)
    tell(world, session, kinds.checkoutCompleted, { orderId })
    leave(world, session)
  })
}

/** Now and then somebody changes the account, or closes it, in the end. */
function leave(world: World, { person, correlationId }: Session): void {
  const { random, people } = world
  const { id } = person
  const at = people.indexOf(person)
  if (at < 0) return
  if (random.chance(0.02)) {
    const data = { customerId: id, email: null, phone: `+49 30 ${random.int(1_000_000, 9_999_999)}` }
    world.emit({ kind: kinds.customerUpdated, key: id, data, correlationId })
  } else if (random.chance(0.01)) {
    people.splice(at, 1)
    world.emit({
      kind: kinds.customerDeleted,
      key: id,
      data: { customerId: id, reason: 'request' },
      correlationId,
    })
  }
}
