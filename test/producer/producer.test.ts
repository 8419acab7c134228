import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroValueCodec } from '../../engine/avro/value-codec.ts'
import { openEmbedded } from '../../engine/embedded/embedded.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { causedBy, openProducer, type Producer, type ProducerOptions } from '../../producer/producer.ts'
import type { FolderOfFiles } from '../support/folder.ts'
import { producerProject, topic, type ShopTypes } from './producer-project.ts'

let project: FolderOfFiles
let producer: Producer<ShopTypes> | undefined

beforeEach(() => {
  project = producerProject()
})

afterEach(async () => {
  await producer?.close()
  producer = undefined
  project.remove()
})

async function open(options: Partial<ProducerOptions> = {}): Promise<Producer<ShopTypes>> {
  producer = await openProducer<ShopTypes>({ source: 'order-service', project: project.path, ...options })
  return producer
}

const order = (sessionSeq: number, more: object = {}) => ({
  data: { orderId: `o-${sessionSeq}` },
  metadata: { sessionId: 's-1', sessionSeq, ...more },
})

/** What is in the topic, decoded, partition after partition. */
async function written(name = 'shop.orders.OrderCreated', from = topic) {
  const registry = await openDirectoryRegistry(join(project.path, 'schemas'))
  const codec = avroValueCodec(registry, await registry.latest(name))
  const embedded = openEmbedded(project.path)
  const { log } = embedded
  try {
    const found: { key: string | undefined; value: Record<string, unknown>; headers: string[] }[] = []
    for (let partition = 0; partition < ((await log.partitionsOf(from)) ?? 0); partition++) {
      const { records } = await log.fetch({ topic: from, partition }, 0, 1000)
      for (let row = 0; row < records.count; row++) {
        const { key, value, headers } = plainRecord(records, row)
        const bytes = Buffer.from(value!)
        found.push({
          key: key === null ? undefined : Buffer.from(key).toString(),
          value: codec.decode(bytes, 0, bytes.length) as Record<string, unknown>,
          headers: headers.map((header) => `${header.name}=${Buffer.from(header.value!).toString()}`),
        })
      }
    }
    return found
  } finally {
    await embedded.close()
  }
}

describe('what a record becomes', () => {
  test('the envelope is filled in, the key comes from the catalogue, and the position is answered', async () => {
    const began = Date.now()
    const position = await (
      await open()
    ).write('shop.orders.OrderCreated', order(1), { headers: { trace: 'abc' } })
    expect(position).toMatchObject({ topic, offset: 0 })
    const [{ key, value, headers } = { value: {} as never, key: '', headers: [] }] = await written()
    expect(key).toBe('s-1')
    expect(headers).toEqual(['trace=abc'])
    expect(value).toMatchObject({
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      eventType: 'order.created',
      eventVersion: '1.1.0',
      source: 'order-service',
      data: { orderId: 'o-1', note: null },
      metadata: {
        correlationId: value['eventId'],
        causationId: null,
        schemaVersion: '1.1.0',
        sessionId: 's-1',
        sessionSeq: 1,
      },
    })
    expect(value['timestamp']).toBeGreaterThanOrEqual(began)
  })

  test('what is given stays, and a cause is passed on', async () => {
    const cause = { eventId: 'e-1', metadata: { correlationId: 'c-1' } }
    await (
      await open()
    ).write('shop.orders.OrderCreated', {
      eventId: 'e-2',
      timestamp: '2026-11-22T09:30:00Z',
      ...order(1, causedBy(cause)),
    })
    const [{ value } = { value: {} }] = await written()
    expect(value).toMatchObject({
      eventId: 'e-2',
      timestamp: Date.parse('2026-11-22T09:30:00Z'),
      metadata: { correlationId: 'c-1', causationId: 'e-1' },
    })
  })

  test('a record without an envelope is written as it is', async () => {
    await (await open()).write('audit.AuditEvent', { what: 'seen' })
    const [{ key, value } = { key: '', value: {} }] = await written('audit.AuditEvent', 'audit-events')
    expect(key).toBeUndefined()
    expect(value).toMatchObject({ eventId: expect.any(String), what: 'seen' })
  })

  test('calls of several types that nobody awaited keep their order', async () => {
    const opened = await open()
    const positions = await Promise.all([
      opened.write('shop.orders.OrderPaid', order(1)),
      opened.write('shop.orders.OrderCreated', order(2)),
      opened.write('shop.orders.OrderPaid', order(3)),
    ])
    expect(positions.map(({ offset }) => offset)).toEqual([0, 1, 2])
  })
})

describe('what is refused, in a sentence', () => {
  test.each<[string, string, object, string]>([
    [
      'no such type',
      'shop.orders.OrderCreatd',
      order(1),
      'There is no record shop.orders.OrderCreatd in .*schemas: did you mean "shop.orders.OrderCreated"\\?',
    ],
    [
      'no key',
      'shop.orders.OrderCreated',
      { data: { orderId: 'o' }, metadata: {} },
      'shop.orders.OrderCreated: its metadata.sessionId is not given, and it is the key of business.orders.events',
    ],
    [
      'no number',
      'shop.orders.OrderCreated',
      order(1, { sessionSeq: undefined }),
      'its metadata.sessionSeq is no whole number',
    ],
    [
      'another version',
      'shop.orders.OrderCreated',
      { ...order(1), eventVersion: '9.0.0' },
      'its eventVersion is "9.0.0", but it is written as 1.1.0: leave the field out.',
    ],
    [
      'another event type',
      'shop.orders.OrderCreated',
      { ...order(1), eventType: 'order.paid' },
      'its eventType is "order.paid", but it is written as order.created',
    ],
    [
      'a time that is none',
      'shop.orders.OrderCreated',
      { ...order(1), timestamp: 'yesterday' },
      'its timestamp is no time',
    ],
    ['an unknown field', 'shop.orders.OrderCreated', { ...order(1), dota: 1 }, 'dota'],
    ['a wrong type', 'shop.orders.OrderCreated', { ...order(1), data: { orderId: 7 } }, 'orderId'],
    ['no object', 'shop.orders.OrderCreated', 7 as never, 'a record is an object, not 7'],
  ])('%s', async (_what, name, event, message) => {
    const opened = await open()
    await expect(opened.write(name as never, event as never)).rejects.toThrow(new RegExp(message))
    expect((await opened.state()).written).toBe(0)
  })

  test('numbers of a key go upwards, and a record that was refused does not count', async () => {
    const opened = await open()
    await opened.write('shop.orders.OrderCreated', order(5))
    await expect(opened.write('shop.orders.OrderPaid', order(5))).rejects.toMatchObject({
      code: 'RECORD_UNORDERED',
      message: expect.stringContaining('its number 5 comes after 5 of the same key'),
    })
    await opened.write('shop.orders.OrderPaid', order(7))
    await opened.write('shop.orders.OrderPaid', order(1, { sessionId: 's-2' }))
  })

  test('options that are wrong', async () => {
    await expect(open({ source: '', limits: { records: -1 } })).rejects.toThrow(
      /^The options of the producer are wrong: source: .*; limits.records: /,
    )
    await expect(open({ environment: 'prodution' })).rejects.toThrow(
      /^The option environment prodution: there is no prodution.yaml in .*environments/,
    )
    await expect(open({ project: '/nowhere/at/all' })).rejects.toThrow(
      /^The option project \/nowhere\/at\/all does not exist: /,
    )
  })

  test('after the close', async () => {
    const opened = await open()
    await opened.close()
    await expect(opened.write('shop.orders.OrderCreated', order(1))).rejects.toMatchObject({
      code: 'PRODUCER_CLOSED',
    })
  })
})

test('a producer that is full refuses, and takes again what it refused', async () => {
  const opened = await open({ limits: { records: 2, whenFull: 'refuse' } })
  await opened.write('shop.orders.OrderCreated', order(1))
  const outcomes = await Promise.allSettled(
    [2, 3, 4, 5].map((n) => opened.write('shop.orders.OrderCreated', order(n))),
  )
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
  expect((outcomes[2] as PromiseRejectedResult).reason).toMatchObject({
    code: 'PRODUCER_FULL',
    kind: 'downstream',
  })
  await opened.write('shop.orders.OrderCreated', order(4))
  expect(await opened.state()).toMatchObject({ breaker: 'closed', written: 4, waiting: 0 })
})
