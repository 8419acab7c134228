import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { causedBy, openProducer, type Producer } from '../../producer/producer.ts'
import type { RecordTypes } from '../../schemas/types.ts'
import { folderWith, type FolderOfFiles } from '../support/folder.ts'

// docs/guide/producing.md, with the schemas of this project.

let folder: FolderOfFiles
let producer: Producer<RecordTypes>

beforeEach(async () => {
  folder = folderWith({})
  producer = await openProducer<RecordTypes>({
    source: 'order-service',
    project: process.cwd(),
    environment: 'embedded',
    store: folder.path,
    spool: { folder: `${folder.path}/spool` },
  })
})

afterEach(async () => {
  await producer.close()
  folder.remove()
})

const paid = (sessionSeq: number) => ({
  data: {
    orderId: '6f1c3f0e-5f0a-4b6c-9a57-5f8f3a9c0f11',
    customerId: '3b241101-e2bb-4255-8caf-4136c566a962',
    paymentId: '0a2f5a53-7a40-4d0f-8f3e-0c7f2a3b4c5d',
    amount: '99.99',
    currency: 'EUR',
    method: 'CARD' as const,
  },
  metadata: { sessionId: 's-1', sessionSeq },
})

test('an event, its cause, and what is refused', async () => {
  const first = { eventId: '11111111-1111-4111-8111-111111111111', ...paid(1) }
  expect(await producer.write('shop.orders.OrderPaid', first)).toMatchObject({
    topic: 'business.orders.events',
    offset: 0,
  })
  const next = paid(2)
  const safety = await producer.accept('shop.orders.OrderPaid', {
    ...next,
    metadata: { ...next.metadata, ...causedBy(first) },
  })
  expect(safety).toMatchObject({ in: 'topic', position: { offset: 1 } })
  await expect(producer.write('shop.orders.OrderPaid', paid(2))).rejects.toMatchObject({
    code: 'RECORD_UNORDERED',
  })
  // @ts-expect-error the schema has no such field
  await expect(producer.write('shop.orders.OrderPaid', { ...paid(3), extra: 1 })).rejects.toMatchObject({
    code: 'AVRO_UNENCODABLE',
  })
  // @ts-expect-error there is no such record
  await expect(producer.write('shop.orders.OrderPayd', paid(3))).rejects.toMatchObject({
    code: 'SCHEMA_NOT_FOUND',
  })
  expect(await producer.state()).toMatchObject({ breaker: 'closed', written: 2, waiting: 0 })
})
