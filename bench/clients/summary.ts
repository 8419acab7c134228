import { isSkipped, type MeasuredRow, type Median, type Row } from './rows.ts'
import { scenarios, type Scenario } from './workload.ts'

/** What the others are compared with. */
export const yardstick = 'rdkafka_performance'

/** What is aimed at: CPU per record, at most so many times the yardstick's. */
export const goals: Partial<Record<Scenario, number>> = { read: 1.5, write: 1.5 }

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * One line for each system in each scenario, cheapest first. Invalid runs count only where there are no valid ones
 * (`validRuns` is then 0).
 */
export function medians(rows: readonly Row[]): Median[] {
  const measured = rows.filter((row): row is MeasuredRow => !isSkipped(row))
  return scenarios.flatMap((scenario) => {
    const here = measured.filter((row) => row.scenario === scenario)
    const names = [...new Set(here.map(({ system }) => system))]
    const found = names.map((system) => medianOf(here.filter((row) => row.system === system)))
    const base = found.find(({ system }) => system === yardstick)?.cpuSecondsPerMillion
    return found
      .map((one) => ({
        ...one,
        ratio: base === undefined ? undefined : round(one.cpuSecondsPerMillion / base, 2),
      }))
      .sort((a, b) => a.cpuSecondsPerMillion - b.cpuSecondsPerMillion)
  })
}

function medianOf(rows: readonly MeasuredRow[]): Omit<Median, 'ratio'> {
  const valid = rows.filter(({ invalid }) => !invalid)
  const counted = valid.length > 0 ? valid : rows
  const costs = counted.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion)
  const cost = median(costs)
  return {
    scenario: rows[0]!.scenario,
    system: rows[0]!.system,
    recordsPerSecond: Math.round(median(counted.map(({ recordsPerSecond }) => recordsPerSecond))),
    cpuSecondsPerMillion: round(cost, 3),
    peakRssMb: Math.round(median(counted.map(({ peakRssMb }) => peakRssMb))),
    spread: round((Math.max(...costs) - Math.min(...costs)) / cost, 3),
    runs: rows.length,
    validRuns: valid.length,
  }
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
