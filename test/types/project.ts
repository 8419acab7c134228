// A shop of one topic: orders are created, in two MAJOR versions, and cancelled.
import { folderWith, type FolderOfFiles } from '../support/folder.ts'

type Json = Readonly<Record<string, unknown>>

const field = (name: string, type: unknown, extra: Json = {}): Json => ({ name, type, ...extra })
const uuid = { type: 'string', logicalType: 'uuid' }
const time = { type: 'long', logicalType: 'timestamp-millis' }

/** A schema of the envelope around these fields. */
function event(name: string, namespace: string, data: readonly Json[]): string {
  const fields = [
    field('eventId', uuid),
    field('eventType', 'string'),
    field('timestamp', time),
    field('data', { type: 'record', name: `${name}Data`, fields: data }),
    field('metadata', {
      type: 'record',
      name: 'EventMetadata',
      fields: [
        field('sessionId', ['null', 'string'], { default: null }),
        field('sessionSeq', ['null', 'long'], { default: null }),
      ],
    }),
  ]
  return JSON.stringify({ type: 'record', name, namespace, fields }, undefined, 2)
}

const order = field('orderId', 'string')
const decimal = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 }

/** The first version counts cents in a double, the second has a decimal and a currency. */
export const schemas: Readonly<Record<string, string>> = {
  'OrderCreated.v1.0.avsc': event('OrderCreated', 'shop.orders', [order, field('total', 'double')]),
  'OrderCreated.v1.1.avsc': event('OrderCreated', 'shop.orders', [
    order,
    field('total', 'double'),
    field('note', ['null', 'string'], { default: null }),
  ]),
  'OrderCreated.v2.0.avsc': event('OrderCreated', 'shop.orders.v2', [
    order,
    field('total', decimal),
    field('currency', 'string'),
    field('note', ['null', 'string'], { default: null }),
  ]),
  'OrderCancelled.v1.0.avsc': event('OrderCancelled', 'shop.orders', [order, field('reason', 'string')]),
  'OrderShipped.v1.0.avsc': event('OrderShipped', 'shop.orders', [order, field('carrier', 'string')]),
}

/** Between the two MAJORs of OrderCreated. */
export const casts = `
export function up({ data: { total, ...data }, ...event }) {
  return { ...event, data: { ...data, total: total.toFixed(2), currency: 'EUR' } }
}

export function down({ data: { total, currency, ...data }, ...event }) {
  if (currency !== 'EUR') throw new Error(\`data.currency is \${currency}: MAJOR 1 knows EUR only.\`)
  return { ...event, data: { ...data, total: Number(total) } }
}
`

/** The names of the types that its topologies read. */
export const names = [
  'shop.orders.OrderCreated',
  'shop.orders.v2.OrderCreated',
  'shop.orders.OrderCancelled',
] as const

/** The topic. */
export const topic = 'business.orders.events'

/** The project in a folder, with these files beside its schemas. */
export function shopWith(files: Readonly<Record<string, string>>): FolderOfFiles {
  const listed = Object.entries(schemas).map(([name, text]) => [`schemas/${topic}/${name}`, text])
  const own = {
    ...(Object.fromEntries(listed) as Record<string, string>),
    [`schemas/${topic}/${castFile}`]: casts,
  }
  return folderWith({ ...own, ...files })
}

/** Where the casts are. */
export const castFile = 'OrderCreated.v1-v2.ts'

/** An event with these data. */
export function eventOf(eventType: string, n: number, data: Json): Json {
  const eventId = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  return {
    eventId,
    eventType,
    timestamp: 1_767_614_400_000 + n,
    data,
    metadata: { sessionId: 's1', sessionSeq: n },
  }
}
