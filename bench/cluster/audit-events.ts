import type { ValueEncoder } from '../../engine/component/codec.ts'
import { packRecords } from '../../engine/component/packed-records.ts'
import type { BatchColumns } from '../../native/write-results.ts'
import { eventOfRecord } from './orders.ts'
import type { RecordMaker } from './wire.ts'

const stores = 7
const entities = 10_000
export const users = 200
const halfYear = 180 * 86_400_000

/** An audit event as the benchmark's topic has it. */
export interface AuditEvent {
  readonly eventId: string
  readonly store: string
  readonly entityType: string
  readonly entityId: string
  readonly action: string
  readonly userId: string
  readonly timestamp: number
  readonly before: string
  readonly after: string
  readonly source: string
  readonly correlationId: string
}

/** The n-th event. */
export function auditEvent(n: number, timestamp: number): AuditEvent {
  return {
    eventId: `event-${String(n).padStart(12, '0')}`,
    store: `shop-${n % stores}`,
    entityType: 'cart',
    entityId: String((n * 7919) % entities),
    action: 'modified',
    userId: userId(n % users),
    timestamp,
    before: '{"items":2,"total":"19.90"}',
    after: '{"items":3,"total":"29.85"}',
    source: 'cart-service',
    correlationId: `request-${Math.floor(n / 3)}`,
  }
}

export function userId(n: number): string {
  return `user-${n}@shop.example`
}

/** What the table of users says of one. */
export function userRow(n: number): { readonly name: string; readonly department: string } {
  return { name: `Name of ${n}`, department: `department-${n % 12}` }
}

/** Makes `total` events of the last half year, in the order of time; one in twenty is sent again. */
export class AuditHistory implements RecordMaker {
  readonly #total: number
  readonly #encoder: ValueEncoder
  readonly #start = Date.now() - halfYear
  #next = 0

  constructor(total: number, encoder: ValueEncoder) {
    this.#total = total
    this.#encoder = encoder
  }

  /** When the n-th event happened. */
  timeOf(n: number): number {
    return Math.round(this.#start + (n / this.#total) * halfYear)
  }

  next(count: number): BatchColumns | undefined {
    const rows = Math.min(count, this.#total - this.#next)
    if (rows <= 0) return undefined
    const events = Array.from({ length: rows }, () => {
      const n = eventOfRecord(this.#next++)
      return auditEvent(n, this.timeOf(n))
    })
    return packEvents(events, this.#encoder)
  }
}

/** Packed as the producers of the topic write them: the key is the entity. */
export function packEvents(events: readonly AuditEvent[], encoder: ValueEncoder): BatchColumns {
  const records = events.map((event) => ({
    key: Buffer.from(`${event.store}/${event.entityType}/${event.entityId}`),
    value: encoder.encode(event),
    headers: [],
    timestamp: event.timestamp,
  }))
  return packRecords('', 0, records, 0)
}
