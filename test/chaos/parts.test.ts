// The parts of the chaos runs that need no servers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Intervals } from '../../engine/runtime/intervals.ts'
import { attemptsOf } from '../support/chaos/ledger.ts'
import { chaosOptions } from '../support/chaos/options.ts'
import { recoveriesOf } from '../support/chaos/recovery.ts'
import { appendResult, readResults, renderInto, type ResultLine } from '../support/chaos/results.ts'
import { faultKinds, scheduleOf } from '../support/chaos/schedule.ts'

describe('a ledger', () => {
  const event = { id: 'a1', key: 'a', seq: 1, value: 1, action: 'plain' as const, at: 5 }
  const line = (of: object): string => `${JSON.stringify(of)}\n`

  test('says how each attempt ended', () => {
    const text = [
      line({ type: 'try', attempt: '0-0', ...event }),
      line({ type: 'try', attempt: '0-1', ...event }),
      line({ type: 'try', attempt: '0-2', ...event }),
      line({ type: 'ok', attempt: '0-0', partition: 2, offset: 7 }),
      line({ type: 'fail', attempt: '0-1', code: '_MSG_TIMED_OUT' }),
    ].join('')
    expect(attemptsOf(text)).toEqual([
      { attempt: '0-0', ...event, outcome: 'ok', partition: 2, offset: 7 },
      { attempt: '0-1', ...event, outcome: 'fail' },
      { attempt: '0-2', ...event, outcome: 'unknown' },
    ])
  })

  test('may end in the middle of a line, and go on in the next life', () => {
    const text = `${line({ type: 'try', attempt: '0-0', ...event })}{"type":"ok","att\n${line({
      type: 'try',
      attempt: '0-1',
      ...event,
    })}`
    expect(attemptsOf(text).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      ['0-0', 'unknown'],
      ['0-1', 'unknown'],
    ])
  })
})

describe('a schedule', () => {
  const plan = { lengthMs: 300_000, everyMs: 5000, kinds: faultKinds, longestMs: 10_000 }

  test('is the same for the same seed, and another one for another', () => {
    expect(scheduleOf({ ...plan, seed: 7 })).toEqual(scheduleOf({ ...plan, seed: 7 }))
    expect(scheduleOf({ ...plan, seed: 7 })).not.toEqual(scheduleOf({ ...plan, seed: 8 }))
  })

  test('has every kind before one comes again, within the run', () => {
    const faults = scheduleOf({ ...plan, seed: 7 })
    const first = faults.slice(0, faultKinds.length).map(({ kind }) => kind)
    expect(first.toSorted()).toEqual(faultKinds.toSorted())
    expect(faults.every(({ at, lastsMs }) => at < plan.lengthMs && lastsMs <= plan.longestMs)).toBe(true)
    expect(faults.map(({ at }) => at)).toEqual(faults.map(({ at }) => at).toSorted((a, b) => a - b))
  })
})

test('options that make no sense are refused, with what there is', () => {
  expect(chaosOptions(['--seed', '7', '--faults', 'storm,net-reset'])).toMatchObject({
    seed: 7,
    kinds: ['storm', 'net-reset'],
    brokers: 3,
    stores: true,
  })
  expect(() => chaosOptions(['--faults', 'earthquake'])).toThrow(/earthquake: choose from worker-kill/)
  expect(() => chaosOptions(['--minutes', 'long'])).toThrow('--minutes long: give a number above 0')
  expect(() => chaosOptions(['--brokers', '2'])).toThrow('1 or 3')
  expect(() => chaosOptions(['--mutant', 'none'])).toThrow(/choose from\n/)
})

describe('results', () => {
  const line: ResultLine = {
    seed: 7,
    date: '2026-01-05T12:00:00.000Z',
    seconds: 330,
    brokers: 3,
    workers: 3,
    topologies: ['seen'],
    faults: { 'worker-kill': 2, storm: 1 },
    recoveries: { 'worker-kill': [400, 2500] },
    attempts: { ok: 10, fail: 1, unknown: 2 },
    records: 12,
    doubled: 0,
    effects: 11,
    letters: 3,
    repeats: 4,
    mostOfOne: 2,
    alone: 0,
    anomalies: {},
  }

  test('become tables between the marks of a document, and nothing else changes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-results-'))
    try {
      const [document, results] = [join(folder, 'reliability.md'), join(folder, 'chaos.jsonl')]
      appendResult(results, line)
      appendResult(results, { ...line, seed: 8, anomalies: { 'lost effect': 3 }, recoveries: {} })
      appendResult(results, {
        ...line,
        seed: 9,
        mutant: 'an id is forgotten',
        anomalies: { 'two positions': 1 },
      })
      writeFileSync(
        document,
        'before\n<!-- results: make chaos-long ARGS=--render -->\nold\n<!-- end of the results -->\nafter\n',
      )
      renderInto(document, readResults(results))
      const once = readFileSync(document, 'utf8')
      expect(once).toMatch(/^before\n[\s\S]*after\n$/)
      expect(once).not.toContain('old')
      expect(once).toContain('2 seeds, 11 minutes in all; 1 of them with something wrong.')
      expect(once).toMatch(/\| worker-kill +\| 4 +\| 2 +\| 2\.5 s +\| 2\.5 s +\| 8 /)
      expect(once).toMatch(/\| 8 .*\| lost effect: 3/)
      expect(once).toMatch(/\| an id is forgotten \| 9 +\| two positions: 1/)
      renderInto(document, readResults(results))
      expect(readFileSync(document, 'utf8')).toBe(once)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

const progress = (...frontiers: readonly number[]) =>
  frontiers.map((frontier, n) => ({
    at: n * 100,
    bytes: 0,
    committed: [{ frontier, ranges: new Intervals() }],
  }))

test('recovery is until all is committed that was there when the fault was over', () => {
  const fault = { kind: 'worker-kill', at: 50, healedAt: 120, target: '1' }
  const ends = [
    { at: 100, ends: [3] },
    { at: 200, ends: [8] },
    { at: 300, ends: [20] },
  ]
  const slow = progress(0, 0, 7, 7, 8)
  expect(recoveriesOf([fault], ends, [slow, progress(0, 0, 9)])).toEqual([{ kind: 'worker-kill', ms: 280 }])
  expect(recoveriesOf([fault], ends, [slow.slice(0, 3)])).toEqual([])
})
