import { Buffer } from 'node:buffer'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import type { BatchColumns } from '../../native/write-results.ts'

/** One record in twenty is sent again, 505 records later. */
const repeatEvery = 20
const repeatAfter = 505

/** What the topic of orders is made of. */
export interface OrderTopic {
  readonly total: number
  /** How many different keys there are. */
  readonly keys: number
  /** Of each order: two make about 260 bytes. */
  readonly items: number
}

/** The number of the event that the n-th record carries. An event that is sent again is never itself a repetition. */
export function eventOfRecord(n: number): number {
  return n % repeatEvery === repeatEvery - 1 && n >= repeatAfter ? n - repeatAfter : n
}

/** How many different events the first `total` records carry. */
export function distinctEvents(total: number): number {
  const repeated = (n: number): number => Math.floor((n + 1) / repeatEvery)
  return total - Math.max(0, repeated(total - 1) - repeated(repeatAfter - 1))
}

/** The number of the customer of an event: its key. */
export function customerOf(event: number, keys: number): number {
  return mixed(event, 0x9e3779b9) % keys
}

const uuid = '00000000-0000-4000-8000-000000000000'
const keySample = 'customer-0000000'
const orderSample = 'order-2026-11-21-0000000000'
const [eventSample, correlationSample, causationSample] = [1, 2, 3].map((n) => uuid.slice(0, -1) + String(n))

/** Where the number of an event stands in a value of this shape, from its start. */
export function orderNumberAt(value: Buffer): number {
  return value.indexOf('order-2026-11-21-') + 'order-2026-11-21-'.length
}

/** Reads ten digits. */
export function readNumber(bytes: Buffer, at: number, digits = 10): number {
  let number = 0
  for (let end = at + digits; at < end; at++) number = number * 10 + bytes[at]! - 48
  return number
}

/** What every order comes to. */
export const orderTotal = 289.48

export const keyDigits = 7
export const keyPrefix = 'customer-'

/**
 * Makes the records of the topic, in order. Every run makes the same ones, but for the times: ids are as good as
 * random, so that they compress and sort like real ones, and the number of the event is in `orderId`.
 */
export class Orders {
  readonly #topic: OrderTopic
  readonly #record: Buffer
  readonly #places: readonly number[]
  readonly #numberAt: number
  readonly #customerAt: number
  readonly #timeAt: number
  readonly #start: number
  #next = 0

  /** The first event happened at `start`, each of the others a millisecond after the one before. */
  constructor(topic: OrderTopic, encoder: ValueEncoder, start: number) {
    this.#topic = topic
    this.#start = start
    const value = encoder.encode(sample(topic.items, start))
    this.#record = Buffer.concat([Buffer.from(keySample), value])
    const at = (text: string): number => this.#record.indexOf(text, keySample.length)
    this.#places = [eventSample!, correlationSample!, causationSample!].map(at)
    this.#numberAt = at(orderSample) + orderSample.length - 10
    this.#customerAt = at(keySample) + keyPrefix.length
    this.#timeAt = this.#record.indexOf(varint(start), keySample.length)
  }

  /** Bytes of one record's value. */
  get valueBytes(): number {
    return this.#record.length - keySample.length
  }

  /** The next records, `count` at most; undefined when all were made. */
  next(count: number): BatchColumns | undefined {
    const rows = Math.min(count, this.#topic.total - this.#next)
    if (rows <= 0) return undefined
    const length = this.#record.length
    const bytes = Buffer.allocUnsafeSlow(rows * length)
    const timestamps = new Float64Array(rows)
    const keyStarts = new Int32Array(rows)
    const keyEnds = new Int32Array(rows)
    const valueEnds = new Int32Array(rows)
    const none = new Int32Array(rows)
    for (let row = 0; row < rows; row++) {
      const at = row * length
      this.#record.copy(bytes, at)
      timestamps[row] = this.#write(bytes, at, eventOfRecord(this.#next++))
      keyStarts[row] = at
      keyEnds[row] = at + keySample.length
      valueEnds[row] = at + length
    }
    const headers = { headerStarts: none, headerEnds: none }
    return { count: rows, bytes, timestamps, keyStarts, keyEnds, valueStarts: keyEnds, valueEnds, ...headers }
  }

  /** Writes an event over the copy of the sample, and answers its time. */
  #write(bytes: Buffer, at: number, event: number): number {
    const customer = customerOf(event, this.#topic.keys)
    const time = this.#start + event
    writeNumber(bytes, at + keyPrefix.length, customer, keyDigits)
    writeNumber(bytes, at + this.#customerAt, customer, keyDigits)
    writeNumber(bytes, at + this.#numberAt, event, 10)
    for (const [n, place] of this.#places.entries()) writeUuid(bytes, at + place, event, n)
    varint(time).copy(bytes, at + this.#timeAt)
    return time
  }
}

const hex = Buffer.from('0123456789abcdef')

/** Random-looking digits into a UUID of version 4, whose dashes and version stand already. */
function writeUuid(bytes: Buffer, start: number, event: number, which: number): void {
  let at = start
  for (let word = 0; word < 4; word++) {
    let rest = mixed(event, 0x85ebca6b + 16 * which + word)
    for (let digit = 0; digit < 8; digit++, rest >>>= 4, at++) {
      if (bytes[at] === 45) at++
      const isFixed = at - start === 14 || at - start === 19
      if (!isFixed) bytes[at] = hex[rest & 15]!
    }
  }
}

function writeNumber(bytes: Buffer, start: number, value: number, digits: number): void {
  let rest = value
  for (let at = start + digits - 1; at >= start; at--) {
    bytes[at] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

/** The finalizer of MurmurHash3: numbers that follow each other get hashes that have nothing in common. */
function mixed(value: number, seed: number): number {
  let hash = (value ^ Math.imul(seed, 0x9e3779b1)) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A time as Avro's long; six bytes from 2004 to 2039. */
function varint(time: number): Buffer {
  const bytes = Buffer.allocUnsafe(6)
  let rest = time * 2
  for (let n = 0; n < 6; n++) {
    bytes[n] = (rest % 128) + (n < 5 ? 128 : 0)
    rest = Math.floor(rest / 128)
  }
  return bytes
}

function sample(items: number, time: number): object {
  return {
    eventId: eventSample,
    eventType: 'order.placed',
    eventVersion: '1.0.0',
    timestamp: time,
    source: 'order-service',
    metadata: { correlationId: correlationSample, causationId: causationSample, schemaVersion: 1 },
    data: {
      orderId: orderSample,
      customerId: keySample,
      items: Array.from({ length: items }, (_, n) => ({
        sku: `SKU-000${(123_456 + 530_865 * n) % 1_000_000}`,
        quantity: 1 + (n % 3),
        price: 19.99 + 229.51 * n,
      })),
      total: orderTotal,
    },
  }
}
