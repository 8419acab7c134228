import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const project = new URL('../../', import.meta.url)
const topic = 'business.orders.events'

export const projectFolder = fileURLToPath(project)
/** The record that is measured, and the topic that it is in. */
export const record = { name: 'shop.orders.OrderCreated', topic }

/** The text of a version of its schema. */
export function schemaText(version: '1.0' | '1.1'): string {
  return readFileSync(new URL(`schemas/${topic}/OrderCreated.v${version}.avsc`, project), 'utf8')
}

/** Orders of one to five lines, as version 1.0 has them. */
export function orders(): object[] {
  return Array.from({ length: 200 }, (_, n) => ({
    eventId: uuid(n),
    eventType: 'order.created',
    eventVersion: '1.0.0',
    timestamp: 1_767_614_400_000 + n * 1000,
    source: 'order-service',
    data: {
      orderId: uuid(1000 + n),
      customerId: uuid(2000 + (n % 50)),
      items: Array.from({ length: 1 + (n % 5) }, (_line, line) => ({
        sku: `SKU-${(n * 7 + line) % 900}`,
        quantity: 1 + ((n + line) % 3),
        unitPrice: `${5 + ((n + line) % 90)}.99`,
        amount: `${10 + ((n + line) % 90)}.98`,
      })),
      total: `${20 + n}.50`,
      legacyField: null,
    },
    metadata: {
      correlationId: uuid(3000 + n),
      causationId: n % 2 === 0 ? null : uuid(4000 + n),
      schemaVersion: '1.0.0',
      sessionId: `session-${n % 40}`,
      sessionSeq: n,
    },
  }))
}

function uuid(n: number): string {
  return `${String(10_000_000 + n * 7919).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`
}

let encoded: readonly Buffer[] | undefined

/** The same, encoded by avsc, without header. */
export async function payloads(): Promise<readonly Buffer[]> {
  const { createEncoder } = await import('../../engine/avro/codec.ts')
  const { schemaFrom } = await import('../../engine/avro/schema.ts')
  const encode = createEncoder({ id: 1, schema: schemaFrom(JSON.parse(schemaText('1.0')), 'OrderCreated') })
  encoded ??= orders().map((order) => Buffer.from(encode(order)).subarray(5))
  return encoded
}

/** The same as Confluent's serializers write them. */
export async function wired(id: number): Promise<Buffer[]> {
  return (await payloads()).map((payload) => {
    const header = Buffer.alloc(5)
    header.writeInt32BE(id, 1)
    return Buffer.concat([header, payload])
  })
}
