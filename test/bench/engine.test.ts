import { describe, expect, test } from '@jest/globals'
import { engineChart } from '../../bench/cluster/chart.ts'
import { markdown } from '../../bench/cluster/markdown.ts'
import { parseOptions, type Options } from '../../bench/cluster/options.ts'
import type { MeasuredRow, Results, Row } from '../../bench/cluster/rows.ts'
import { keyedFault } from '../../bench/cluster/scenario-keyed.ts'
import { scenarios } from '../../bench/cluster/scenarios.ts'
import { gates, medians } from '../../bench/cluster/summary.ts'
import { scenarioNames } from '../../bench/cluster/task.ts'

test.each([
  [{ records: 10, outOfOrder: 0, atOnce: 0 }, undefined],
  [{ records: 9, outOfOrder: 0, atOnce: 0 }, 'it worked on 9 records of 10'],
  [{ records: 10, outOfOrder: 1, atOnce: 0 }, "1 records were out of their key's order"],
  [{ records: 10, outOfOrder: 0, atOnce: 2 }, '2 records were worked on beside another one of their key'],
  [{ records: 10 }, 'it does not tell the order in which it worked'],
])('keyed work that says %j: %s', (outcome, fault) => {
  expect(keyedFault(outcome, 10)).toBe(fault)
})

const measured = (changes: Partial<MeasuredRow>): MeasuredRow => ({
  scenario: 'dedup',
  system: 'millrace',
  guarantee: 'exactly-once',
  round: 1,
  recordsPerSecond: 400_000,
  cpuSecondsPerMillion: 2,
  peakRssMb: 300,
  serversCpuSecondsPerMillion: 3,
  records: 8_000_000,
  seconds: 20,
  elsewhereCores: 0,
  stealShare: 0,
  valid: true,
  ...changes,
})
const streams = { system: 'kafka-streams', recordsPerSecond: 50_000, cpuSecondsPerMillion: 24 }

describe('the summary', () => {
  test('takes the valid runs, and keeps guarantees apart', () => {
    const rows = [
      measured({}),
      measured({ recordsPerSecond: 300_000, cpuSecondsPerMillion: 3 }),
      measured({ recordsPerSecond: 1, cpuSecondsPerMillion: 99, valid: false, reason: 'noise' }),
      measured({ guarantee: 'at-least-once', recordsPerSecond: 500_000 }),
    ]
    expect(medians(rows)).toMatchObject([
      { guarantee: 'at-least-once', recordsPerSecond: 500_000, runs: 1, validRuns: 1 },
      {
        guarantee: 'exactly-once',
        recordsPerSecond: 350_000,
        cpuSecondsPerMillion: 2.5,
        runs: 3,
        validRuns: 2,
      },
    ])
  })

  test('compares like with like', () => {
    const twin = measured({ ...streams, guarantee: 'at-least-once', recordsPerSecond: 399_000 })
    expect(gates(medians([measured({}), measured(streams), twin]))).toEqual([
      {
        scenario: 'dedup',
        what: 'rate, times that of Kafka Streams',
        value: 8,
        atLeast: 5,
        aim: 8,
        reached: true,
        believed: true,
      },
      {
        scenario: 'dedup',
        what: 'CPU per record, part of that of Kafka Streams',
        value: 0.0833,
        atMost: 0.125,
        aim: 0.0833,
        reached: true,
        believed: true,
      },
    ])
  })

  test('says when a goal is missed, and when a run is not to be believed', () => {
    const slow = measured({ ...streams, recordsPerSecond: 100_000, valid: false })
    expect(gates(medians([measured({}), slow]))[0]).toMatchObject({
      value: 4,
      reached: false,
      believed: false,
    })
  })

  test('takes the faster of the two Parallel Consumers, and the difference of latencies', () => {
    const keyed = { scenario: 'keyed-io-1000', guarantee: 'at-least-once' } as const
    const late = { scenario: 'audit-latency', guarantee: 'at-least-once', p50Ms: 3 } as const
    const found = gates(
      medians([
        measured({ ...keyed, recordsPerSecond: 60_000 }),
        measured({ ...keyed, system: 'parallel-consumer', recordsPerSecond: 18_000 }),
        measured({ ...keyed, system: 'parallel-consumer-reactor', recordsPerSecond: 30_000 }),
        measured({ ...late, p99Ms: 22 }),
        measured({ ...late, system: 'by-hand', p99Ms: 10 }),
      ]),
    )
    expect(found.map(({ value, reached }) => [value, reached])).toEqual([
      [2, false],
      [1, false],
      [12, true],
    ])
  })
})

test('of what is critical the p95 counts, whatever it is without', () => {
  const late = { scenario: 'critical', guarantee: 'at-least-once', p50Ms: 3, p99Ms: 200 } as const
  const rows = [measured({ ...late, p95Ms: 84 }), measured({ ...late, system: 'millrace-plain', p95Ms: 317 })]
  expect(gates(medians(rows))).toMatchObject([{ value: 84, atMost: 100, reached: true }])
})

describe('options', () => {
  test('choose scenarios by their names or how these begin, and systems', () => {
    const scenariosOf = (words: string[]) => (parseOptions(words) as Options).scenarios
    expect(scenariosOf(['--only', 'dedup,keyed-io/millrace,audit/by-hand,audit/millrace'])).toEqual([
      { name: 'dedup', systems: [] },
      { name: 'keyed-io-100', systems: ['millrace'] },
      { name: 'keyed-io-1000', systems: ['millrace'] },
      { name: 'audit', systems: ['by-hand', 'millrace'] },
    ])
    expect(scenariosOf(['--systems', 'millrace'])).toEqual(
      scenarioNames.map((name) => ({ name, systems: ['millrace'] })),
    )
    expect(parseOptions([])).toMatchObject({
      scenarios: scenarioNames.map((name) => ({ name, systems: [] })),
      rounds: 2,
    })
  })

  test('put only whole runs among the results', () => {
    const folder = (words: string[]): string => (parseOptions(words) as Options).out
    expect(folder([])).toMatch(/results$/)
    expect(folder(['--sweep'])).toMatch(/results$/)
    for (const words of [
      ['--quick'],
      ['--smoke'],
      ['--only', 'dedup'],
      ['--systems', 'millrace'],
      ['--records', '1000'],
    ])
      expect(folder(words)).toMatch(/\.tmp$/)
  })

  test.each([
    [['--only', 'reading'], /There is no scenario reading/],
    [['--rounds', 'none'], /--rounds none is not a number above 0/],
    [['--fast'], /--fast.*--help/],
  ])('%j is refused', (words, sentence) => {
    expect(() => parseOptions(words)).toThrow(sentence)
  })
})

test('every scenario has systems, ours first, and says how each is used', () => {
  expect(scenarios.map(({ name }) => name)).toEqual(scenarioNames)
  for (const { systems } of scenarios) {
    expect(systems[0]!.name).toBe('millrace')
    expect(systems.length).toBeGreaterThan(1)
    const names = systems.map(({ name, guarantee }) => `${name} ${guarantee}`)
    expect(new Set(names).size).toBe(names.length)
  }
})

test('the pages show figures, reasons and what was not measured', () => {
  const rows: Row[] = [
    measured({}),
    measured({ ...streams, valid: false, reason: 'other processes took 0.50 of a core' }),
    measured({ system: 'by-hand', valid: false, wrong: true, reason: 'its result is wrong: 3 are missing' }),
    { scenario: 'dedup', system: 'quix-streams', guarantee: 'at-least-once', skipped: 'no Python <3' },
  ]
  const results: Results = {
    machine: { cpu: 'Test CPU', cores: 2, memoryGb: 24, os: 'Linux 6', node: 'v24.12.0' },
    measured: '2026-11-21T08:00:00.000Z',
    versions: { millrace: '0.1.0' },
    how: {
      'dedup millrace exactly-once': 'as ever',
      'dedup kafka-streams exactly-once': 'as usual',
    },
    rounds: 2,
    sizes: { dedup: 8_000_000 },
    small: true,
    rows,
    medians: medians(rows),
    gates: gates(medians(rows)),
  }
  const page = markdown(results, scenarios)
  expect(page).toContain(
    '| **millrace** | exactly-once | 400,000 | 2.00 | 3.0 | 300 | 8,000,000 | 1 of 1 | 0 % |',
  )
  expect(page).toContain('- kafka-streams, exactly-once, round 1: other processes took 0.50 of a core')
  expect(page).toContain('- by-hand, exactly-once, round 1: its result is wrong: 3 are missing')
  expect(page).not.toContain('| by-hand')
  expect(page).toContain('- quix-streams, at-least-once: not measured: no Python <3')
  expect(page).toContain('reached, in runs that are not valid')
  expect(page).toContain('too short to be believed')
  expect(page).not.toContain('undefined')
  const drawing = engineChart(results, scenarios)
  expect(drawing).toContain('millrace, exactly-once')
  expect(drawing).toContain('Pale: no valid run')
})
