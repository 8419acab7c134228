import type { Scenario } from './workload.ts'

/** What one run of one system has cost. */
export interface MeasuredRow {
  readonly scenario: Scenario
  readonly system: string
  readonly round: number
  readonly recordsPerSecond: number
  /** CPU seconds of the whole process, user and system, for a million records. */
  readonly cpuSecondsPerMillion: number
  readonly peakRssMb: number
  readonly records: number
  readonly seconds: number
  /** How often the program was started to fill the time. */
  readonly passes: number
  /** CPU time that went to neither the run nor the broker, in cores; undefined where the system does not tell. */
  readonly elsewhereCores: number | undefined
  /** Part of the machine's time that the hypervisor gave to others. */
  readonly stealShare: number | undefined
  readonly invalid: boolean
  /** Why it is invalid. */
  readonly reason?: string
}

/** A system that was not measured in a scenario, and why. */
export interface SkippedRow {
  readonly scenario: Scenario
  readonly system: string
  readonly skipped: string
}

export type Row = MeasuredRow | SkippedRow

/** The rounds of one system in one scenario, taken together. */
export interface Median {
  readonly scenario: Scenario
  readonly system: string
  readonly recordsPerSecond: number
  readonly cpuSecondsPerMillion: number
  readonly peakRssMb: number
  /** (largest − smallest) / median of the CPU figures. */
  readonly spread: number
  /** CPU per record beside rdkafka_performance's; undefined where that was not measured. */
  readonly ratio: number | undefined
  readonly runs: number
  readonly validRuns: number
}

export function isSkipped(row: Row): row is SkippedRow {
  return 'skipped' in row
}

/** Everything that goes into clients.json. */
export interface Results {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGb: number
    readonly os: string
    readonly node: string
  }
  /** When it was measured, ISO 8601. */
  readonly measured: string
  /** Names and versions of what was measured. */
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  /** Seconds that a run lasts at least, and records in the topics that are read. */
  readonly seconds: number
  readonly records: number
  readonly rows: readonly Row[]
  readonly medians: readonly Median[]
}
