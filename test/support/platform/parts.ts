import { shopEvents, type ShopOptions } from '../../../platform/shop/shop.ts'
import type { ShopEvent } from '../../../platform/shop/shop-event.ts'
import { releases, type Release } from './releases.ts'

/** Who writes a part of the shop: the services of one release, or those of which there is one release alone. */
export type Part = Release | 'others'
export const parts: readonly Part[] = [...releases, 'others']

/**
 * The events that a part writes, in the order of the shop. The orders of a session and the events of an account have one writer, as
 * in earnest: the one that numbers them.
 */
export function* eventsOf(part: Part, options: ShopOptions): Generator<ShopEvent> {
  for (const one of shopEvents(options)) if (writerOf(one) === part) yield one
}

function writerOf({ topic, key }: ShopEvent): Part {
  if (topic !== 'business.orders.events' && topic !== 'business.customers.events') return 'others'
  let sum = 0
  for (const letter of key) sum = (sum * 31 + letter.charCodeAt(0)) % 1_000_003
  return releases[sum % releases.length]!
}
