import type { ShopEvent } from '../../platform/shop/shop-event.ts'
import type { Due } from './effects.ts'
import { StockModel } from './stock-model.ts'
import { Turns } from './turns.ts'

/** An order as it should be in the end. */
export interface ExpectedOrder {
  status: string
  /** The number in its session of the event that says so. */
  seq: number
}

/** What becomes visible of an event when its turn has come. */
export interface Visible {
  /** The column of `orders` that the event writes. */
  readonly order?: { readonly orderId: string; readonly column: string }
  readonly stock?: { readonly sku: string; readonly change: number }
}

const statuses: Readonly<Record<string, string>> = {
  'order.created': 'created',
  'order.paid': 'paid',
  'order.shipped': 'shipped',
  'order.cancelled': 'cancelled',
}
const letters = ['order.created', 'order.shipped', 'order.cancelled']

/** What the platform should make of the events that were written, and since when. */
export class Expectations {
  readonly stock = new StockModel()
  readonly orders = new Map<string, ExpectedOrder>()
  readonly customers = new Set<string>()
  /** Notifications that are still to come, by the id of their event. */
  readonly notices = new Map<string, Due>()
  readonly #told = new Set<string>()
  readonly #turns = new Turns()
  readonly #events = new Set<string>()
  readonly #columns = new Map<string, NonNullable<Visible['order']>>()
  #business = 0
  #created = 0
  #repeated = 0
  #strange = 0

  /** Different events that the audit has to have. */
  get business(): number {
    return this.#business
  }

  get created(): number {
    return this.#created
  }

  /** An event is written; `show` is told what can be seen of it, since when. One that was written before calls for nothing. */
  written({ topic, key, event }: ShopEvent, due: Due, show: (what: Visible, due: Due) => void): void {
    const { eventId, eventType, data, metadata } = event
    if (this.#events.has(eventId)) return
    this.#events.add(eventId)
    if (topic.startsWith('business.')) this.#business++
    if (letters.includes(eventType)) this.notices.set(eventId, due)
    if (eventType === 'customer.registered') this.customers.add(key)
    if (eventType.startsWith('stock.'))
      show({ stock: { sku: key, change: this.stock.changed(key, Number(data['change']), due) } }, due)
    const status = statuses[eventType]
    if (status === undefined) return
    const { sessionId, sessionSeq: seq } = metadata as { sessionId: string; sessionSeq: number }
    if (status === 'created') this.#created++
    const orderId = String(data['orderId'])
    const order = this.orders.get(orderId)
    if (order === undefined || seq > order.seq) this.orders.set(orderId, { status, seq })
    this.#columns.set(`${sessionId} ${seq}`, { orderId, column: `${status}_at` })
    for (const turn of this.#turns.written(sessionId, seq, due)) {
      const name = `${sessionId} ${turn.seq}`
      show({ order: this.#columns.get(name)! }, turn.due)
      this.#columns.delete(name)
    }
  }

  /** A notification came for an event. Answers since when it was due; undefined for one that came before. */
  notified(eventId: string): Due | undefined {
    if (this.#told.has(eventId)) this.#repeated++
    this.#told.add(eventId)
    const due = this.notices.get(eventId)
    if (due === undefined && !this.#events.has(eventId)) this.#strange++
    this.notices.delete(eventId)
    return due
  }

  /** What is wrong with what was seen of topics, when nothing is under way any more. */
  faults(): string[] {
    const faults = this.stock.faults()
    if (this.notices.size > 0) faults.push(`${this.notices.size} notifications did not come`)
    if (this.#repeated > 0) faults.push(`${this.#repeated} notifications came twice`)
    if (this.#strange > 0) faults.push(`${this.#strange} notifications are of no event`)
    if (this.#turns.waiting > 0)
      faults.push(`${this.#turns.waiting} events lack one before them: the load is wrong`)
    return faults
  }
}
