import type { Verdict } from '../component/lineage.ts'
import type { Counters } from './counters.ts'

/** What a worker did, in records. consumed = stored + duplicates + dropped + deadLettered + skipped, when all is settled. */
export interface WorkerSummary {
  /** Records that were read and settled, those that were settled in an earlier life aside. */
  readonly consumed: number
  /** Dropped because their id was known from another position; a letter that is one when it is released is not among them. */
  readonly duplicates: number
  /** Seen again at the same position, and processed again. */
  readonly replays: number
  /** Dropped on purpose for another reason; `unlisted` of them since their source passes over records of their type. */
  readonly dropped: number
  readonly unlisted: number
  /** Parked: those that failed, and their followers. */
  readonly deadLettered: number
  /** Failed and skipped, because the topology says so. */
  readonly skipped: number
  /** Acknowledged by the sinks that they were for. */
  readonly stored: number
  /** Letters of earlier records that were processed after all, or given up: not among those consumed. */
  readonly released: number
  /** Released letters that failed again, and stay parked. */
  readonly failedAgain: number
  readonly discarded: number
  readonly elapsedMs: number
  readonly recordsPerSecond: number
}

/** Adds up what the tasks of a worker did. */
export function summarize(
  verdicts: Iterable<Readonly<Record<Verdict, number>>>,
  counters: Counters,
  elapsedMs: number,
): WorkerSummary {
  const sum = noVerdicts()
  for (const one of verdicts) for (const name of names) sum[name] += one[name]
  const consumed = names.reduce((all, name) => all + (name === 'discarded' ? 0 : sum[name]), 0)
  return {
    consumed,
    duplicates: sum.duplicate,
    replays: counters.total('replays'),
    dropped: sum.dropped + sum.unlisted,
    unlisted: sum.unlisted,
    deadLettered: sum.parked,
    skipped: sum.skipped,
    stored: sum.stored,
    released: counters.total('released'),
    failedAgain: counters.total('failedAgain'),
    discarded: counters.total('discarded'),
    elapsedMs,
    recordsPerSecond: elapsedMs > 0 ? Math.round((consumed * 1000) / elapsedMs) : 0,
  }
}

const names: readonly Verdict[] = [
  'stored',
  'duplicate',
  'unlisted',
  'dropped',
  'parked',
  'skipped',
  'discarded',
]

/** Of each verdict none. */
export function noVerdicts(): Record<Verdict, number> {
  return { stored: 0, duplicate: 0, unlisted: 0, dropped: 0, parked: 0, skipped: 0, discarded: 0 }
}
