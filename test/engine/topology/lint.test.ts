import { describe, expect, test } from '@jest/globals'
import { formatLint, xmlText, type LintReport } from '../../../engine/topology/lint-format.ts'
import { lintText } from './kit.ts'

const codesOf = (text: string) => lintText(text).map(({ code, line }) => `${code}:${line}`)

/** A topology whose dedupe causes ML004, ML008 and ML014, all in its own lines. */
const audit = (dedupe: string): string => `name: audit
sources: { events: { type: topic, topic: audit, format: json, timestamp: at } }
processors:
${dedupe}
sinks:
  users: { type: table, from: unique, table: users }
`
const node = '  unique: { type: dedupe, from: events, by: eventId, window: 7d }'

describe('lint-allow', () => {
  test('nothing is allowed by itself', () => {
    expect(codesOf(audit(node))).toEqual(['ML014:4', 'ML004:4', 'ML008:4'])
  })

  test.each([
    ['in the line', `${node} # lint-allow ML004 keyed by store`, ['ML014:4', 'ML008:4']],
    ['above it', `  # lint-allow ML004 keyed by store\n${node}`, ['ML014:5', 'ML008:5']],
    ['in other words', `${node} # millrace-lint-disable ML004: keyed by store`, ['ML014:4', 'ML008:4']],
    [
      'above it, several',
      `  # lint-allow ML004 keyed\n  # lint-allow ML008 paid\n  # a remark\n${node}`,
      ['ML014:7'],
    ],
  ])('%s', (_, dedupe, left) => {
    expect(codesOf(audit(dedupe))).toEqual(left)
  })

  test('of the node counts for its fields, which stand in lines of their own', () => {
    const block = `  # lint-allow ML004 keyed by store
  unique:
    type: dedupe
    from: events
    by: eventId
    window: 7d # lint-allow ML008 paid`
    expect(codesOf(audit(block))).toEqual(['ML014:5'])
  })

  test.each([
    [
      'without a reason',
      `${node} # lint-allow ML004`,
      '"lint-allow ML004" gives no reason: write one behind the code.',
    ],
    [
      'of no rule',
      `${node} # lint-allow ML999 why not`,
      '"lint-allow ML999" names no rule: see docs/reference/lint.md.',
    ],
    [
      'of nothing',
      `${node} # lint-allow ML001 why not`,
      '"lint-allow ML001" allows nothing: there is no such finding in its line, or the one below.',
    ],
  ])('%s is itself found', (_, dedupe, message) => {
    const findings = lintText(audit(dedupe))
    expect(findings.find(({ code }) => code === 'ML000')).toMatchObject({
      severity: 'warning',
      line: 4,
      message,
    })
    expect(findings.map(({ code }) => code)).toContain('ML004')
  })

  test('settings of the topology are allowed at their own line', () => {
    const skipping = `name: x
sources: { in: { type: topic, topic: a, format: json } }
sinks: { out: { type: console, from: in } }
`
    expect(codesOf(`${skipping}errors: { then: skip }\n`)).toEqual(['ML017:4'])
    expect(codesOf(`${skipping}# lint-allow ML017 only a test\nerrors: { then: skip }\n`)).toEqual([])
  })
})

describe('what the fields are', () => {
  const facts = {
    schemas: { Order: { id: 'string', user: { id: 'string' }, tags: 'map', at: 'long' } },
    tables: { users: ['id!', 'name', 'mail'] },
  }
  const withChain = (processors: string, last: string): string => `name: x
sources: { in: { type: topic, topic: a, schema: Order, timestamp: at } }
processors:
${processors}
sinks: { out: { type: topic, from: ${last}, topic: b, key: id } } # lint-allow ML011 a test
`
  const missing = (processors: string, last: string) =>
    lintText(withChain(processors, last), facts).flatMap(
      ({ message }) => /field "(.*?)"/.exec(message)?.[1] ?? [],
    )

  test.each([
    ['nested', '  a: { type: filter, from: in, field: user.id, equals: 1 }', []],
    ['nested too deep', '  a: { type: filter, from: in, field: user.id.x, equals: 1 }', ['user.id.x']],
    [
      'of a table',
      '  b: { type: enrich, from: in, table: users, key: user.id, as: who }\n  a: { type: filter, from: b, field: who.name, equals: 1 }',
      [],
    ],
    [
      'of a table without it',
      '  b: { type: enrich, from: in, table: users, key: user.id, as: who, columns: [name] }\n  a: { type: filter, from: b, field: who.mail, equals: 1 }',
      ['who.mail'],
    ],
    [
      'of an unknown table',
      '  b: { type: enrich, from: in, table: others, key: user.id, as: who }\n  a: { type: filter, from: b, field: who.mail, equals: 1 }',
      [],
    ],
    [
      'renamed',
      '  b: { type: map, from: in, rename: { who: user.id } }\n  a: { type: filter, from: b, field: who, equals: 1 }',
      [],
    ],
    [
      'renamed away',
      '  b: { type: map, from: in, rename: { who: user } }\n  a: { type: filter, from: b, field: user.id, equals: 1 }',
      ['user.id'],
    ],
    [
      'set',
      '  b: { type: map, from: in, set: { x.y: 1 } }\n  a: { type: filter, from: b, field: x.y, equals: 1 }',
      [],
    ],
    [
      'written as JSON',
      '  b: { type: map, from: in, json: [user] }\n  a: { type: filter, from: b, field: user.id, equals: 1 }',
      ['user.id'],
    ],
    [
      'not kept',
      '  b: { type: map, from: in, keep: [id] }\n  a: { type: filter, from: b, field: user.id, equals: 1 }',
      ['user.id'],
    ],
    [
      'dropped',
      '  b: { type: map, from: in, drop: [user.id] }\n  a: { type: filter, from: b, field: user.id, equals: 1 }',
      ['user.id'],
    ],
    [
      'on a side output',
      '  b: { type: validate, from: in, fields: { id: {} }, otherwise: side }\n  c: { type: map, from: b, keep: [id] }\n  a: { type: filter, from: [c, b.invalid], field: user.id, equals: 1 }',
      [],
    ],
  ])('%s', (_, processors, expected) => {
    expect(missing(processors, 'a')).toEqual(expected)
  })
})

describe('formats', () => {
  const finding = {
    file: 'a,b.yaml',
    line: 3,
    column: 5,
    code: 'ML001',
    severity: 'error',
    title: 'A schema: none',
    message: 'There is no "x" <y>\n100%.',
  } as const
  const reports: LintReport[] = [
    { file: 'a,b.yaml', findings: [finding, { ...finding, severity: 'info' }] },
    { file: 'c.yaml', findings: [] },
  ]

  test('text', () => {
    expect(formatLint(reports, 'text').split('\n').at(-1)).toBe('1 error, 0 warnings, 1 info in 2 files.')
    expect(formatLint([reports[1]!], 'text')).toBe('Nothing to complain about in 1 file.')
    expect(formatLint(reports, 'text')).toContain('a,b.yaml:3:5: error ML001: There is no')
  })

  test('json', () => {
    expect(JSON.parse(formatLint(reports, 'json'))).toEqual({
      files: reports,
      errors: 1,
      warnings: 0,
      infos: 1,
    })
  })

  test('github', () => {
    expect(formatLint(reports, 'github').split('\n')).toEqual([
      '::error file=a%2Cb.yaml,line=3,col=5,title=ML001 A schema%3A none::There is no "x" <y>%0A100%25.',
      '::notice file=a%2Cb.yaml,line=3,col=5,title=ML001 A schema%3A none::There is no "x" <y>%0A100%25.',
    ])
  })

  test('junit', () => {
    const text = formatLint(reports, 'junit')
    expect(text).toContain('<testsuites name="millrace lint" tests="3" failures="1" errors="0">')
    expect(text).toContain('<testsuite name="a,b.yaml" tests="2" failures="1" errors="0" skipped="0">')
    expect(text).toContain('<failure message="There is no &quot;x&quot; &lt;y&gt;')
    expect(text).toContain('<testcase name="no findings" classname="c.yaml"/>')
  })

  test('junit fails for what the exit code fails for', () => {
    const text = formatLint(reports, 'junit', ['error', 'warning', 'info'])
    expect(text).toContain('<testsuites name="millrace lint" tests="3" failures="2" errors="0">')
    expect(text.match(/<failure /g)).toHaveLength(2)
    expect(text).not.toContain('<system-out>')
  })

  test('XML has no signs that it may not have', () => {
    expect(xmlText('a\0b\ud800c\u001bd\ne')).toBe('a\ufffdb\ufffdc\ufffdd\ne')
  })
})

describe('a column that no field fills', () => {
  const facts = {
    schemas: { 'audit.AuditEvent': { eventId: 'string', userId: 'string' } },
    tables: {
      by_user: ['user_id!', 'event_id+', 'body'],
      by_user_short: ['user_id!', 'event_id+', 'body'],
    },
  }
  const topology = (more: string): string => `name: audit
sources: { events: { type: topic, topic: audit-events, schema: audit.AuditEvent } }
sinks:
  users:
    type: table
    from: events
    table: by_user
    retention: 30d
    variants: { by: userId, when: { short: { table: by_user_short, retention: 1d } } }${more}
`
  const found = (more: string) =>
    lintText(topology(more), facts)
      .filter(({ code }) => code === 'ML006')
      .map(({ line, column, message }) => `${line}:${column} ${message}`)

  test('is told once, with its sink, its tables, its place and both remedies', () => {
    expect(found('')).toEqual([
      '7:5 The sink "users" leaves the column "body" of the tables "by_user" and "by_user_short" empty in every row: the records that come to it have no field "body". Name the field with `columns: { body: FIELD }`, or say that it stays empty with `columns: { body: null }`.',
    ])
  })

  test('is told where the wrong field is named', () => {
    expect(found('\n    columns: { body: text }')[0]).toMatch(/^10:5 .* have no field "text"/)
  })

  test('is no finding where either remedy was taken', () => {
    expect(found('\n    columns: { body: null }')).toEqual([])
    expect(found('\n    columns: { body: eventId }')).toEqual([])
  })
})
