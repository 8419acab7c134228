import { randomBytes } from 'node:crypto'
import type { PackedRecords } from '../../../engine/component/packed-records.ts'
import { encodeHeaders } from '../../../engine/component/headers.ts'
import { OrderRecords } from '../../order-records.ts'

/** Names of both headers, and the bytes of their values. */
export const orderHeaders = [
  { name: 'trace', value: Buffer.from('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01') },
  { name: 'source', value: Buffer.from('order-service') },
]

const uuids = [
  { sample: '7b0e7c1e-5d0c-4c7e-9a57-0e6f0c6f3a11', at: -1 },
  { sample: 'd1f5b1de-35f2-4b32-9a3d-4a55f4f0f0c7', at: -1 },
]

/**
 * Batches of order records whose two random ids differ from record to record, so that the topic compresses about as
 * well as real events do.
 */
export class OrderTopic {
  readonly #records: OrderRecords
  readonly #random = Buffer.from(randomBytes(1 << 19).toString('hex'))
  #at = 0

  constructor(batch: number) {
    this.#records = new OrderRecords(batch)
  }

  /** Bytes of one record's value. */
  get valueBytes(): number {
    return this.#records.valueBytes
  }

  /** The next batch of a partition. */
  next(topic: string, partition: number): PackedRecords {
    const packed = this.#records.next(topic, partition, Date.now())
    for (let row = 0; row < packed.count; row++) {
      for (const uuid of uuids) this.#write(packed, row, uuid)
    }
    return packed
  }

  #write(packed: PackedRecords, row: number, uuid: { readonly sample: string; at: number }): void {
    const start = packed.valueStarts[row]!
    if (uuid.at < 0) uuid.at = packed.bytes.indexOf(uuid.sample, start) - start
    this.#at = (this.#at + 4099) % (this.#random.length - uuid.sample.length)
    this.#random.copy(packed.bytes, start + uuid.at, this.#at, this.#at + uuid.sample.length)
  }
}

/** The same batch with both headers on each record. */
export function withHeaders(packed: PackedRecords): PackedRecords {
  const headers = encodeHeaders(orderHeaders)
  const bytes = Buffer.concat([packed.bytes, headers])
  return {
    ...packed,
    bytes,
    headerStarts: new Int32Array(packed.count).fill(packed.bytes.length),
    headerEnds: new Int32Array(packed.count).fill(bytes.length),
  }
}
