import { Observable } from 'rxjs'
import { operator, type KeyedWork, type Operator, type OperatorScope } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'

/** How work that takes time is limited. */
export interface ByKeyOptions {
  /** Records of one task that may be worked on at once; 64 if not given. */
  readonly concurrency?: number
}

/** What becomes of records that are done: see KeyedWork.done. */
export type Sort = (
  scope: OperatorScope,
  batch: RecordBatch,
  results: readonly unknown[],
  emit: (batch: RecordBatch) => void,
) => void

/**
 * An operator whose work takes time: concurrently across keys, in order within a key. `makeWork` is called for each task:
 * what it makes may keep something between two records.
 */
export function byKey(
  makeWork: () => KeyedWork['work'],
  { concurrency = 64 }: ByKeyOptions,
  sort: Sort,
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const emit = (batch: RecordBatch): void => output.next(batch)
        const done = (batch: RecordBatch, results: readonly unknown[]): void =>
          sort(scope, batch, results, emit)
        return input.subscribe(scope.keyed({ concurrency, work: makeWork(), done }))
      }),
  )
}
