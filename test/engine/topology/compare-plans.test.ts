import { describe, expect, test } from '@jest/globals'
import { changeKinds, type ChangeCode } from '../../../engine/topology/change-kinds.ts'
import { comparePlans, type Partitions } from '../../../engine/topology/compare-plans.ts'
import { readTopologyText } from '../../../engine/config/load.ts'
import { lintChanges } from '../../../engine/topology/lint.ts'
import { lintText, planText, shipped } from './kit.ts'

const text = `name: audit
sources: { events: { type: topic, topic: audit-events, format: json, timestamp: at } }
processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks:
  users: { type: table, from: unique, table: audit_by_user, columns: { event_time: at, user_id: user } }
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

describe('lint-allow', () => {
  const [from, to] = ['unique', 'once']
  const lint = (edited: string) => {
    const { config } = readTopologyText('t.yaml', edited, shipped, {})
    const plan = planText(edited)
    const before = { plan: planText(text), partitions: unknown }
    const changes = comparePlans(before, { plan, partitions: unknown })
    const found = lintChanges(plan, changes, config!.allowances)
    return found.map(({ code, line, column }) => `${code} ${line}:${column}`)
  }
  const renamed = text.replaceAll(from, to)

  test('a change stands where it is to be seen, and a comment allows it there', () => {
    expect(lint(renamed)).toEqual(['MC002 3:15'])
    expect(lint(renamed.replace('window: 7d } }', 'window: 7d } } # lint-allow MC002 begin anew'))).toEqual(
      [],
    )
    expect(lint(renamed.replace('window: 7d } }', 'window: 7d } } # lint-allow MC002'))).toEqual([
      'ML000 3:1',
      'MC002 3:15',
    ])
  })

  test('one that allows nothing is found, but only where there is something to compare with', () => {
    const stale = text.replace('name: audit', 'name: audit # lint-allow MC001 moved')
    expect(lint(stale)).toEqual(['ML000 1:1'])
    expect(lintText(stale).map(({ code }) => code)).not.toContain('ML000')
    expect(lintText(text.replace('name: audit', 'name: audit # lint-allow MC999 moved'))).toContainEqual(
      expect.objectContaining({ code: 'ML000', message: expect.stringMatching(/names no rule/) }),
    )
  })
})

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
    ['another beginning', ['MC019'], [['topic: audit-events,', 'topic: audit-events, begin: latest,']]],
    ['exactly once', ['MC009'], [['at-least-once', 'exactly-once']]],
    ['failed records', ['MC010'], [['then: park', 'then: skip']]],
    ['a sink with another topic', ['MC011'], [['topic: copies', 'topic: others']]],
    ['a sink renamed', ['MC011', 'MC012'], [['copies: {', 'others: {']]],
    ['another key', ['MC013'], [['key: userId', 'key: storeId']]],
    ['other columns', ['MC013'], [['event_time: at', 'event_time: time']]],
    ['columns in another order', [], [['event_time: at, user_id: user', 'user_id: user, event_time: at']]],
    [
      'tables for some',
      ['MC011', 'MC013'],
      [['columns:', 'variants: { by: kind, when: { a: { table: short } } }, columns:']],
    ],
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

  test('a dedupe finds ids by the number of their source, which one before it in its part changes', () => {
    const sources = (...names: readonly string[]): string =>
      `sources:\n${names.map((name) => `  ${name}: { type: topic, topic: ${name}, format: json }`).join('\n')}`
    const plan = (...names: readonly string[]) => {
      const both = text
        .replace(/sources:.*/, sources(...names))
        .replace('from: events', `from: [${names.join(', ')}]`)
      return { plan: planText(both), partitions: unknown }
    }
    const between = (before: readonly string[], after: readonly string[]) =>
      comparePlans(plan(...before), plan(...after)).map(({ code, node }) => `${code} ${node}`)
    expect(between(['web', 'shop'], ['shop', 'web'])).toEqual(['MC018 shop'])
    expect(between(['web', 'shop'], ['web', 'shop', 'app'])).toEqual(['MC008 app'])
    expect(between(['web', 'shop'], ['app', 'web', 'shop'])).toEqual(['MC008 app', 'MC018 web'])
  })

  test('the rows of a table are what was read since it is one, under the name of its source', () => {
    const plan = (join: string, users = 'users') => ({
      plan: planText(`name: known
sources:
  orders: { type: topic, topic: orders, format: json }
  ${users}: { type: topic, topic: users, format: json }
processors: { ${join} }
sinks:
  out: { type: topic, from: one, topic: out }
`),
      partitions: unknown,
    })
    const stream = plan('one: { type: filter, from: [orders, users], field: a, oneOf: [b] }')
    const table = plan('one: { type: join, from: orders, table: users, as: user }')
    const renamed = plan('one: { type: join, from: orders, table: people, as: user }', 'people')
    const global = plan('one: { type: join, from: orders, table: users, global: true, as: user }')
    const between = (before: typeof stream, after: typeof stream) =>
      comparePlans(before, after).flatMap(({ code, node, message }) =>
        code === 'MC025' || code === 'MC026' ? [`${code} ${node} ${message}`] : [],
      )
    expect(between(table, table)).toEqual([])
    expect(between(global, global)).toEqual([])
    expect(between(stream, table)).toEqual([
      expect.stringMatching(/^MC025 users "users" has been no table.* begins empty.*offsets set\)\.$/),
    ])
    expect(between(table, renamed)).toEqual([
      expect.stringMatching(/^MC025 people "people" was the table "users".* Keep the name;/),
    ])
    expect(between(global, table)).toEqual([
      expect.stringMatching(/^MC026 users .* from where the source begins\.$/),
    ])
    expect(between(table, global)).toEqual([
      expect.stringMatching(/^MC026 users .* from its beginning.* changelog of "users" stay/),
    ])
    expect(between(table, stream)).toEqual([expect.stringMatching(/^MC026 users "users" has been a table/)])
    expect(between(global, stream)).toEqual([expect.stringMatching(/^MC026 users .* nothing is committed/)])
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
      expect(Object.keys(changeKinds)).toContain(code)
    }
  })

  test.each(Object.entries(changeKinds))('%s says what it is about', (_, { title, explanation }) => {
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(explanation).toMatch(/^[`A-Z].*[.)]$/)
  })
})
