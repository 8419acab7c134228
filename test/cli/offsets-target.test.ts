import { describe, expect, test } from '@jest/globals'
import { targetOf } from '../../cli/offsets/target.ts'

const now = Date.UTC(2026, 10, 20, 12)

describe('where a group is to go on', () => {
  test.each<[string[], string | undefined, object]>([
    [['earliest'], undefined, { kind: 'earliest' }],
    [['latest'], undefined, { kind: 'latest' }],
    [['2026-11-20T10:00:00Z'], undefined, { kind: 'time', time: Date.UTC(2026, 10, 20, 10) }],
    [['2026-11-20T10:00+02:00'], undefined, { kind: 'time', time: Date.UTC(2026, 10, 20, 8) }],
    [['2026-11-20'], undefined, { kind: 'time', time: Date.UTC(2026, 10, 20) }],
    [[], '90m', { kind: 'time', time: now - 90 * 60_000 }],
    [
      ['a.b/0:17', 'c/3:0'],
      undefined,
      {
        kind: 'places',
        places: [
          { topic: 'a.b', partition: 0, offset: 17 },
          { topic: 'c', partition: 3, offset: 0 },
        ],
      },
    ],
  ])('%j %s', (to, back, expected) => {
    expect(targetOf(to, back, now)).toEqual(expected)
  })

  test.each<[string[], string | undefined, RegExp]>([
    [[], undefined, /^offsets set needs --to \(earliest, latest, a time such as .*\), or --back 1h\.$/],
    [['earliest'], '1h', /^offsets set takes --to or --back, not both\.$/],
    [[], 'soon', /^--back soon is no duration/],
    [['first'], undefined, /^--to first is none of: earliest, latest/],
    [['earliest', 'a/0:1'], undefined, /^--to earliest is none of/],
    [['2026-11-20T10:00:00'], undefined, /^--to 2026-11-20T10:00:00 does not say in which zone/],
    [['2026-13-40'], undefined, /^--to 2026-13-40: there is no such time\.$/],
    [['a/-1:0'], undefined, /is none of/],
    [['a/0:9999999999999999'], undefined, /is none of/],
  ])('%j %s is refused', (to, back, message) => {
    expect(() => targetOf(to, back, now)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }),
    )
  })
})
