// The checker on histories made by hand: a clean one, and each anomaly.
import { describe, expect, test } from '@jest/globals'
import { check } from '../support/chaos/check.ts'
import type { Attempt, History, ParkedLetter } from '../support/chaos/history.ts'
import {
  attempts,
  cleanOnce,
  command,
  effect,
  effects,
  history,
  letter,
  log,
  parked,
  progress,
} from '../support/chaos/sample-history.ts'

/** The kinds that are found, each once. */
const found = (of: History): string[] => [...new Set(check(of).anomalies.map(({ kind }) => kind))].sort()

test('a clean history has nothing wrong', () => {
  expect(check(history())).toEqual({
    anomalies: [],
    attempts: { ok: 8, fail: 0, unknown: 0 },
    records: 8,
    doubled: 0,
    effects: 6,
    letters: 3,
    repeats: 0,
    mostOfOne: 1,
  })
})

describe('writes', () => {
  const changed = (n: number, change: Partial<Attempt>): Attempt[] =>
    attempts.map((one, at) => (at === n ? { ...one, ...change } : one))

  test('an acknowledged one that is not there is lost', () => {
    const more: Attempt = { ...attempts[6]!, id: 'b3', attempt: '0-99', partition: 0, offset: 8 }
    expect(found(history({}, { attempts: [...attempts, more] }))).toEqual(['lost write'])
  })
  test('so is one that is elsewhere than was said', () => {
    expect(found(history({}, { attempts: changed(5, { offset: 6 }) }))).toEqual(['lost write'])
  })
  test('but a broker may not know where it has put it', () => {
    expect(found(history({}, { attempts: changed(5, { offset: -1 }) }))).toEqual([])
  })
  test('one that failed for sure is not there', () => {
    expect(found(history({}, { attempts: changed(5, { outcome: 'fail' }) }))).toEqual(['phantom write'])
  })
  test('one whose end is unknown may be there, or not', () => {
    const more: Attempt = { ...attempts[6]!, id: 'b3', attempt: '0-99', outcome: 'unknown' }
    const unknown = [...changed(5, { outcome: 'unknown' }), more]
    expect(found(history({}, { attempts: unknown }))).toEqual([])
  })
  test('what nobody tried to write is not there', () => {
    expect(found(history({}, { attempts: attempts.slice(1) }))).toEqual(['phantom write'])
  })
  test('one that is there twice is counted: plain writes are at least once', () => {
    const log2 = [...log, { ...log[4]!, offset: 8 }]
    expect(check(history({}, { log: log2 })).doubled).toBe(1)
    expect(check(history({}, { log })).doubled).toBe(0)
  })
})

describe('effects', () => {
  test('one that is missing is lost', () => {
    expect(found(history({ effects: effects(0, 1, 5, 2, 3) }))).toEqual(['lost effect'])
  })
  test('one from where nothing is, is a phantom', () => {
    const stray = { ...effect(0), offset: 77 }
    const all = [...effects(0, 1, 5, 6, 2, 3), { ...stray, id: 'z' }]
    expect(found(history({ effects: all }))).toEqual(['phantom effect'])
  })
  test('one under another id or key than its record has, is a phantom', () => {
    const all = effects(0, 1, 5, 6, 2, 3).map((one, n) => (n === 2 ? { ...one, key: 'a' } : one))
    expect(found(history({ effects: all }))).toContain('phantom effect')
  })
  test('one of what does not decode is a phantom', () => {
    const all = [...effects(0, 1, 5, 6, 2, 3), { ...effect(7), id: 'g' }]
    expect(found(history({ effects: all }))).toEqual(['phantom effect'])
  })
  test('an id has effects from one position', () => {
    expect(found(history({ effects: effects(0, 1, 5, 6, 2, 3, 4) }))).toEqual([
      'phantom effect',
      'two positions',
    ])
  })
  test('a key keeps its order', () => {
    expect(found(history({ effects: effects(1, 0, 5, 6, 2, 3) }))).toEqual(['reordered key'])
  })
  test('letters that are released keep it too', () => {
    expect(found(history({ effects: effects(0, 1, 5, 6, 3, 2) }))).toEqual(['reordered key'])
  })
})

// 40 bytes are known to be committed up to offset 3: 0 and 1 are.
const again = effects(0, 1, 5, 6, 2, 3, 1)

describe('repeats', () => {
  test('before the commit they are counted', () => {
    const repeated = effects(0, 1, 1, 5, 6, 2, 3)
    expect(check(history({ effects: repeated }))).toMatchObject({ anomalies: [], repeats: 1, mostOfOne: 2 })
  })
  test('after it they are wrong', () => {
    expect(found(history({ effects: again }))).toEqual(['repeat after commit'])
  })
  test('but for a worker that could not know what it had lost', () => {
    const excuse = { pid: 1, group: 'once', from: 60, until: 70 }
    expect(found(history({ effects: again }, { excuses: [excuse] }))).toEqual([])
    for (const other of [
      { ...excuse, pid: 2 },
      { ...excuse, group: 'seen' },
      { ...excuse, until: 69 },
    ])
      expect(found(history({ effects: again }, { excuses: [other] }))).toEqual(['repeat after commit'])
  })
  test('and for letters, whose position was committed when they were parked', () => {
    expect(found(history({ effects: effects(0, 1, 5, 6, 2, 3, 3) }))).toEqual([])
  })
})

describe('letters', () => {
  test('one of what was in order is wrong', () => {
    const more = [...parked, letter(5, 5)]
    expect(found(history({ parked: more, dead: ['0@2', '0@7', '0@5'] }))).toEqual(['letter'])
  })
  test('none is there twice', () => {
    expect(found(history({ parked: [...parked, letter(3, 5, true)] }))).toEqual(['letter'])
  })
  test('a follower follows somebody', () => {
    expect(found(history({ parked: [...parked, letter(6, 5, true)] }))).toEqual(['letter'])
  })
  test('those of a key are in order', () => {
    const [first, second, ...rest] = parked
    const turned = [
      { ...(second as ParkedLetter), follower: false, parkedOffset: 0 },
      { ...(first as ParkedLetter), parkedOffset: 1 },
    ]
    expect(found(history({ parked: [...turned, ...rest], dead: ['0@3', '0@2', '0@7'] }))).toEqual([
      'letter',
      'parked out of order',
    ])
  })
  test('what does not decode has one', () => {
    expect(found(history({ parked: parked.slice(0, 2), dead: ['0@2'] }))).toEqual(['letter'])
  })
  test.each([
    ['lacks one', ['0@2']],
    ['has one twice', ['0@2', '0@7', '0@7']],
    ['has one that is not parked', ['0@2', '0@7', '0@1']],
  ])('the dead-letter topic %s', (_what, dead) => {
    expect(found(history({ dead }))).toEqual(['letter'])
  })
})

describe('what was discarded', () => {
  const discarded = [...parked.slice(0, 3), command('discard', 'a', 3, [0]), command('release', 'a', 4)]
  const outputs = ['a1', 'a2', 'b1', 'b2', 'a4'].map((id) => ({ id, key: id[0]! }))

  test('has no effect', () => {
    expect(found(history({ parked: discarded, outputs, effects: effects(0, 1, 5, 6, 3) }))).toEqual([])
  })
  test('and is a phantom where it has', () => {
    expect(found(history({ parked: discarded, outputs }))).toEqual(['phantom effect'])
  })
  test('nor an output', () => {
    const all = { parked: discarded, effects: effects(0, 1, 5, 6, 3) }
    expect(found(history(all))).toEqual(['phantom effect'])
  })
  test('it may have one where a release came first', () => {
    const all = [...parked.slice(0, 3), command('release', 'a', 3), command('discard', 'a', 4, [0])]
    expect(found(history({ parked: all }))).toEqual([])
    expect(found(history({ parked: all, outputs, effects: effects(0, 1, 5, 6, 3) }))).toEqual([])
  })
  test('another occurrence of its id may take its place', () => {
    const twice = [...log, { ...log[2]!, action: 'plain' as const, attempt: '0-8', offset: 8 }]
    const more: Attempt = { ...attempts[2]!, attempt: '0-8', offset: 8 }
    const all = [...effects(0, 1, 5, 6, 3), { ...effect(2), offset: 8 }]
    const rest = { log: twice, attempts: [...attempts, more] }
    expect(found(history({ parked: discarded, effects: all }, rest))).toEqual([])
  })
})

describe('outputs of an exactly-once topology', () => {
  const outputs = (...ids: readonly string[]) => ids.map((id) => ({ id, key: id[0]! }))

  test.each([
    ['output gap', outputs('a1', 'a2', 'b1', 'a3', 'a4')],
    ['output twice', outputs('a1', 'a2', 'b1', 'b2', 'a3', 'a4', 'b2')],
    ['output reordered', outputs('a2', 'a1', 'b1', 'b2', 'a3', 'a4')],
    ['phantom effect', [...outputs('a1', 'a2', 'b1', 'b2', 'a3', 'a4'), { id: 'z', key: 'a' }]],
  ])('%s', (kind, all) => {
    expect(found(history({ outputs: all }))).toEqual([kind])
  })
})

describe('tables and aggregates', () => {
  const { rows, latest, sums } = cleanOnce()
  test.each([
    ['a row is missing', { rows: rows!.slice(1) }],
    ['a row is too many', { rows: [...rows!, { key: 'a', id: 'a9', seq: 9, value: 0 }] }],
    ['a row has other values', { rows: rows!.map((row, n) => (n === 0 ? { ...row, value: 7 } : row)) }],
    [
      'an older state is the last',
      { latest: [{ ...latest![0]!, id: 'a2', seq: 2, value: 20 }, latest![1]!] },
    ],
  ])('table: %s', (_what, group) => {
    expect(found(history(group))).toEqual(['table'])
  })
  test.each([
    ['counts too few', sums!.slice(0, 2)],
    ['counts too many', [...sums!.slice(0, 2), { key: 'a', version: 2, count: 5, total: 100 }]],
    ['sums up too much', [...sums!.slice(0, 2), { key: 'a', version: 2, count: 4, total: 110 }]],
    ['sends a version twice', [...sums!, sums![2]!]],
    ['knows a key that nobody has sent', [...sums!, { key: 'z', version: 1, count: 1, total: 1 }]],
  ])('aggregate: %s', (_what, all) => {
    expect(found(history({ sums: all }))).toEqual(['aggregate'])
  })
})

test('progress does not go back, and comes to its end', () => {
  expect(found(history({ progress: progress([0, 0], [8, 60], [3, 60]) }))).toEqual(['progress went back'])
  expect(found(history({}, { stuck: ['once has committed 3 of 8'] }))).toEqual(['stuck'])
})
