import type { PackedRecords } from '../../native/records.ts'
import { customerOf, eventOfRecord, keyPrefix, orderTotal, type OrderTopic } from './orders.ts'

/** One line of the output: the orders of a key in a window. */
interface Line {
  readonly from: number
  readonly orders: number
  readonly revenue: number
}

/**
 * Looks at every record that an aggregate of orders by key and window wrote: what is written of a window only grows, and
 * the last of it says how many orders there were, and what they come to.
 */
export class SumCheck {
  readonly #topic: OrderTopic
  readonly #start: number
  readonly #windowMs: number
  readonly #windows: number
  readonly #expected: Int32Array
  readonly #last: Int32Array
  #wrongSums = 0
  #strange = 0
  #shrunk = 0

  /** `start` is when the first event happened. */
  constructor(topic: OrderTopic, start: number, windowMs: number) {
    this.#topic = topic
    this.#start = start
    this.#windowMs = windowMs
    this.#windows = this.#windowOf(start + topic.total) + 1
    this.#expected = new Int32Array(topic.keys * this.#windows)
    this.#last = new Int32Array(topic.keys * this.#windows)
    for (let n = 0; n < topic.total; n++) {
      const event = eventOfRecord(n)
      this.#expected[this.#placeOf(customerOf(event, topic.keys), start + event)]!++
    }
  }

  #windowOf(time: number): number {
    return Math.floor(time / this.#windowMs) - Math.floor(this.#start / this.#windowMs)
  }

  #placeOf(key: number, time: number): number {
    return key * this.#windows + this.#windowOf(time)
  }

  look({ bytes, count, keyStarts, keyEnds, valueStarts, valueEnds }: PackedRecords): void {
    for (let row = 0; row < count; row++) {
      const key = Number(bytes.toString('latin1', keyStarts[row]! + keyPrefix.length, keyEnds[row]))
      const line = JSON.parse(bytes.toString('latin1', valueStarts[row], valueEnds[row])) as Line
      this.#record(key, line)
    }
  }

  #record(key: number, { from, orders, revenue }: Line): void {
    const place = this.#placeOf(key, from)
    if (!(key >= 0 && key < this.#topic.keys) || !(place >= 0 && place < this.#expected.length)) {
      this.#strange++
      return
    }
    if (orders < this.#last[place]!) this.#shrunk++
    if (Math.abs(revenue - orders * orderTotal) > 1e-6 * revenue) this.#wrongSums++
    this.#last[place] = orders
  }

  /** What is wrong with the topic, in words; undefined if nothing is. */
  get fault(): string | undefined {
    const wrong = this.#expected.reduce((sum, orders, place) => sum + Number(orders !== this.#last[place]), 0)
    const faults = [
      wrong > 0 && `${wrong} windows have another number of orders in the end`,
      this.#wrongSums > 0 && `${this.#wrongSums} sums are wrong`,
      this.#shrunk > 0 && `${this.#shrunk} were written after a newer one`,
      this.#strange > 0 && `${this.#strange} are of keys or windows that never were`,
    ].filter((fault) => fault !== false)
    return faults.length === 0 ? undefined : faults.join(', ')
  }
}
