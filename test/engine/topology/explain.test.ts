import { describe, expect, test } from '@jest/globals'
import { explainPlan, explainText } from '../../../engine/topology/explain.ts'
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
