import { describe, expect, test } from '@jest/globals'
import type { FactsData } from '../../../engine/topology/facts.ts'
import { lintText } from './kit.ts'

/** What one rule says of a topology. */
const said = (code: string, text: string, facts: FactsData = {}): string[] =>
  lintText(text, facts)
    .filter((finding) => finding.code === code)
    .map(({ line, column, message }) => `${line}:${column} ${message}`)

const audit = (dedupe: string, more = '') => `name: audit
sources: { events: { type: topic, topic: audit-events, schema: Event, timestamp: at } }
processors:
  dated: { type: validate, from: events, fields: { ${more === '' ? 'id: {}' : more} } }
  unique: { type: dedupe, from: dated, by: id, ${dedupe} }
sinks: { users: { type: table, from: unique, table: by_user } }
`

describe('ML009, a window shorter than redelivery', () => {
  const redelivery = (ms: number): FactsData => ({ topics: { 'audit-events': { redelivery: ms } } })

  test('by what the catalogue declares, not by two minutes', () => {
    expect(said('ML009', audit('window: 1d'), redelivery(3 * 86_400_000))).toEqual([
      '5:48 The window of 1d is shorter than the 3d for which records of "audit-events" may be sent again.',
    ])
    expect(said('ML009', audit('window: 7d'), redelivery(3 * 86_400_000))).toEqual([])
    expect(said('ML009', audit('window: 60s'), redelivery(30_000))).toEqual([])
  })

  test('by two minutes where nothing is declared', () => {
    expect(said('ML009', audit('window: 60s'))).toEqual([
      '5:48 The window of 1m is shorter than the 2m for which a producer may send a record again.',
    ])
    expect(said('ML009', audit('window: 2m'))).toEqual([])
  })
})

test('ML012, the sources of a merge that name no time', () => {
  const text = `name: history
sources:
  logins: { type: topic, topic: logins, format: json }
  payments: { type: topic, topic: payments, format: json, timestamp: at }
processors: { all: { type: merge, from: [logins, payments] } }
sinks: { out: { type: topic, from: all, topic: out } }
`
  expect(said('ML012', text)).toEqual([
    '3:3 "logins" names no timestamp field: "all" puts its records into order by the time of the record.',
  ])
  expect(said('ML012', text.replace('json }', 'json, timestamp: at }'))).toEqual([])
})

describe('ML028, topics that forget letters and state', () => {
  const text = audit('window: 7d')
  test.each<[string, FactsData['topics'], RegExp | undefined]>([
    ['letters for ever', { 'audit.audit-events.parked': { retention: 'forever' } }, undefined],
    [
      'compacted letters',
      { 'audit.audit-events.parked': { cleanup: 'compact,delete' } },
      /^2:\d+ .*parked" is compacted \(cleanup: compact,delete\), which drops records\.$/,
    ],
    [
      'letters in other partitions',
      { 'audit-events': { partitions: 6 }, 'audit.audit-events.parked': { partitions: 3 } },
      /parked" has 3 partitions and its source 6\.$/,
    ],
    [
      'letters in as many',
      { 'audit-events': { partitions: 6 }, 'audit.audit-events.parked': { partitions: 6 } },
      undefined,
    ],
    [
      'ids for a day',
      { 'audit.unique.changelog': { retention: 86_400_000 } },
      /^5:3 .*changelog" keeps records for 1d only\.$/,
    ],
    ['those of another topology', { 'other.unique.changelog': { retention: 86_400_000 } }, undefined],
  ])('%s', (_, topics, expected) => {
    const found = said('ML028', text, { topics: topics! })
    if (expected === undefined) expect(found).toEqual([])
    else expect(found).toEqual([expect.stringMatching(expected)])
  })
})

describe('ML031, a time that may be missing', () => {
  const nullable: FactsData = { schemas: { Event: { id: 'string', at: 'long? timestamp-millis' } } }

  test('is found where nothing demands it', () => {
    expect(said('ML031', audit('window: 7d'), nullable)).toEqual([
      expect.stringMatching(/^2:\d+ "at" may be null: such a record gets into "users"/),
    ])
    expect(said('ML031', audit('window: 7d', 'at: { optional: true }'), nullable)).toHaveLength(1)
  })

  test('is none where a validate or the schema demands it', () => {
    expect(said('ML031', audit('window: 7d', 'at: {}'), nullable)).toEqual([])
    const required: FactsData = { schemas: { Event: { id: 'string', at: 'long timestamp-millis' } } }
    expect(said('ML031', audit('window: 7d'), required)).toEqual([])
  })
})

describe('ML032, a wrong clock', () => {
  test.each([
    ['a window of a day', 'window: 24h', '', 1],
    ['a longer one', 'window: 25h', '', 0],
    ['a limit', 'window: 1h', 'at: { notAfter: 5m }', 0],
    ['a limit that lies beyond the window', 'window: 1h', 'at: { notAfter: 2h }', 1],
    ['a limit of another field', 'window: 1h', 'sent: { notAfter: 5m }', 1],
  ])('%s', (_, window, fields, count) => {
    expect(said('ML032', audit(window, fields))).toHaveLength(count)
  })

  test('the time of the record is the broker’s', () => {
    expect(said('ML032', audit('window: 1h').replace(', timestamp: at', ''))).toEqual([])
  })
})

describe('ML034, a new key', () => {
  const relay = (key: string) => `name: relay
sources: { orders: { type: topic, topic: orders, format: json } }
sinks: { copy: { type: topic, from: orders, topic: copies${key} } }
`
  const facts = (partitions?: number): FactsData => ({
    topics: { orders: { key: 'orderId', ...(partitions !== undefined && { partitions }) } },
  })
  test.each([
    ['of another field', ', key: userId', facts(6), 1],
    ['where nobody counts', ', key: userId', facts(), 1],
    ['with the old one in it', ', key: [userId, orderId]', facts(6), 0],
    ['that is the old one', '', facts(6), 0],
    ['of one partition', ', key: userId', facts(1), 0],
    ['where nobody knows the old', ', key: userId', {}, 0],
  ])('%s', (_, key, known, count) => {
    expect(said('ML034', relay(key), known)).toHaveLength(count)
  })
})

describe('ML035, events that share a row', () => {
  const facts = (columns: readonly string[]): FactsData => ({ tables: { by_user: columns } })
  const stored = (more: string) => audit('window: 7d').replace('table: by_user }', `table: by_user${more} }`)
  test.each([
    ['without the id', '', ['user_id!', 'at+', 'body'], 1],
    ['with it', '', ['user_id!', 'id+', 'body'], 0],
    ['with it under another name', ', columns: { event: id }', ['user_id!', 'event+'], 0],
    ['with a hash', ', hash: { of: [id, at] }', ['user_id!', 'at+', 'hash+'], 0],
    ['where the table is unknown', '', [], 0],
  ])('%s', (_, more, columns, count) => {
    expect(said('ML035', stored(more), columns.length === 0 ? {} : facts(columns))).toHaveLength(count)
  })
})

test('ML026 and ML029 have their bounds', () => {
  const text = (within: string, budget: string) => `name: orders
sources: { orders: { type: topic, topic: orders, format: json } }
processors: { known: { type: enrich, from: orders, table: users, key: userId, as: user, within: ${within} } }
sinks: { show: { type: console, from: known } }
budget: { partition: 16MiB, total: ${budget} }
`
  const codes = (within: string, budget: string) =>
    lintText(text(within, budget)).flatMap(({ code }) => (['ML026', 'ML029'].includes(code) ? [code] : []))
  expect(codes('22s', '512MiB')).toEqual([])
  expect(codes('23s', '513MiB')).toEqual(['ML029', 'ML026'])
})

test('ML008, what a window costs, tells the most that it can be', () => {
  const facts: FactsData = { topics: { 'audit-events': { rate: 1000 } } }
  expect(said('ML008', audit('window: 2h'), facts)).toEqual([
    '5:48 A window of 2h holds at most 7,200,000 ids, about 346 MB over all workers: if the peak of 1000 records a second lasts as long.',
  ])
  expect(said('ML008', audit('window: 2h'))).toEqual([
    '5:48 A window of 2h holds 7,200,000 ids, about 346 MB over all workers, for every 1000 records a second (no rate is declared).',
  ])
})

describe('ML048, a list of schemas', () => {
  const facts: FactsData = {
    schemas: { 'a.Made': { id: 'string', n: 'long' }, 'a.Gone': { id: 'string', n: 'long' } },
  }
  const behind = (node: string, from = 'held', source = 'schema: [a.Made, a.Gone]'): string[] =>
    said(
      'ML048',
      `name: held
sources: { events: { type: topic, topic: events, ${source} } }
processors: { held: { from: events, ${node} } }
sinks: { out: { type: topic, from: ${from}, topic: out, schema: [a.Made, a.Gone] } }
`,
      facts,
    ).map((finding) => finding.replace(/^4:\d+ /, ''))
  const gets = (what: string): string[] => [`"out" writes a.Made, a.Gone, and gets ${what}.`]
  const untyped = (what: string): string[] => gets(`what "${what}" sends: that has no type`)
  const turns = 'type: resequence, by: n, within: 1s'

  test('what waited has its type', () => {
    expect(behind(turns)).toEqual([])
    expect(behind(turns, 'held.late')).toEqual([])
    expect(behind('type: schedule, after: 1s')).toEqual([])
    expect(behind(turns, 'held', 'schema: a.Made')).toEqual([])
    expect(behind(turns, 'held', 'schema: [a.Made, a.Other, a.Gone]')).toEqual([])
  })

  test('what is not listed, does not fit, or has none is told', () => {
    expect(behind('type: schedule, after: 1s, as: due')).toEqual(
      gets('a.Made: it has "due", which the schema does not have'),
    )
    expect(behind(turns, 'held.gaps')).toEqual(untyped('held.gaps'))
    expect(behind(turns, 'held', 'format: json')).toEqual(untyped('events'))
    expect(behind('type: aggregate, fields: { all: count }')).toEqual(untyped('held'))
    expect(behind('type: repartition, by: id')).toEqual(untyped('held'))
    expect(behind('type: repartition, by: id, schema: [a.Made, a.Gone]')).toEqual([])
  })
})
