import { folderWith, type FolderOfFiles } from '../support/folder.ts'

const text = (name: string) => ({ name, type: 'string' })
const maybe = (name: string, type: string) => ({ name, type: ['null', type], default: null })

const schema = (name: string, fields: readonly object[]): string =>
  JSON.stringify({
    type: 'record',
    name,
    namespace: 'shop.orders',
    fields: [
      text('eventId'),
      text('eventType'),
      text('eventVersion'),
      { name: 'timestamp', type: { type: 'long', logicalType: 'timestamp-millis' } },
      text('source'),
      { name: 'data', type: { type: 'record', name: `${name}Data`, fields } },
      {
        name: 'metadata',
        type: {
          type: 'record',
          name: `${name}Metadata`,
          fields: [
            text('correlationId'),
            maybe('causationId', 'string'),
            text('schemaVersion'),
            maybe('sessionId', 'string'),
            maybe('sessionSeq', 'long'),
          ],
        },
      },
    ],
  })

export const topic = 'business.orders.events'

/** A project with two record types in one topic, keyed by session and numbered within it. */
export function producerProject(files: Readonly<Record<string, string>> = {}): FolderOfFiles {
  return folderWith({
    [`schemas/${topic}/OrderCreated.v1.0.avsc`]: schema('OrderCreated', [text('orderId')]),
    [`schemas/${topic}/OrderCreated.v1.1.avsc`]: schema('OrderCreated', [
      text('orderId'),
      maybe('note', 'string'),
    ]),
    [`schemas/${topic}/OrderPaid.v1.0.avsc`]: schema('OrderPaid', [text('orderId')]),
    'schemas/audit-events/AuditEvent.v1.avsc': JSON.stringify({
      type: 'record',
      name: 'AuditEvent',
      namespace: 'audit',
      fields: [text('eventId'), text('what')],
    }),
    'schemas/catalogue.yaml': `topics:
  ${topic}: { key: metadata.sessionId, sequence: metadata.sessionSeq, partitions: 3 }
`,
    ...files,
  })
}

/** The record types of the project, as `millrace schemas types` would print them. */
export interface ShopTypes {
  'shop.orders.OrderCreated': OrderEvent<{ orderId: string; note: string | null }>
  'shop.orders.OrderPaid': OrderEvent<{ orderId: string }>
  'audit.AuditEvent': { eventId: string; what: string }
}

interface OrderEvent<Data> {
  eventId: string
  eventType: string
  eventVersion: string
  timestamp: number
  source: string
  data: Data
  metadata: {
    correlationId: string
    causationId: string | null
    schemaVersion: string
    sessionId: string | null
    sessionSeq: number | null
  }
}
