// Whatever an event holds, it comes back from CloudEvents as it was, in both modes.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fromBinaryCloudEvent, toBinaryCloudEvent } from '../../platform/cloud-events-headers.ts'
import { fromCloudEvent, toCloudEvent } from '../../platform/cloud-events.ts'
import type { Envelope } from '../../platform/envelope.ts'

const text = fc.string({ minLength: 1, unit: 'grapheme' })
const version = fc.tuple(fc.nat(9), fc.nat(99), fc.nat(9)).map((parts) => parts.join('.'))
const data = fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })) as fc.Arbitrary<
  Readonly<Record<string, unknown>>
>

const envelopes: fc.Arbitrary<Envelope> = fc.record({
  eventId: fc.uuid(),
  eventType: text,
  eventVersion: version,
  timestamp: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
  source: text,
  data,
  metadata: fc.record({
    correlationId: fc.uuid(),
    causationId: fc.option(fc.uuid()),
    schemaVersion: version,
    sessionId: fc.option(text),
    sessionSeq: fc.option(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }))),
  }),
})

test('structured: an event comes back as it was, through JSON', () => {
  fc.assert(
    fc.property(envelopes, (event) => {
      const json: unknown = JSON.parse(JSON.stringify(toCloudEvent(event)))
      expect(fromCloudEvent(json as Readonly<Record<string, unknown>>)).toEqual(
        JSON.parse(JSON.stringify(event, exact), exactBack),
      )
    }),
  )
})

/** JSON has no bigint, and no −0: what the comparison is made with. */
function exact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `bigint ${value}` : value
}
function exactBack(_key: string, value: unknown): unknown {
  return typeof value === 'string' && /^bigint -?\d+$/.test(value) ? BigInt(value.slice(7)) : value
}

test('binary: an event comes back as it was, and attributes are texts', () => {
  fc.assert(
    fc.property(envelopes, (event) => {
      const binary = toBinaryCloudEvent(event)
      for (const [name, value] of binary.headers) {
        expect(name).toMatch(/^(content-type|ce_[a-z0-9]{1,20})$/)
        expect(typeof value).toBe('string')
      }
      expect(fromBinaryCloudEvent(binary)).toEqual(event)
    }),
  )
})

const example: Envelope = {
  eventId: '6f1e7a52-0d2c-4f43-a3b7-4b61f6a6f4d1',
  eventType: 'order.created',
  eventVersion: '2.1.0',
  timestamp: Date.UTC(2026, 0, 5, 12),
  source: 'order-service',
  data: { orderId: 'o-1', total: '99.99' },
  metadata: {
    correlationId: '0e0a9d4c-2f7a-4a2e-b7a5-2d4e2f1f9a10',
    causationId: null,
    schemaVersion: '2.1.0',
    sessionId: 's-1',
    sessionSeq: 3,
  },
}

test('an event by the letter of the specification', () => {
  expect(toCloudEvent(example)).toEqual({
    specversion: '1.0',
    id: example.eventId,
    source: 'order-service',
    type: 'order.created',
    time: '2026-01-05T12:00:00.000Z',
    datacontenttype: 'application/json',
    eventversion: '2.1.0',
    schemaversion: '2.1.0',
    correlationid: example.metadata.correlationId,
    sessionid: 's-1',
    partitionkey: 's-1',
    sequence: '3',
    data: example.data,
  })
  const { headers } = toBinaryCloudEvent(example, 'avro/binary')
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'avro/binary',
    ce_specversion: '1.0',
    ce_type: 'order.created',
    ce_time: '2026-01-05T12:00:00.000Z',
  })
  expect(headers.map(([name]) => name)).not.toContain('ce_causationid')
})

test('an event of another system, which knows only what every CloudEvent has', () => {
  const event = fromCloudEvent({
    specversion: '1.0',
    id: 'a-1',
    source: '/orders',
    type: 'org.example.order',
    time: '2026-01-05t13:00:00.5+01:00',
    subject: 'x',
    data: { n: 1 },
  })
  expect(event).toEqual({
    eventId: 'a-1',
    eventType: 'org.example.order',
    eventVersion: '1.0.0',
    timestamp: Date.UTC(2026, 0, 5, 12, 0, 0, 500),
    source: '/orders',
    data: { n: 1 },
    metadata: {
      correlationId: 'a-1',
      causationId: null,
      schemaVersion: '1.0.0',
      sessionId: null,
      sessionSeq: null,
    },
  })
})

describe('what is wrong is told by the attribute', () => {
  const whole = toCloudEvent(example) as unknown as Readonly<Record<string, unknown>>
  test.each([
    ['specversion', '0.3', /specversion should be "1\.0"/],
    ['id', undefined, /id should be there/],
    ['source', '', /source should be a text/],
    ['type', 5, /type should be a text, and not 5/],
    ['time', 'yesterday', /time should be a time such as/],
    ['time', '2026-13-45T12:00:00Z', /time should be a time/],
    ['data', [1], /data should be an object, and not a list/],
    ['data', undefined, /data should be an object, and not absent/],
    ['sequence', '1.5', /sequence should be a whole number/],
  ])('%s: %s', (attribute, value, sentence) => {
    expect(() => fromCloudEvent({ ...whole, [attribute]: value })).toThrow(sentence)
  })

  test('a record without ce_ headers', () => {
    expect(() => fromBinaryCloudEvent({ headers: [['a', 'b']], data: {} })).toThrow(/it is no CloudEvent/)
    const headers = [['Content-Type', 'application/cloudevents+json']] as const
    expect(() => fromBinaryCloudEvent({ headers, data: {} })).toThrow(/structured mode/)
  })
})
