import type { ScenarioName } from './task.ts'

/** What one run of one system has cost. */
export interface MeasuredRow {
  readonly scenario: ScenarioName
  readonly system: string
  readonly guarantee: string
  readonly round: number
  /** From the start of the process to its end, so that joining the group and the last commit count too. */
  readonly recordsPerSecond: number
  /** CPU seconds of the whole process, user and system, for a million records. */
  readonly cpuSecondsPerMillion: number
  readonly peakRssMb: number
  /** The same of the broker and the database, in the time of the run. */
  readonly serversCpuSecondsPerMillion: number | undefined
  /** Milliseconds from an event to its acknowledged row. */
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly p99Ms?: number
  readonly maxMs?: number
  readonly records: number
  readonly seconds: number
  /** CPU time that went to neither the run nor the servers, in cores; undefined where the system does not tell. */
  readonly elsewhereCores: number | undefined
  /** Part of the machine's time that the hypervisor gave to others. */
  readonly stealShare: number | undefined
  readonly valid: boolean
  /** Why it is not valid. */
  readonly reason?: string
  /** What it left behind is wrong: its figures say nothing at all. */
  readonly wrong?: true
}

/** A system that was not measured in a scenario, or whose run failed, and why. */
export interface SkippedRow {
  readonly scenario: ScenarioName
  readonly system: string
  readonly guarantee: string
  readonly skipped: string
}

export type Row = MeasuredRow | SkippedRow

export function isSkipped(row: Row): row is SkippedRow {
  return 'skipped' in row
}

/** The rounds of one system in one scenario, taken together. */
export interface Median {
  readonly scenario: ScenarioName
  readonly system: string
  readonly guarantee: string
  readonly recordsPerSecond: number
  readonly cpuSecondsPerMillion: number
  readonly serversCpuSecondsPerMillion: number | undefined
  readonly peakRssMb: number
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly p99Ms?: number
  /** Records that it got in each run. */
  readonly records: number
  /** (largest − smallest) / median of the CPU figures. */
  readonly spread: number
  readonly runs: number
  readonly validRuns: number
}

/** Something that Millrace is to reach beside another system. */
export interface Gate {
  readonly scenario: ScenarioName
  /** What is compared, in words. */
  readonly what: string
  readonly value: number
  readonly atLeast?: number
  readonly atMost?: number
  /** What is hoped for beyond that. */
  readonly aim?: number
  readonly reached: boolean
  /** Whether both sides had a valid run. */
  readonly believed: boolean
}

/** Everything that goes into engine.json. */
export interface Results {
  readonly machine: Readonly<Record<'cpu' | 'os' | 'node', string> & Record<'cores' | 'memoryGb', number>>
  /** When it was measured, ISO 8601. */
  readonly measured: string
  /** Names and versions of what was measured. */
  readonly versions: Readonly<Record<string, string>>
  /** How each was used, by scenario and system. */
  readonly how: Readonly<Record<string, string>>
  readonly rounds: number
  readonly sizes: Readonly<Record<string, number>>
  /** The runs were too short to be believed. */
  readonly small: boolean
  readonly rows: readonly Row[]
  readonly medians: readonly Median[]
  readonly gates: readonly Gate[]
}
