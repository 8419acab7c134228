import type { EffectName, Summary } from './effects.ts'
import type { Lag } from './lag.ts'
import type { Layout, Options } from './options.ts'
import type { PhaseName } from './schedule.ts'
import type { Verdict } from './verify.ts'

/** How things stood at a moment. */
export interface Sample {
  /** Seconds since the load began. */
  readonly second: number
  readonly phase: PhaseName | 'drain'
  /** Records that were written since the sample before, each second. */
  readonly writtenPerSecond: number
  readonly lags: Readonly<Record<string, Lag>>
  /** Cores that each process took since the sample before. */
  readonly cores: Readonly<Record<string, number>>
  /** MiB that each process has in memory. */
  readonly rss: Readonly<Record<string, number>>
  /** Cores that went to none of them. */
  readonly elsewhereCores: number
}

/** What a process took of the machine. */
export interface ProcessFigures {
  readonly name: string
  /** Cores, on average, by phase. */
  readonly cores: Readonly<Partial<Record<PhaseName, number>>>
  readonly peakRssMb: number
}

export interface PhaseFigures {
  readonly phase: PhaseName
  readonly rate: number
  readonly seconds: number
  /** Records that were really written each second. */
  readonly writtenPerSecond: number
  /** From when a record was due to the broker's acknowledgement: no part of it is the platform's. */
  readonly acknowledged: Summary | undefined
  readonly effects: Readonly<Partial<Record<EffectName, Summary>>>
  /** The highest lag that was seen of any group. */
  readonly highestLag: Lag & { readonly group: string }
  /** Cores that went to other processes than the run's. */
  readonly elsewhereCores: number
}

/** A run in one layout. */
export interface Run {
  readonly layout: Layout
  /** From the start of the workers until all were ready. */
  readonly startSeconds: number
  /** The machine's load average before the run. */
  readonly loadBefore: number
  readonly phases: readonly PhaseFigures[]
  readonly processes: readonly ProcessFigures[]
  /** From the end of the spike until no group was more than a second behind. */
  readonly drainSeconds: number
  readonly written: number
  readonly verdict: Verdict
  /** What workers have warned of: how often, and the first of it. */
  readonly warnings: { readonly count: number; readonly first: readonly string[] }
  readonly samples: readonly Sample[]
}

/** Everything that goes into platform.json. */
export interface Results {
  readonly machine: Readonly<Record<'cpu' | 'os' | 'node', string> & Record<'cores' | 'memoryGb', number>>
  /** When it was measured, ISO 8601. */
  readonly measured: string
  /** How it is done again. */
  readonly command: string
  readonly options: Pick<Options, 'rate' | 'times' | 'seed' | 'small'>
  readonly runs: readonly Run[]
}
