import type { PackedRecords } from '../../native/records.ts'
import {
  customerOf,
  distinctEvents,
  eventOfRecord,
  keyDigits,
  keyPrefix,
  orderNumberAt,
  readNumber,
  type OrderTopic,
} from './orders.ts'

/**
 * Looks at every record that a deduplication wrote: each event must be there exactly once, under its own key, and the
 * events of a key in their order within one partition.
 */
export class OrderCheck {
  readonly #topic: OrderTopic
  readonly #seen: Uint8Array
  readonly #lastOfKey: Int32Array
  readonly #partitionOfKey: Int16Array
  #numberAt = -1
  #distinct = 0
  #repeated = 0
  #strange = 0
  #outOfOrder = 0

  constructor(topic: OrderTopic) {
    this.#topic = topic
    this.#seen = new Uint8Array(topic.total)
    this.#lastOfKey = new Int32Array(topic.keys).fill(-1)
    this.#partitionOfKey = new Int16Array(topic.keys).fill(-1)
  }

  look({ bytes, count, partition, keyStarts, keyEnds, valueStarts, valueEnds }: PackedRecords): void {
    for (let row = 0; row < count; row++) {
      const start = valueStarts[row]!
      if (this.#numberAt < 0) this.#numberAt = orderNumberAt(bytes.subarray(start, valueEnds[row]))
      const event = readNumber(bytes, start + this.#numberAt)
      const keyAt = keyStarts[row]! + keyPrefix.length
      const key = keyEnds[row]! - keyAt === keyDigits ? readNumber(bytes, keyAt, keyDigits) : -1
      this.#record(event, key, partition)
    }
  }

  #record(event: number, key: number, partition: number): void {
    const { total, keys } = this.#topic
    if (!(event >= 0 && event < total) || eventOfRecord(event) !== event || customerOf(event, keys) !== key) {
      this.#strange++
      return
    }
    if (this.#seen[event] === 1) this.#repeated++
    else this.#distinct++
    this.#seen[event] = 1
    const home = this.#partitionOfKey[key]!
    if ((home >= 0 && home !== partition) || this.#lastOfKey[key]! >= event) this.#outOfOrder++
    this.#partitionOfKey[key] = partition
    this.#lastOfKey[key] = event
  }

  /** What is wrong with the topic, in words; undefined if nothing is. */
  get fault(): string | undefined {
    const missing = distinctEvents(this.#topic.total) - this.#distinct
    const faults = [
      missing !== 0 && `${missing} events are missing`,
      this.#repeated > 0 && `${this.#repeated} came twice`,
      this.#outOfOrder > 0 && `${this.#outOfOrder} are out of their key's order`,
      this.#strange > 0 && `${this.#strange} were never sent`,
    ].filter((fault) => fault !== false)
    return faults.length === 0 ? undefined : faults.join(', ')
  }
}
