import { median, round } from '../clients/summary.ts'
import { isSkipped, type Gate, type MeasuredRow, type Median, type Row } from './rows.ts'
import { scenarioNames, type ScenarioName } from './task.ts'

/**
 * One line for each system and guarantee in each scenario, fastest first. Runs that are not valid count only where there
 * is no other (`validRuns` is then 0), and those with a wrong result never.
 */
export function medians(rows: readonly Row[]): Median[] {
  const measured = rows.filter((row): row is MeasuredRow => !isSkipped(row) && row.wrong !== true)
  return scenarioNames.flatMap((scenario) => {
    const here = measured.filter((row) => row.scenario === scenario)
    const groups = Map.groupBy(here, ({ system, guarantee }) => `${system} ${guarantee}`)
    return [...groups.values()].map(medianOf).sort((a, b) => b.recordsPerSecond - a.recordsPerSecond)
  })
}

function medianOf(rows: readonly MeasuredRow[]): Median {
  const valid = rows.filter((row) => row.valid)
  const counted = valid.length > 0 ? valid : rows
  const of = (value: (row: MeasuredRow) => number): number => median(counted.map(value))
  const costs = counted.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion)
  const cost = median(costs)
  const { scenario, system, guarantee, records, p95Ms, p99Ms } = rows[0]!
  return {
    scenario,
    system,
    guarantee,
    recordsPerSecond: Math.round(of((row) => row.recordsPerSecond)),
    cpuSecondsPerMillion: round(cost, 3),
    serversCpuSecondsPerMillion: round(
      of((row) => row.serversCpuSecondsPerMillion ?? 0),
      2,
    ),
    peakRssMb: Math.round(of((row) => row.peakRssMb)),
    ...(p99Ms !== undefined && { p50Ms: of((row) => row.p50Ms ?? 0), p99Ms: of((row) => row.p99Ms ?? 0) }),
    ...(p95Ms !== undefined && { p95Ms: of((row) => row.p95Ms ?? 0) }),
    records,
    spread: round((Math.max(...costs) - Math.min(...costs)) / cost, 3),
    runs: rows.length,
    validRuns: valid.length,
  }
}

/** What Millrace is to reach: its figure and the other's, put together. */
interface Aim {
  readonly scenario: ScenarioName
  readonly guarantee: string
  /** The best of these counts. */
  readonly others: readonly string[]
  readonly what: string
  readonly value: (ours: Median, other: Median) => number
  readonly atLeast?: number
  readonly atMost?: number
  readonly aim?: number
}

const rate = (ours: Median, other: Median): number => ours.recordsPerSecond / other.recordsPerSecond
const cost = (ours: Median, other: Median): number => ours.cpuSecondsPerMillion / other.cpuSecondsPerMillion
const later = (ours: Median, other: Median): number => (ours.p99Ms ?? Infinity) - (other.p99Ms ?? 0)
const late = (ours: Median): number => ours.p95Ms ?? Infinity
const parallel = ['parallel-consumer', 'parallel-consumer-reactor']
const streams = { scenario: 'dedup', guarantee: 'exactly-once', others: ['kafka-streams'] } as const
const sums = { scenario: 'aggregate', guarantee: 'exactly-once', others: ['kafka-streams'] } as const
const joined = { scenario: 'join', guarantee: 'exactly-once', others: ['kafka-streams'] } as const
const keyed = { scenario: 'keyed-io-1000', guarantee: 'at-least-once', others: parallel } as const
const rows = { guarantee: 'at-least-once', others: ['by-hand'] } as const

const aims: readonly Aim[] = [
  { ...streams, what: 'rate, times that of Kafka Streams', value: rate, atLeast: 5, aim: 8 },
  {
    ...streams,
    what: 'CPU per record, part of that of Kafka Streams',
    value: cost,
    atMost: 1 / 8,
    aim: 1 / 12,
  },
  { ...sums, what: 'CPU per record, part of that of Kafka Streams', value: cost, atMost: 1 / 5 },
  { ...joined, what: 'CPU per record, part of that of Kafka Streams', value: cost, atMost: 1 / 5 },
  { ...keyed, what: 'rate, times that of Parallel Consumer', value: rate, atLeast: 3 },
  { ...keyed, what: 'CPU per record, part of that of Parallel Consumer', value: cost, atMost: 1 / 5 },
  { ...rows, scenario: 'audit', what: 'rate, times that of the loop by hand', value: rate, atLeast: 0.9 },
  {
    ...rows,
    scenario: 'audit-enriched',
    what: 'rate, times that of the loop by hand',
    value: rate,
    atLeast: 0.9,
  },
  {
    ...rows,
    scenario: 'audit-latency',
    what: 'p99 beyond that of the loop by hand, in ms',
    value: later,
    atMost: 15,
  },
  {
    scenario: 'critical',
    guarantee: 'at-least-once',
    others: ['millrace-plain'],
    what: 'p95 of what is critical, in ms',
    value: late,
    atMost: 100,
  },
]

/** The gates whose both sides were measured. */
export function gates(all: readonly Median[]): Gate[] {
  return aims.flatMap(({ scenario, guarantee, others, what, value: put, atLeast, atMost, aim }) => {
    const here = all.filter((one) => one.scenario === scenario)
    const ours = here.find((one) => one.system === 'millrace' && one.guarantee === guarantee)
    // The medians are sorted: the fastest comes first.
    const other = here.find((one) => others.includes(one.system) && one.guarantee === guarantee)
    if (ours === undefined || other === undefined) return []
    const value = put(ours, other)
    const limits = {
      ...(atLeast !== undefined && { atLeast }),
      ...(atMost !== undefined && { atMost: round(atMost, 4) }),
      ...(aim !== undefined && { aim: round(aim, 4) }),
    }
    const reached = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)
    const believed = ours.validRuns > 0 && other.validRuns > 0
    return [{ scenario, what, value: round(value, 4), ...limits, reached, believed }]
  })
}
