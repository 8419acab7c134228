import type { RowOutcome } from '../component/contracts/sink.ts'
import type { WriteBatch } from '../component/write-batch.ts'
import type { MillraceError } from '../errors.ts'

/** `stored` may carry what the work came to. */
export type Outcome = RowOutcome & { readonly result?: unknown }

/** What an executor does with the records that it gets. */
export interface ExecutorWork {
  /** See SinkWriter.order: whether several records of one key may be in one call. */
  readonly order: 'batch' | 'record'
  /** Calls under way at once. */
  readonly concurrency: number
  /** Records in one call. */
  readonly maxBatch: number
  /** Works on some records. undefined = all stored. May answer at once. */
  perform(batch: WriteBatch): Promise<readonly Outcome[] | undefined> | readonly Outcome[] | undefined
  /** These are done, in the order of their keys; `outcomes` undefined = all stored, without results. */
  done(batch: WriteBatch, outcomes: readonly Outcome[] | undefined): void
  /** A record left in another way: it was given up, or parked behind one of its key. */
  left?(): void
  /** What a call failed with that has no answer after so many milliseconds. */
  late(ms: number): MillraceError
}

export const storedOutcome: Outcome = { outcome: 'stored' }

/** A failed call: every record failed with its error; downstream trouble is nobody's fault. */
export function refusedAll(batch: WriteBatch, error: unknown): Outcome[] {
  return Array.from({ length: batch.length }, () => ({ outcome: 'refused', error }))
}
