import { describe, expect, test } from '@jest/globals'
import type { Clock } from '../../../engine/component/contracts/clock.ts'
import { downstreamError } from '../../../engine/errors.ts'
import { createLogger, noLogger, type LogOptions } from '../../../engine/observe/log.ts'

/** A clock that stands until it is told to go on. */
function handClock(): Clock & { pass(ms: number): void } {
  let now = Date.UTC(2026, 4, 1, 12)
  let timers: { at: number; action: () => void }[] = []
  return {
    now: () => now,
    after(delayMs, action) {
      const timer = { at: now + delayMs, action }
      timers.push(timer)
      return () => (timers = timers.filter((one) => one !== timer))
    },
    pass(ms) {
      now += ms
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers = timers.filter((one) => one !== timer)
        timer.action()
      }
    },
  }
}

function logInto(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const clock = handClock()
  return { lines, clock, log: createLogger({ write: (line) => lines.push(line), clock, ...options }) }
}

const parsed = (line: string | undefined) => JSON.parse(line ?? '') as Record<string, unknown>

describe('json lines', () => {
  test('have time, level, message and the fields, those of the place first', () => {
    const { lines, log } = logInto()
    log.with({ topology: 'audit-store' }).info('Assigned.', { epoch: 3, node: 'events' })
    expect(lines).toEqual([
      '{"time":"2026-05-01T12:00:00.000Z","level":"info","message":"Assigned.","topology":"audit-store","node":"events","epoch":3}',
    ])
  })

  test('tell an error by code, class and sentence, without its stack', () => {
    const { lines, log } = logInto()
    log.error('The sink failed.', { error: downstreamError('SINK_FAILED', 'The table is away.') })
    log.error('A defect.', { error: new TypeError('x is not a function') })
    expect(parsed(lines[0])).toMatchObject({
      code: 'SINK_FAILED',
      class: 'downstream',
      error: 'The table is away.',
    })
    expect(parsed(lines[1])).toMatchObject({ error: 'x is not a function' })
    expect(lines.join()).not.toMatch(/at .*\.ts/)
  })

  test('show small plain data only', () => {
    const { lines, log } = logInto()
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = { cyclic }
    log.info('x', {
      big: 5n,
      bytes: Buffer.from('secret value'),
      list: [1, { a: [2] }],
      call: () => 1,
      cyclic,
    })
    expect(parsed(lines[0])).toMatchObject({
      big: '5',
      bytes: '(12 bytes)',
      list: [1, { a: [2] }],
      call: '(function)',
    })
  })
})

describe('levels', () => {
  test('below the least grave one, nothing is written', () => {
    const { lines, log } = logInto({ level: 'warn' })
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    expect(lines.map((line) => parsed(line)['message'])).toEqual(['c', 'd'])
  })
})

describe('secrets', () => {
  const canary = 's3cr3t-canary'

  test.each([
    ['a field of that name', { password: canary }],
    ['a field within a field', { connection: { sasl: { clientSecret: canary } } }],
    ['credentials in an address', { url: `https://user:${canary}@registry:8081/subjects` }],
    ['a header', { request: `Authorization: Bearer ${canary}abcdef` }],
    ['a known secret in a text', { note: `tried ${canary} in vain` }],
    ['an error’s sentence', { error: new Error(`cannot log in as app:${canary}`) }],
  ])('%s is masked', (_what, fields) => {
    for (const format of ['json', 'human'] as const) {
      const { lines, log } = logInto({ secrets: [canary], format })
      log.info(`Connecting with ${canary}.`, fields)
      expect(lines).toHaveLength(1)
      expect(lines[0]).not.toContain(canary)
      expect(lines[0]).toContain('***')
    }
  })

  test('without being known, names and addresses are enough', () => {
    const { lines, log } = logInto()
    log.info('x', { apiKey: canary, url: `kafka://app:${canary}@broker:9092` })
    expect(lines[0]).not.toContain(canary)
  })
})

describe('repeats', () => {
  test('of lines that differ in numbers only, one is written, and then how many there were', () => {
    const { lines, clock, log } = logInto({ repeatMs: 1000 })
    for (let offset = 0; offset < 129; offset++)
      log.warn(`Record ${offset} is late.`, { topology: 'a', node: 'b' })
    expect(lines).toHaveLength(1)
    clock.pass(1000)
    expect(lines.map((line) => parsed(line)['message'])).toEqual([
      'Record 0 is late.',
      'Record 0 is late. … 128 times more',
    ])
    log.warn('Record 200 is late.', { topology: 'a', node: 'b' })
    expect(lines).toHaveLength(3)
  })

  test('other nodes and other codes are no repeats', () => {
    const { lines, log } = logInto()
    log.warn('Late.', { topology: 'a', node: 'b' })
    log.warn('Late.', { topology: 'a', node: 'c' })
    log.warn('Late.', { topology: 'a', node: 'c', error: downstreamError('TIMED_OUT', 'x') })
    expect(lines).toHaveLength(3)
  })

  test('flush tells of them at once; a line that came once is not told again', () => {
    const { lines, log } = logInto()
    log.info('Once.')
    log.info('Twice.')
    log.info('Twice.')
    log.flush()
    log.flush()
    expect(lines.map((line) => parsed(line)['message'])).toEqual(['Once.', 'Twice.', 'Twice. … 1 times more'])
  })

  test('so many different lines are not remembered for ever', () => {
    const { lines, clock, log } = logInto()
    const name = (n: number) =>
      String.fromCharCode(97 + (n % 26), 97 + (Math.floor(n / 26) % 26), 97 + Math.floor(n / 676))
    for (let n = 0; n < 2000; n++) log.info(`About ${name(n)}.`)
    log.info(`About ${name(0)}.`)
    clock.pass(60_000)
    expect(lines).toHaveLength(2001)
  })
})

describe('human lines', () => {
  test('are short, with the place in front', () => {
    const { lines, log } = logInto({ format: 'human' })
    log.info('Started.')
    log.warn('Slow.', { topology: 'audit-store', task: 'audit-store/3', node: 'users', waitedMs: 250 })
    log.error('Failed', {
      topology: 'audit-store',
      error: downstreamError('SINK_FAILED', 'The table is away.'),
    })
    expect(lines).toEqual([
      '12:00:00   Started.',
      '12:00:00 ! audit-store/3 users: Slow. (waitedMs=250)',
      '12:00:00 ✗ audit-store: Failed: The table is away. (code=SINK_FAILED class=downstream)',
    ])
  })

  test('cannot be broken or coloured by what comes from elsewhere', () => {
    const { lines, log } = logInto({ format: 'human' })
    log.info('Bad name: a\nmillrace: all is well \u001b[32m')
    expect(lines[0]).toBe('12:00:00   Bad name: a ⏎ millrace: all is well �[32m')
  })
})

test('noLogger says nothing', () => {
  noLogger.with({ topology: 'a' }).error('x')
  noLogger.flush()
})
