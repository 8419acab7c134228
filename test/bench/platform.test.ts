import { describe, expect, test } from '@jest/globals'
import { platformChart } from '../../bench/platform/chart.ts'
import { Effects } from '../../bench/platform/effects.ts'
import { Expectations, type Visible } from '../../bench/platform/expectations.ts'
import { drainSeconds, phaseFigures, processFigures } from '../../bench/platform/figures.ts'
import { DueTimes } from '../../bench/platform/lag.ts'
import { markdown } from '../../bench/platform/markdown.ts'
import { parseOptions, type Options } from '../../bench/platform/options.ts'
import { Probes } from '../../bench/platform/probes.ts'
import type { Results, Run, Sample } from '../../bench/platform/results.ts'
import { Schedule } from '../../bench/platform/schedule.ts'
import { StockModel } from '../../bench/platform/stock-model.ts'
import { Turns } from '../../bench/platform/turns.ts'
import { shopEvents } from '../../platform/shop/shop.ts'

const due = (at: number) => ({ at, phase: 'normal' as const })

test('options: a part or another load goes beside the results', () => {
  const options = (...words: string[]): Options => parseOptions(words) as Options
  expect(options()).toMatchObject({
    rate: 150,
    times: 10,
    spikeSeconds: 180,
    layouts: ['processes', 'together'],
  })
  expect(options().out).toMatch(/bench\/results$/)
  for (const words of [['--smoke'], ['--quick'], ['--rate', '20'], ['--layout', 'together']])
    expect(options(...words).out).toMatch(/bench\/\.tmp$/)
  expect(options('--rate', '300', '--out', '/x')).toMatchObject({ rate: 300, out: '/x' })
  expect(() => parseOptions(['--layout', 'both'])).toThrow('--layout is processes or together')
  expect(() => parseOptions(['--rate', '0'])).toThrow('--rate 0 is not a number above 0.')
  expect(() => parseOptions(['--fast'])).toThrow('--help')
})

test('a schedule knows the phase of each event and of each moment', () => {
  const schedule = new Schedule([
    { name: 'normal', rate: 10, seconds: 2 },
    { name: 'spike', rate: 100, seconds: 1 },
    { name: 'after', rate: 10, seconds: 2 },
  ])
  expect([0, 19, 20, 119, 120, 500].map((n) => schedule.phaseOf(n))).toEqual(
    ['normal', 'normal', 'spike', 'spike', 'after', 'after'], // prettier-ignore
  )
  expect([-1, 0, 1999, 2000, 2999, 3000, 5000].map((time) => schedule.phaseAt(time))).toEqual(
    [undefined, 'normal', 'normal', 'spike', 'spike', 'after', undefined], // prettier-ignore
  )
  expect([schedule.total, schedule.endOf('spike')]).toEqual([140, 3])
})

describe('the stock that should be', () => {
  /** 5 below the mark: changes 2, 3 and 5 leave too little. */
  function sold(): StockModel {
    const stock = new StockModel()
    for (const [n, change] of [20, -12, -3, 10, -10].entries()) stock.changed('a', change, due(n))
    return stock
  }

  test('is a sum', () => {
    expect([...sold().rows()]).toEqual([{ sku: 'a', available: 5, changes: 5 }])
  })

  test('an alert tells of each change since the last that left too little', () => {
    const stock = sold()
    expect(stock.alerted('a', 3)).toEqual([due(1), due(2)])
    expect(stock.alerted('a', 5)).toEqual([due(4)])
    expect(stock.faults()).toEqual([])
  })

  test('an alert does not tell of a state that was over before it', () => {
    const stock = sold()
    // Changes 2 to 5 in one commit: low, then enough, then low.
    expect(stock.alerted('a', 5)).toEqual([due(4)])
  })

  test.each([
    [[3], '1 products are low, and the last alert does not say so'],
    [[3, 5, 5], '1 alerts came twice'],
    [[4, 5], '1 alerts tell of a state that never was'],
    [[5, 9], '1 alerts tell of a state that never was'],
  ])('alerts after changes %j: %s', (versions, fault) => {
    const stock = sold()
    for (const version of versions) stock.alerted('a', version)
    expect(stock.faults()).toEqual([fault])
  })
})

test('turns: what overtook an earlier event counts from when that one was due', () => {
  const turns = new Turns()
  expect(turns.written('s', 1, due(10))).toEqual([{ seq: 1, due: due(10) }])
  expect(turns.written('s', 3, due(20))).toEqual([])
  expect(turns.waiting).toBe(1)
  expect(turns.written('s', 2, due(90))).toEqual([
    { seq: 2, due: due(90) },
    { seq: 3, due: due(90) },
  ])
  expect(turns.written('s', 2, due(95))).toEqual([])
  expect(turns.written('s', 4, due(99))).toEqual([{ seq: 4, due: due(99) }])
  expect(turns.waiting).toBe(0)
})

describe('what is expected of a shop', () => {
  const events = [...shopEvents({ seed: 7, events: 4000, begin: 0 })]

  function expectations(shown: Visible[] = []): Expectations {
    const expected = new Expectations()
    for (const [n, event] of events.entries()) expected.written(event, due(n), (what) => shown.push(what))
    return expected
  }

  const letters = [
    ...new Set(
      events
        .filter(({ event }) =>
          ['order.created', 'order.shipped', 'order.cancelled'].includes(event.eventType),
        )
        .map(({ event }) => event.eventId),
    ),
  ]

  test('each order event and each change of stock is shown once, in the end', () => {
    const shown: Visible[] = []
    const expected = expectations(shown)
    const ids = (prefix: string): number =>
      new Set(
        events.filter(({ event }) => event.eventType.startsWith(prefix)).map(({ event }) => event.eventId),
      ).size
    expect(shown.filter(({ order }) => order !== undefined)).toHaveLength(ids('order.'))
    expect(shown.filter(({ stock }) => stock !== undefined)).toHaveLength(ids('stock.'))
    expect(expected.orders.size).toBe(expected.created)
    expect(expected.business).toBe(ids('order.') + ids('stock.') + ids('customer.'))
  })

  test('a notification for each, once', () => {
    const expected = expectations()
    for (const id of letters) expect(expected.notified(id)).toBeDefined()
    expect(expected.faults().filter((fault) => fault.includes('notification'))).toEqual([])
  })

  test.each([
    ['one is missing', letters.slice(1), '1 notifications did not come'],
    ['one comes twice', [...letters, letters[0]!], '1 notifications came twice'],
    ['one is of no event', [...letters, 'x'], '1 notifications are of no event'],
  ])('notifications of which %s', (_, seen, fault) => {
    const expected = expectations()
    for (const id of seen) expected.notified(id)
    expect(expected.faults()).toContain(fault)
  })
})

test('lag counts the records of the load from the committed offset on', () => {
  const dues = new DueTimes()
  const place = { topic: 't', partition: 0 }
  for (const offset of [0, 1, 5, 6]) dues.add(place, offset, 1000 + offset)
  expect(dues.from(place, 0)).toEqual({ records: 4, due: 1000 })
  expect(dues.from(place, 2)).toEqual({ records: 2, due: 1005 })
  expect(dues.from(place, 7)).toBeUndefined()
  expect(dues.from({ topic: 't', partition: 1 }, 0)).toBeUndefined()
})

describe('probes', () => {
  test('look again until it is there, at one event in so many milliseconds', async () => {
    const seen: number[] = []
    const probes = new Probes(100, ({ at }) => seen.push(at))
    const looks = new Map<number, number>()
    for (const at of [0, 50, 100, 199, 260])
      probes.offer(due(at), async () => {
        looks.set(at, (looks.get(at) ?? 0) + 1)
        return looks.get(at)! > 1
      })
    while (probes.open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await probes.stop()
    expect(seen.sort((a, b) => a - b)).toEqual([0, 100, 260])
    expect([...looks.values()]).toEqual([2, 2, 2])
  })

  test('tell what a look has thrown', async () => {
    const probes = new Probes(100, () => undefined)
    probes.offer(due(0), () => Promise.reject(new Error('no such table')))
    await expect(probes.stop()).rejects.toThrow('no such table')
  })
})

const sample = (second: number, changes: Partial<Sample> = {}): Sample => ({
  ...{ second, phase: 'normal', writtenPerSecond: 100, elsewhereCores: 0.1 },
  lags: { orders: { records: 5, seconds: 0.2 } },
  cores: { orders: 0.1, Kafka: 0.2 },
  rss: { orders: 100 + second, Kafka: 500 },
  ...changes,
})

describe('figures', () => {
  const behind = (seconds: number) => ({ orders: { records: 1000 * seconds, seconds } })
  const samples = [
    sample(1),
    sample(2, { phase: 'spike', lags: behind(4), cores: { orders: 0.9, Kafka: 0.3 } }),
    sample(3, { phase: 'after', lags: behind(3) }),
    sample(4, { phase: 'after', lags: behind(2) }),
    sample(5, { phase: 'after', lags: behind(0.4) }),
  ]

  test('a group has caught up when it is less than a second behind, and stays so', () => {
    expect(drainSeconds(samples, 2.5)).toBe(2.5)
    expect(drainSeconds(samples.slice(0, 1), 0)).toBe(0)
    expect(drainSeconds(samples.slice(0, 4), 2.5)).toBeUndefined()
  })

  test('processes: cores by phase, the dearest first, and the most memory', () => {
    expect(processFigures(samples)).toEqual([
      { name: 'orders', cores: { 'warm-up': 0, normal: 0.1, spike: 0.9, after: 0.1 }, peakRssMb: 105 },
      { name: 'Kafka', cores: { 'warm-up': 0, normal: 0.2, spike: 0.3, after: 0.2 }, peakRssMb: 500 },
    ])
  })

  test('phases: percentiles of the effects of their events, and the highest lag', () => {
    const effects = new Effects()
    for (let n = 1; n <= 100; n++) effects.seen('order', { at: 0, phase: 'spike' }, n)
    effects.seen('order', { at: 0, phase: 'normal' }, 7)
    const phases = [
      { name: 'normal', rate: 100, seconds: 1 },
      { name: 'spike', rate: 1000, seconds: 1 },
    ] as const
    const [normal, spike] = phaseFigures(phases, samples, effects, { acknowledged: {} })
    expect(normal!.effects).toEqual({ order: { p50: 7, p95: 7, p99: 7, max: 7, count: 1 } })
    expect(spike).toMatchObject({
      effects: { order: { p50: 50, p95: 95, p99: 99, count: 100 } },
      highestLag: { group: 'orders', seconds: 4, records: 4000 },
    })
    expect(spike!.effects).not.toHaveProperty('stock')
  })
})

describe('the page', () => {
  const summary = { p50: 40.4, p95: 90, p99: 12_345, max: 20_000, count: 10 }
  const run: Run = {
    ...{ layout: 'processes', startSeconds: 5, loadBefore: 0.4, drainSeconds: 2.5, written: 1000 },
    phases: [
      {
        ...{ phase: 'spike', rate: 1500, seconds: 180, writtenPerSecond: 1499, elsewhereCores: 0.2 },
        acknowledged: { ...summary, p99: 9 },
        effects: { order: summary },
        highestLag: { group: 'orders', records: 1200, seconds: 3.2 },
      },
    ],
    processes: [{ name: 'orders', cores: { spike: 0.5 }, peakRssMb: 120 }],
    verdict: { faults: [], auditRows: 10, orders: 3, products: 2, customers: 1 },
    warnings: { count: 2, first: ['10:00:00.000 orders Sink out does not get through.'] },
    samples: [sample(0), sample(1, { phase: 'spike' })],
  }
  const results = (one: Run): Results => ({
    machine: { cpu: 'Test CPU', cores: 2, memoryGb: 24, os: 'Linux 6', node: 'v24.12.0' },
    measured: '2026-11-22T08:00:00.000Z',
    command: 'make bench-platform',
    options: { rate: 150, times: 10, seed: 7, small: false },
    runs: [one],
  })

  test('has the figures', () => {
    const page = markdown(results(run))
    expect(page).toContain('| row of the order, read from `orders` (a sample) | 40 / 90 / 12 s |')
    expect(page).toContain('3.2 s, 1,200 records (orders)')
    expect(page).toContain(
      '10 rows of the audit, 3 orders, 1 customers and 2 products are as they should be.',
    )
    expect(platformChart(results(run)).match(/<polyline/g)).toHaveLength(3)
  })

  test('says when other programs were at work', () => {
    const loud = { ...run.phases[0]!, elsewhereCores: 0.4 }
    expect(markdown(results({ ...run, phases: [loud] }))).toContain('**The machine was not quiet**')
    const quiet = { ...run.phases[0]!, elsewhereCores: 0.1 }
    expect(markdown(results({ ...run, phases: [quiet] }))).not.toContain('**The machine was not quiet**')
  })

  test('does not pass over a wrong result', () => {
    const wrong = { ...run, verdict: { ...run.verdict, faults: ['1 alerts came twice'] } }
    expect(markdown(results(wrong))).toContain('**The result is wrong**: 1 alerts came twice.')
  })
})
