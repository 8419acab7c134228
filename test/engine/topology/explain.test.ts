import { describe, expect, test } from '@jest/globals'
import { explainEnds, explainPlan, explainText } from '../../../engine/topology/explain.ts'
import { planText } from './kit.ts'

const statements = (text: string) =>
  explainPlan(planText(text)).map(({ holds, about, says }) => `${holds ? '+' : '-'} ${about}: ${says}`)

const base = (rest: string): string => `name: audit
sources: { events: { type: topic, topic: audit, format: json, timestamp: at } }
${rest}
`

describe('explain', () => {
  test('deduplicated rows take effect once', () => {
    const said = statements(
      base(`processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks: { users: { type: table, from: unique, table: users } }`),
    )
    expect(said).toContain(
      '+ unique: Of the records with one eventId, the first goes on, and no other within 7d of event time.',
    )
    expect(said).toContain('+ users: One eventId has one effect.')
    expect(said).toContain(
      '- unique: Records of its output "conflicts" are kept: they are dropped and counted.',
    )
  })

  test('a topic repeats after a crash, whatever stands before it', () => {
    const said = statements(
      base(`processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks: { copy: { type: topic, from: unique, topic: copy } }`),
    )
    expect(said).toContain('+ copy: One eventId has one effect, but for those repeats.')
    expect(said).toContain(
      '- copy: Exactly once: after a crash, what was written since the last commit (200ms) is written again.',
    )
  })

  test('a topic in an exactly-once topology does not, for those who read what is committed', () => {
    const said = statements(
      base(`delivery: exactly-once
processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks: { copy: { type: topic, from: unique, topic: copy }, users: { type: table, from: unique, table: users } }`),
    )
    expect(said).toContain('+ copy: Exactly once: what a record becomes is written once, whatever crashes.')
    expect(said).toContain('+ copy: One eventId has one effect.')
    expect(said.filter((line) => line.includes('is written again'))).toEqual([])
  })

  test('a way past the dedupe lets duplicates through', () => {
    const said = statements(
      base(`processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks: { users: { type: table, from: [unique, events], table: users } }`),
    )
    expect(said).toContain('- users: Duplicates that a producer sent are not known here.')
    expect(said.some((line) => line.includes('has one effect'))).toBe(false)
  })

  test('what a dedupe did not let through is not once each', () => {
    const said = statements(
      base(`processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks: { odd: { type: topic, from: unique.conflicts, topic: odd }, users: { type: table, from: unique, table: users } }`),
    )
    expect(said).toContain('- odd: Duplicates that a producer sent are not known here.')
    expect(said.filter((line) => line.includes('One eventId has one effect'))).toEqual([
      '+ users: One eventId has one effect.',
    ])
  })

  test.each([
    ['park', '+', 'is parked after 5 attempts'],
    ['skip', '-', 'they are skipped and lost'],
    ['halt', '+', 'stops the worker after 5 attempts'],
  ])('errors: then: %s', (then, sign, words) => {
    const said = statements(
      base(`sinks: { out: { type: console, from: events } }\nerrors: { then: ${then} }`),
    )
    expect(said.find((line) => line.includes(words))?.[0]).toBe(sign)
  })

  test('several sinks are not written at one moment', () => {
    const said = statements(
      base(
        'sinks: { a: { type: table, from: events, table: a }, b: { type: table, from: events, table: b } }',
      ),
    )
    expect(said.at(-1)).toMatch(/^- audit: All sinks at one moment/)
  })

  test('as text, with reasons and conditions', () => {
    const text = explainText(planText(base('sinks: { out: { type: console, from: events } }')))
    expect(text).toMatch(/^What audit guarantees\n\n {2}audit: No record is lost/)
    expect(text).toMatch(/\n {4}because {3}An offset is committed only when/)
    expect(text).toMatch(/\n {4}provided {2}The topics keep/)
  })
})

describe('what would weaken a guarantee', () => {
  const weaker = (text: string, says: RegExp): readonly string[] =>
    explainPlan(planText(text)).find((one) => says.test(one.says))?.weaker ?? []

  const audit = `processors: { unique: { type: dedupe, from: events, by: eventId, window: 7d } }
sinks: { users: { type: table, from: unique, table: users, retention: 30d } }`

  test('a shorter window, another key, another name', () => {
    const said = weaker(base(audit), /the first goes on/).join('\n')
    expect(said).toContain('A window shorter than the longest time after which a producer sends again')
    expect(said).toContain('(it is 7d)')
    expect(said).toContain('A new name for "unique"')
  })

  test('event times of the far future, unless they are refused', () => {
    const guarded = `processors:
  valid: { type: validate, from: events, fields: { at: { notAfter: 5m } } }
  unique: { type: dedupe, from: valid, by: eventId, window: 7d }
sinks: { users: { type: table, from: unique, table: users } }`
    expect(weaker(base(audit), /the first goes on/)[0]).toMatch(/^A at in the far future/)
    expect(weaker(base(guarded), /the first goes on/).join()).not.toContain('far future')
  })

  test('settings that the topology has come first, with their node', () => {
    const text = `name: audit
sources: { events: { type: topic, topic: audit, format: json, begin: latest, outOfRange: latest } }
sinks: { users: { type: table, from: events, table: users } }
errors: { then: skip }
`
    const said = weaker(text, /^No record is lost/)
    expect(said.slice(0, 3)).toEqual([
      'errors: { then: skip }, as it is here: a record that fails is lost.',
      'begin: latest, as "events" has it: what was written before the first start is passed over.',
      expect.stringContaining('outOfRange: latest, as "events" has it'),
    ])
    expect(said.join()).not.toContain('(it is fail)')
  })

  test('rows: what is looked up, a shorter retention, two bodies of one key', () => {
    const said = weaker(
      base(`processors:
  known: { type: enrich, from: events, table: people, key: userId, as: user, otherwise: pass }
sinks: { users: { type: table, from: known, table: users, retention: 30d } }`),
      /^Writing a record again/,
    )
    expect(said[0]).toContain('"known" looked up, in the key of the table')
    expect(said.join()).toMatch(/hash is not set.*\(it is 30d\)/)
  })

  test('a reader of what is not committed', () => {
    const said = weaker(
      base('delivery: exactly-once\nsinks: { copy: { type: topic, from: events, topic: copy } }'),
      /^Exactly once/,
    )
    expect(said[0]).toContain('read_uncommitted')
  })

  test('is said below the guarantee', () => {
    expect(explainText(planText(base(audit)))).toMatch(
      /\n {2}unique: Of the records[^]*?\n {4}provided {2}[^\n]*\n {4}weaker {4}A at in the far future/,
    )
  })
})

describe('end to end', () => {
  const ends = (text: string) => explainEnds(planText(base(text)))

  test('a deduplicated table', () => {
    const [one] = ends(`processors:
  unique: { type: dedupe, from: events, by: eventId, window: 7d }
  known: { type: enrich, from: unique, table: people, key: userId, as: user, otherwise: pass }
sinks: { users: { type: table, from: known, table: users } }`)
    expect(one).toEqual({
      from: 'events',
      to: 'users',
      ends: 'audit → users',
      effects: 'one of each eventId within 7d',
      order: 'of a key',
      failing: 'parked, with what follows in its key',
      by: [
        'events: offsets are committed when all is done',
        'unique: knows ids',
        'known: asks for a row',
        'users: writes the same again',
      ],
      weakest: 'known lets a record pass without a row',
    })
  })

  test.each([
    [
      'sinks: { copy: { type: topic, from: events, topic: copy } }',
      /^at least one for each record/,
      /up to 200ms/,
    ],
    [
      'delivery: exactly-once\nsinks: { copy: { type: topic, from: events, topic: copy } }',
      /^one for each record, also/,
      /no dedupe on the way from "events"/,
    ],
    [
      'sinks: { users: { type: table, from: events, table: users } }\nerrors: { then: skip }',
      /^one for each record/,
      /is lost/,
    ],
    [
      'processors: { unique: { type: dedupe, from: events, by: id, window: 1d } }\nsinks: { users: { type: table, from: [unique, events], table: users } }',
      /^one for each record, also/,
      /no dedupe/,
    ],
    [
      'processors: { sums: { type: aggregate, from: events, fields: { n: count } } }\nsinks: { out: { type: topic, from: sums, topic: sums } }',
      /^what "sums" makes of all records, at least once/,
      /appends/,
    ],
  ])('%s', (text, effects, weakest) => {
    const [one] = ends(text)
    expect(one!.effects).toMatch(effects)
    expect(one!.weakest).toMatch(weakest)
  })

  test('sinks that are only looked at have no end', () => {
    expect(ends('sinks: { out: { type: console, from: events } }')).toEqual([])
  })
})
