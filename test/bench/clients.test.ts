import { describe, expect, test } from '@jest/globals'
import { chart } from '../../bench/clients/chart.ts'
import { markdown } from '../../bench/clients/markdown.ts'
import { noiseOf, parseCpuTimes, parseProcessCpu, whyInvalid } from '../../bench/clients/noise.ts'
import { parseOptions } from '../../bench/clients/options.ts'
import { checkOutcome } from '../../bench/clients/rounds.ts'
import type { MeasuredRow, Results, Row } from '../../bench/clients/rows.ts'
import { median, medians } from '../../bench/clients/summary.ts'
import { performanceOutcome } from '../../bench/clients/systems-c.ts'
import { systems } from '../../bench/clients/systems.ts'
import { scenarios, valueBytes, writtenKey, writtenValue, type Task } from '../../bench/clients/workload.ts'

const measured = (changes: Partial<MeasuredRow>): MeasuredRow => ({
  scenario: 'read',
  system: 'millrace',
  round: 1,
  recordsPerSecond: 1_000_000,
  cpuSecondsPerMillion: 1,
  peakRssMb: 100,
  records: 20_000_000,
  seconds: 20,
  passes: 1,
  elsewhereCores: 0,
  stealShare: 0,
  invalid: false,
  ...changes,
})

const resultsOf = (rows: readonly Row[], seconds = 20): Results => ({
  machine: { cpu: 'Test CPU', cores: 2, memoryGb: 24, os: 'Linux 6', node: 'v24.12.0' },
  measured: '2026-11-21T08:00:00.000Z',
  versions: { millrace: 'librdkafka 2.12.0' },
  rounds: 3,
  seconds,
  records: 16_000_000,
  rows,
  medians: medians(rows),
})

describe('noise', () => {
  const stretch = { seconds: 20, cores: 2, before: { busy: 100, steal: 1 } }

  test('is the CPU time that nobody accounts for', () => {
    const noise = noiseOf({ ...stretch, after: { busy: 130, steal: 1.8 }, accounted: 26 })
    expect(noise.elsewhereCores).toBeCloseTo(0.2)
    expect(noise.stealShare).toBeCloseTo(0.02)
  })

  test('is never negative, though the two clocks tick apart', () => {
    const noise = noiseOf({ ...stretch, after: { busy: 125, steal: 1 }, accounted: 25.4 })
    expect(noise).toEqual({ elsewhereCores: 0, stealShare: 0 })
  })

  test.each([
    [{ elsewhereCores: 0.15, stealShare: 0.02 }, undefined],
    [{ elsewhereCores: 0.16, stealShare: 0 }, 'other processes took 0.16 of a core'],
    [{ elsewhereCores: 0, stealShare: 0.03 }, 'the hypervisor gave 3.0 % of the time to others'],
    [undefined, 'this system does not tell what else ran'],
  ])('%j makes a run invalid: %s', (noise, why) => {
    expect(whyInvalid(noise)).toBe(why)
  })

  test('reads /proc/stat: user, nice and system are busy; waiting, interrupts and guests are not', () => {
    const stat = 'cpu  1000 200 300 9999 8888 70 60 500 4000 0\ncpu0 1 2 3\n'
    expect(parseCpuTimes(stat)).toEqual({ busy: 15, steal: 5 })
  })

  test('reads the CPU time of a process whose name holds blanks and parentheses', () => {
    const stat = '42 (a b) (c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 7 7 20 0 30 0'
    expect(parseProcessCpu(stat)).toBe(2)
  })
})

describe('medians', () => {
  test('of an odd and an even number of values', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 2, 9, 1])).toBe(5.5)
  })

  test('leave invalid runs out', () => {
    const costs = [
      { cpuSecondsPerMillion: 1, invalid: false },
      { cpuSecondsPerMillion: 1.2, invalid: false },
      { cpuSecondsPerMillion: 7, invalid: true, reason: 'noise' },
    ]
    const [one] = medians(costs.map((cost, n) => measured({ ...cost, round: n + 1 })))
    expect(one).toMatchObject({ cpuSecondsPerMillion: 1.1, runs: 3, validRuns: 2, spread: 0.182 })
  })

  test('take invalid runs where there are no others, and say so', () => {
    const [one] = medians([measured({ cpuSecondsPerMillion: 7, invalid: true, reason: 'noise' })])
    expect(one).toMatchObject({ cpuSecondsPerMillion: 7, runs: 1, validRuns: 0 })
  })

  test('are compared with rdkafka_performance in the same scenario, cheapest first', () => {
    const found = medians([
      measured({ cpuSecondsPerMillion: 1.2 }),
      measured({ system: 'rdkafka_performance', cpuSecondsPerMillion: 0.8 }),
      measured({ scenario: 'write', cpuSecondsPerMillion: 2 }),
      { scenario: 'write', system: 'rdkafka_performance', skipped: 'not built' },
    ])
    expect(found.map(({ scenario, system, ratio }) => [scenario, system, ratio])).toEqual([
      ['read', 'rdkafka_performance', 1],
      ['read', 'millrace', 1.5],
      ['write', 'millrace', undefined],
    ])
  })
})

describe('clients.md', () => {
  const rows: Row[] = [
    measured({ cpuSecondsPerMillion: 1.2 }),
    measured({ system: 'rdkafka_performance', cpuSecondsPerMillion: 0.8 }),
    measured({ system: 'kcat', invalid: true, reason: 'other processes took 0.50 of a core' }),
    { scenario: 'read', system: 'Java client', skipped: 'no JDK is installed (javac)' },
  ]

  test('has a line for each client, measured or not', () => {
    const text = markdown(resultsOf(rows), systems)
    expect(text).toContain('| **millrace** | 1.20 | 1.50 × | 1,000,000 | 100 | 1 of 1 | 0 % |')
    expect(text).toContain('| kcat | 1.00 | 1.25 × | 1,000,000 | 100 | 0 of 1 | 0 % |')
    expect(text).toContain('| Java client | not measured: no JDK is installed (javac) |')
    expect(text).toContain('- kcat, round 1: other processes took 0.50 of a core')
    expect(text).not.toContain('## Writing')
  })

  test.each([
    [1.2, 'Reached: 1.50.'],
    [1.21, 'Missed: 1.51.'],
  ])('says of %f against 0.8 whether the goal is reached', (cpuSecondsPerMillion, verdict) => {
    const text = markdown(resultsOf([measured({ cpuSecondsPerMillion }), rows[1]!]), systems)
    expect(text).toContain(verdict)
  })

  test('doubts a goal that was reached in invalid runs, and runs that were too short', () => {
    const invalid = { invalid: true, reason: 'noise' }
    const text = markdown(resultsOf([measured({ ...invalid }), rows[1]!], 2), systems)
    expect(text).toContain('1.25, in runs that are not valid.')
    expect(text).toContain('too short to be believed')
    expect(markdown(resultsOf(rows), systems)).not.toContain('too short')
  })
})

describe('clients.svg', () => {
  const widths = (svg: string): number[] =>
    [...svg.matchAll(/<rect[^>]* width="(\d+)"/g)].map(([, width]) => Number(width))

  test('draws bars in proportion, pale where no run was valid', () => {
    const rows = [
      measured({ cpuSecondsPerMillion: 1, recordsPerSecond: 500_000 }),
      measured({ system: 'a<b', cpuSecondsPerMillion: 4, recordsPerSecond: 1_000_000, invalid: true }),
    ]
    const svg = chart(resultsOf(rows))
    const [cheap, dear, slow, fast] = widths(svg)
    expect(dear).toBe(4 * cheap!)
    expect(fast).toBe(2 * slow!)
    expect(svg.match(/class="other noisy"/g)).toHaveLength(2)
    expect(svg).toContain('a&lt;b')
    expect(svg).toContain('prefers-color-scheme: dark')
    expect(svg).toContain('no valid run')
  })

  test('is whole without any measurement', () => {
    expect(chart(resultsOf([]))).toMatch(/^<svg .*<\/svg>\n$/s)
  })
})

describe('outcomes', () => {
  const task = { scenario: 'read', total: 1000 } as Task

  test("of rdkafka_performance are the sums of its passes' summaries", () => {
    const read = '% 1000 messages (256000 bytes) consumed in 12ms: 83333 msgs/s (21.33 MB/s)\n% Average\n'
    expect(performanceOutcome(read + read)).toEqual({ records: 2000, bytes: 512_000 })
    const written = (delivered: number) =>
      '% 3 backpressures for 1000 produce calls: 0.3% backpressure rate\n' +
      `% 1000 messages produced (256000 bytes), ${delivered} delivered (offset 9, 0 failed) in 9ms: 1 msgs/s\n`
    expect(performanceOutcome(written(1000))).toEqual({ records: 1000, bytes: 256_000 })
    expect(() => performanceOutcome(written(999))).toThrow('of 1000 records only 999 were acknowledged')
  })

  test('are refused when nothing, too little or half a pass was delivered', () => {
    const bytes = 2000 * valueBytes
    expect(() => checkOutcome({ records: 2000, bytes }, task, 2)).not.toThrow()
    expect(() => checkOutcome({ records: 1700, bytes }, task, 0)).not.toThrow()
    expect(() => checkOutcome({ records: 0, bytes: 0 }, task, 0)).toThrow('no records')
    expect(() => checkOutcome({ records: 2000, bytes: bytes - 1 }, task, 2)).toThrow('bytes')
    expect(() => checkOutcome({ records: 1999, bytes }, task, 2)).toThrow('instead of 2000')
  })

  test('rest on records that differ, of one size', () => {
    expect([1, 99_999, 10_000_000].map((n) => writtenValue(n).length)).toEqual([256, 256, 256])
    expect(new Set(Array.from({ length: 10_000 }, (_, n) => writtenKey(n))).size).toBe(10_000)
  })
})

describe('systems', () => {
  test('each takes part in each scenario, or says why not', () => {
    for (const { name, how, lacks } of systems)
      for (const scenario of scenarios)
        expect([
          name,
          scenario,
          [how[scenario], lacks[scenario]].filter((text) => text !== undefined).length,
        ]).toEqual([name, scenario, 1])
  })
})

describe('options', () => {
  test('put only whole runs among the results', () => {
    const out = (...args: string[]): string => {
      const options = parseOptions(args)
      return options === 'help' ? options : options.out.replace(/.*\/bench\//, '')
    }
    expect(out()).toBe('results')
    expect(out('--rounds', '5')).toBe('results')
    expect([out('--quick'), out('--only', 'read'), out('--systems', 'kcat')]).toEqual([
      '.tmp',
      '.tmp',
      '.tmp',
    ])
    expect(out('--quick', '--out', 'there')).toBe('there')
  })

  test('are refused when they are unknown', () => {
    expect(() => parseOptions(['--only', 'raed'])).toThrow('There is no scenario raed: choose from read,')
    expect(() => parseOptions(['--seconds', '-1'])).toThrow()
    expect(() => parseOptions(['--seconds=0'])).toThrow('--seconds 0 is not a number above 0.')
    expect(() => parseOptions(['--fast'])).toThrow('--help')
  })
})
