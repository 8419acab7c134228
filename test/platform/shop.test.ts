// The made-up shop: the same for the same seed, true to its rules, and as uneven as a real one.
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroValueEncoder } from '../../engine/avro/value-codec.ts'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import { kinds, shopTopics, type ShopEvent } from '../../platform/shop/shop-event.ts'
import { shopEvents, shopSpan } from '../../platform/shop/shop.ts'

const begin = Date.UTC(2026, 0, 5, 8)
const written = [...shopEvents({ seed: 7, events: 6000, begin })]

/** As they happened: each once, by time, and by number where two are of one moment. */
function happened(records: readonly ShopEvent[]): ShopEvent[] {
  const once = new Map(records.map((record) => [record.event.eventId, record]))
  const turn = ({ event }: ShopEvent): number => Number(event.metadata.sessionSeq)
  return [...once.values()].sort((a, b) => a.event.timestamp - b.event.timestamp || turn(a) - turn(b))
}

function of(...types: readonly string[]): ShopEvent[] {
  return happened(written).filter(({ event }) => types.includes(event.eventType))
}

test('the same seed gives the same records, and another seed others', () => {
  const again = [...shopEvents({ seed: 7, events: 1000, begin })]
  expect(again).toEqual([...shopEvents({ seed: 7, events: 1000, begin })])
  const [other] = shopEvents({ seed: 8, events: 1, begin })
  expect(other!.event.eventId).not.toBe(written[0]!.event.eventId)
})

test('fewer records are the beginning of more', () => {
  const few = [...shopEvents({ seed: 7, events: 500, begin })]
  expect(few.slice(0, 500)).toEqual(written.slice(0, 500))
})

test('it opens when it is told to', () => {
  const later = [...shopEvents({ seed: 7, events: 300, begin: begin + 1000 })]
  expect(later.map(({ event }) => event.timestamp - 1000)).toEqual(
    [...shopEvents({ seed: 7, events: 300, begin })].map(({ event }) => event.timestamp),
  )
  const last = Math.max(...written.map(({ event }) => event.timestamp))
  expect(shopSpan({ seed: 7, events: 6000 })).toBe(last - begin)
})

test('every record fits the newest version of its schema, which is the one that it says', async () => {
  const registry = await openDirectoryRegistry(join(import.meta.dirname, '../../schemas'))
  const encoders = new Map<string, ValueEncoder>()
  for (const { schema, topic, event } of written) {
    const encoder = encoders.get(schema) ?? avroValueEncoder(await registry.latest(`${topic}-${schema}`))
    encoders.set(schema, encoder)
    encoder.encode(event)
  }
  // All kinds of events come up.
  expect([...encoders.keys()].sort()).toEqual(
    Object.values(kinds)
      .map(({ schema }) => schema)
      .sort(),
  )
  for (const { schema, version } of Object.values(kinds)) {
    const { semver } = registry
      .files()
      .filter((file) => file.schema.fullName === schema)
      .at(-1)!
    expect([schema, version]).toEqual([schema, `${semver!.major}.${semver!.minor}.${semver!.patch}`])
  }
})

test('the key of a topic is what the catalogue says', () => {
  for (const { topic, key, event } of written) {
    const { data, metadata } = event
    const wanted = {
      [shopTopics.inventory.topic]: data['sku'],
      [shopTopics.customers.topic]: data['customerId'],
    }[topic]
    expect(key).toBe(wanted ?? metadata.sessionId)
  }
})

test('a session numbers its events of each topic without a gap, in the order in which they happened', () => {
  const turns = new Map<string, number>()
  for (const { topic, event } of happened(written)) {
    const { sessionId, sessionSeq } = event.metadata
    if (sessionId === null) continue
    const before = turns.get(`${topic} ${sessionId}`) ?? 0
    expect(sessionSeq).toBe(before + 1)
    turns.set(`${topic} ${sessionId}`, before + 1)
  }
  expect(turns.size).toBeGreaterThan(300)
})

test('nothing is sold that is not there', () => {
  const available = new Map<string, number>()
  let least = Infinity
  for (const { event } of of('stock.received', 'stock.reserved', 'stock.released', 'stock.adjusted')) {
    const { sku, change } = event.data as { readonly sku: string; readonly change: number }
    const now = (available.get(sku) ?? 0) + change
    expect(now).toBeGreaterThanOrEqual(0)
    available.set(sku, now)
    least = Math.min(least, now)
  }
  // It gets scarce, or nothing was tested.
  expect(least).toBeLessThan(10)
})

describe('an order', () => {
  interface Line {
    readonly quantity: number
    readonly unitPrice: string
    readonly amount: string
  }
  const cents = (text: string): number => Math.round(Number(text) * 100)

  test('adds up', () => {
    for (const { event } of of('order.created')) {
      const { items, total } = event.data as { readonly items: readonly Line[]; readonly total: string }
      for (const { quantity, unitPrice, amount } of items)
        expect(cents(amount)).toBe(quantity * cents(unitPrice))
      expect(items.reduce((sum, { amount }) => sum + cents(amount), 0)).toBe(cents(total))
    }
  })

  test('is created, and then paid before it is shipped; what was cancelled is not shipped', () => {
    const stories = new Map<string, string[]>()
    for (const { event } of of('order.created', 'order.paid', 'order.shipped', 'order.cancelled')) {
      const id = event.data['orderId'] as string
      stories.set(id, [...(stories.get(id) ?? []), event.eventType.slice('order.'.length)])
    }
    const ways = new Set([...stories.values()].map((story) => story.join(' ')))
    const wanted = [
      'created',
      'created cancelled',
      'created paid',
      'created paid cancelled',
      'created paid shipped',
    ]
    expect([...ways].sort()).toEqual(wanted)
  })
})

test('a few products make most of the sales, sessions are of all lengths, and there is trouble', () => {
  const sold = new Map<string, number>()
  for (const { event } of of('stock.reserved')) {
    const sku = event.data['sku'] as string
    sold.set(sku, (sold.get(sku) ?? 0) + 1)
  }
  const counts = [...sold.values()].sort((a, b) => b - a)
  const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)
  expect(sum(counts.slice(0, 6)) / sum(counts)).toBeGreaterThan(0.25)

  const lengths = new Map<string, number>()
  for (const { event } of of('page.viewed'))
    lengths.set(event.metadata.sessionId!, (lengths.get(event.metadata.sessionId!) ?? 0) + 1)
  expect(Math.min(...lengths.values())).toBe(1)
  expect(Math.max(...lengths.values())).toBeGreaterThan(12)

  const late = written.filter(({ trouble }) => trouble === 'late').length
  const again = written.filter(({ trouble }) => trouble === 'again').length
  expect(late).toBeGreaterThan(20)
  expect(again).toBeGreaterThan(60)
  expect(happened(written)).toHaveLength(written.length - again)
})

test('without trouble every record is in its turn', () => {
  const smooth = [...shopEvents({ seed: 7, events: 2000, begin, trouble: { late: 0, again: 0 } })]
  const times = smooth.map(({ event }) => event.timestamp)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(new Set(smooth.map(({ event }) => event.eventId)).size).toBe(smooth.length)
})
