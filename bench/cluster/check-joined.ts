import type { PackedRecords } from '../../native/records.ts'
import { customerRow, type Customer } from './customers.ts'
import { customerOf, eventOfRecord, keyPrefix, orderTotal, type OrderTopic } from './orders.ts'

/** One line of the output: an order with its customer. */
interface Line {
  readonly order: string
  readonly total: number
  readonly customer: Customer
}

/** Looks at every record that a join wrote: each order is there as often as it was read, with its own customer. */
export class JoinCheck {
  readonly #topic: OrderTopic
  readonly #left: Int8Array
  #strange = 0
  #wrong = 0

  constructor(topic: OrderTopic) {
    this.#topic = topic
    this.#left = new Int8Array(topic.total)
    for (let n = 0; n < topic.total; n++) this.#left[eventOfRecord(n)]!++
  }

  look({ bytes, count, keyStarts, keyEnds, valueStarts, valueEnds }: PackedRecords): void {
    for (let row = 0; row < count; row++) {
      const key = Number(bytes.toString('latin1', keyStarts[row]! + keyPrefix.length, keyEnds[row]))
      this.#record(key, JSON.parse(bytes.toString('latin1', valueStarts[row], valueEnds[row])) as Line)
    }
  }

  #record(key: number, { order, total, customer }: Line): void {
    const event = Number(order.slice(-10))
    if (!(event >= 0 && event < this.#topic.total) || customerOf(event, this.#topic.keys) !== key) {
      this.#strange++
      return
    }
    this.#left[event]!--
    const { name, city } = customerRow(key)
    if (customer.name !== name || customer.city !== city || total !== orderTotal) this.#wrong++
  }

  /** What is wrong with the topic, in words; undefined if nothing is. */
  get fault(): string | undefined {
    const missing = this.#left.reduce((sum, left) => sum + Math.max(0, left), 0)
    const surplus = this.#left.reduce((sum, left) => sum + Math.max(0, -left), 0)
    const faults = [
      missing > 0 && `${missing} orders are missing`,
      surplus > 0 && `${surplus} came too often`,
      this.#wrong > 0 && `${this.#wrong} have another customer or total`,
      this.#strange > 0 && `${this.#strange} were never sent`,
    ].filter((fault) => fault !== false)
    return faults.length === 0 ? undefined : faults.join(', ')
  }
}
