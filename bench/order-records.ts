import { Buffer } from 'node:buffer'
import { parseSchema } from '../engine/avro/schema.ts'
import type { PackedRecords } from '../engine/component/packed-records.ts'
import type { RegisteredSchema, SchemaRegistry } from '../engine/avro/registry.ts'
import { avroValueEncoder } from '../engine/avro/value-codec.ts'

/** An order event with an envelope and two items: about 260 bytes in the Confluent wire format. */
export const orderSchema = JSON.stringify({
  type: 'record',
  name: 'OrderPlaced',
  namespace: 'shop',
  fields: [
    { name: 'eventId', type: 'string' },
    { name: 'eventType', type: 'string' },
    { name: 'eventVersion', type: 'string' },
    { name: 'timestamp', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'source', type: 'string' },
    {
      name: 'metadata',
      type: {
        type: 'record',
        name: 'Metadata',
        fields: [
          { name: 'correlationId', type: 'string' },
          { name: 'causationId', type: ['null', 'string'] },
          { name: 'schemaVersion', type: 'int' },
        ],
      },
    },
    {
      name: 'data',
      type: {
        type: 'record',
        name: 'Order',
        fields: [
          { name: 'orderId', type: 'string' },
          { name: 'customerId', type: 'string' },
          {
            name: 'items',
            type: {
              type: 'array',
              items: {
                type: 'record',
                name: 'Item',
                fields: [
                  { name: 'sku', type: 'string' },
                  { name: 'quantity', type: 'int' },
                  { name: 'price', type: 'double' },
                ],
              },
            },
          },
          { name: 'total', type: 'double' },
        ],
      },
    },
  ],
})

/** A registry that holds the one schema of the benchmark. */
export function orderRegistry(): { readonly registry: SchemaRegistry; readonly schema: RegisteredSchema } {
  const schema: RegisteredSchema = { id: 1, schema: parseSchema(orderSchema, 'order.avsc') }
  const registry = {
    byId: (id: number) => (id === 1 ? schema.schema : undefined),
    load: () => Promise.resolve(schema),
    latest: () => Promise.resolve(schema),
  } as unknown as SchemaRegistry
  return { registry, schema }
}

const firstId = '00000000-0000-4000-8000-000000000000'
const digits = 12

/**
 * Makes batches of order records, the ids counting up, every twentieth a repetition of the record 505 before it. The
 * bytes of one batch are encoded once; of the following ones only ids, times and keys are written anew.
 */
export class OrderRecords {
  readonly #template: Buffer
  readonly #valueStarts: Int32Array
  readonly #valueEnds: Int32Array
  readonly #keyStarts: Int32Array
  readonly #keyEnds: Int32Array
  readonly #none: Int32Array
  readonly #idAt: Int32Array
  readonly #count: number
  #next = 0

  constructor(count: number) {
    const { schema } = orderRegistry()
    const encoder = avroValueEncoder(schema)
    const value = encoder.encode(sampleOrder())
    const record = Buffer.concat([Buffer.from('customer-00000'), value])
    this.#count = count
    this.#template = Buffer.concat(Array.from({ length: count }, () => record))
    const starts = Array.from({ length: count }, (_, row) => row * record.length)
    this.#keyStarts = Int32Array.from(starts)
    this.#keyEnds = Int32Array.from(starts, (start) => start + 14)
    this.#valueStarts = this.#keyEnds
    this.#valueEnds = Int32Array.from(starts, (start) => start + record.length)
    this.#none = new Int32Array(count)
    const idEnd = record.indexOf(firstId) + firstId.length
    this.#idAt = Int32Array.from(starts, (start) => start + idEnd)
  }

  /** Bytes of one record's value. */
  get valueBytes(): number {
    return this.#valueEnds[0]! - this.#valueStarts[0]!
  }

  /** The next batch of the partition. */
  next(topic: string, partition: number, timestamp: number): PackedRecords {
    const bytes = Buffer.allocUnsafeSlow(this.#template.length)
    this.#template.copy(bytes)
    const offsets = new Float64Array(this.#count)
    for (let row = 0; row < this.#count; row++) {
      const offset = this.#next++
      offsets[row] = offset
      const id = offset % 20 === 19 && offset >= 505 ? offset - 505 : offset
      writeDigits(bytes, this.#idAt[row]!, id, digits)
      writeDigits(bytes, this.#keyEnds[row]!, (id * 7919) % 100_000, 5)
    }
    return {
      topic,
      partition,
      count: this.#count,
      bytes,
      offsets,
      timestamps: new Float64Array(this.#count).fill(timestamp),
      keyStarts: this.#keyStarts,
      keyEnds: this.#keyEnds,
      valueStarts: this.#valueStarts,
      valueEnds: this.#valueEnds,
      headerStarts: this.#none,
      headerEnds: this.#none,
    }
  }
}

function writeDigits(bytes: Buffer, end: number, value: number, count: number): void {
  let rest = value
  for (let at = end - 1; at >= end - count; at--) {
    bytes[at] = 48 + (rest % 10)
    rest = (rest / 10) | 0
  }
}

function sampleOrder(): object {
  return {
    eventId: firstId,
    eventType: 'order.placed',
    eventVersion: '1.0.0',
    timestamp: 1_763_700_000_000,
    source: 'order-service',
    metadata: {
      correlationId: '7b0e7c1e-5d0c-4c7e-9a57-0e6f0c6f3a11',
      causationId: 'd1f5b1de-35f2-4b32-9a3d-4a55f4f0f0c7',
      schemaVersion: 1,
    },
    data: {
      orderId: 'order-2026-11-21-0000000001',
      customerId: 'customer-00000',
      items: [
        { sku: 'SKU-000123456', quantity: 2, price: 19.99 },
        { sku: 'SKU-000654321', quantity: 1, price: 249.5 },
      ],
      total: 289.48,
    },
  }
}
