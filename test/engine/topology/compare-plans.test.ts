import { describe, expect, test } from '@jest/globals'
import {
  changeKinds,
  comparePlans,
  type ChangeCode,
  type Partitions,
} from '../../../engine/topology/compare-plans.ts'
import { planText } from './kit.ts'

const text = `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks:
  users: { type: table, from: unique, table: audit_by_user, columns: { event_time: at } }
  copies: { type: topic, from: unique, topic: copies, key: userId }
delivery: at-least-once
errors: { then: park }
`
const unknown: Partitions = () => undefined

/** What the change of the topology from `text` does; each pair is a text and what stands for it. */
function changes(...edits: readonly (readonly [string, string])[]) {
  let edited = text
  for (const [from, to] of edits) {
    if (!edited.includes(from)) throw new Error(`The topology has no ${from}`)
    edited = edited.replaceAll(from, to)
  }
  const before = { plan: planText(text), partitions: unknown }
  return comparePlans(before, { plan: planText(edited), partitions: unknown })
}

const codes = (...edits: readonly (readonly [string, string])[]) => changes(...edits).map(({ code }) => code)

describe('what a change does', () => {
  test('nothing, where nothing changed that matters', () => {
    expect(codes()).toEqual([])
    expect(codes(['name: audit', 'description: Other words.\nname: audit'])).toEqual([])
  })

  test.each<[string, ChangeCode[], [string, string][]]>([
    ['another name', ['MC001'], [['name: audit', 'name: audit2']]],
    ['a stateful node renamed', ['MC002'], [['unique', 'once']]],
    [
      'a stateful node gone',
      ['MC003'],
      [
        ['processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }\n', ''],
        ['from: unique', 'from: events'],
      ],
    ],
    ['another id', ['MC005'], [['by: eventId', 'by: id']]],
    [
      'another kind of node under the name',
      ['MC003'],
      [['type: dedupe, from: events, by: eventId, window: 7d', 'type: throttle, from: events, rate: 10000']],
    ],
    ['a shorter window', ['MC006'], [['7d', '1d']]],
    ['a longer window', ['MC006'], [['7d', '30d']]],
    ['another topic', ['MC007', 'MC008'], [['topic: audit-events', 'topic: audit-events-v2']]],
    ['one more topic', ['MC008'], [['topic: audit-events', 'topic: [audit-events, more]']]],
    ['another clock', ['MC014'], [['timestamp: at', 'timestamp: time']]],
    ['no clock', ['MC014'], [[', timestamp: at', '']]],
    ['exactly once', ['MC009'], [['at-least-once', 'exactly-once']]],
    ['failed records', ['MC010'], [['then: park', 'then: skip']]],
    ['a sink with another topic', ['MC011'], [['topic: copies', 'topic: others']]],
    ['a sink renamed', ['MC011', 'MC012'], [['copies: {', 'others: {']]],
    ['another key', ['MC013'], [['key: userId', 'key: storeId']]],
    ['other columns', ['MC013'], [['event_time: at', 'event_time: time']]],
  ])('%s', (_, expected, edits) => {
    expect(codes(...edits)).toEqual(expected)
  })

  test('a node that is new begins empty', () => {
    const before = {
      plan: planText(text.replace(/processors:.*\n/, '').replaceAll('from: unique', 'from: events')),
      partitions: unknown,
    }
    const found = comparePlans(before, { plan: planText(text), partitions: unknown })
    expect(found).toMatchObject([{ code: 'MC004', node: 'unique' }])
    expect(found[0]!.message).toContain('It is whole after 7d.')
  })

  test('the embedded store finds state by the number of its part, which a source before it changes', () => {
    const more = `sources:
  first: { type: topic, topic: others, format: json }
  events: { type: topic, topic: audit-events, format: json, timestamp: at }`
    const found = changes(
      ['sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }', more],
      ['sinks:', 'sinks:\n  show: { type: console, from: first }'],
    )
    expect(found.map(({ code }) => code)).toEqual(['MC008', 'MC017', 'MC011'])
  })

  test('other partitions, where the catalogues say so', () => {
    const plan = planText(text)
    const before = { plan, partitions: () => 6 }
    expect(comparePlans(before, { plan, partitions: () => 12 })).toMatchObject([
      { code: 'MC015', node: 'events', field: 'topic' },
    ])
    expect(comparePlans(before, { plan, partitions: unknown })).toEqual([])
    expect(comparePlans(before, before)).toEqual([])
  })

  test('every finding says what is lost or kept in sentences', () => {
    const found = changes(
      ['name: audit', 'name: other'],
      ['unique', 'once'],
      ['topic: audit-events', 'topic: more'],
      ['timestamp: at', 'timestamp: time'],
      ['at-least-once', 'exactly-once'],
      ['then: park', 'then: halt'],
      ['key: userId', 'key: storeId'],
    )
    expect(new Set(found.map(({ code }) => code)).size).toBe(8)
    for (const { code, message } of found) {
      expect(message).toMatch(/^["A-Z].*\.$/)
      expect(changeKinds[code].title).toMatch(/^[A-Z].*[^.]$/)
    }
  })
})
