import { visits } from './sessions.ts'
import type { ShopEvent } from './shop-event.ts'
import { count, receive } from './warehouse.ts'
import { World, type Trouble } from './world.ts'

/** What the shop is like. */
export interface ShopOptions {
  readonly seed: number
  /** How many records are written at least; what is on its way then is still written, so that no session has a gap. */
  readonly events: number
  /** When it opens: milliseconds since 1970. */
  readonly begin: number
  readonly products?: number
  /** Sessions an hour, on average. */
  readonly sessions?: number
  readonly trouble?: Trouble
}

const usual = { products: 60, sessions: 400, trouble: { late: 0.01, again: 0.02 } } as const

/**
 * The records of a made-up shop, in the order in which they are written: customers, their sessions, carts and orders, payments,
 * parcels and stock. The same options give the same records, on every machine. A few products and customers make most of the
 * sales; orders are cancelled, goods run out; some records are late, some are sent twice.
 *
 * Nothing is sold that is not there: what can be sold of a product is never below zero, in the order of the events' times.
 */
export function* shopEvents(options: ShopOptions): Generator<ShopEvent> {
  const { seed, events, begin, products, sessions, trouble } = { ...usual, ...options }
  const world = new World(seed, begin, products, trouble)
  for (const product of world.products) receive(world, product)
  visits(world, sessions)
  world.later(3_600_000, () => count(world))
  for (let written = 0; written < events; written++) {
    const next = world.nextWrite()
    if (next === undefined) return
    yield next
  }
  yield* world.onTheirWay()
}

/** From its opening to its last event, in milliseconds: for a shop that opens so that it closes now. */
export function shopSpan(options: Omit<ShopOptions, 'begin'>): number {
  let last = 0
  for (const { event } of shopEvents({ ...options, begin: 0 })) last = Math.max(last, event.timestamp)
  return last
}
