import type { Operator } from '../operator.ts'
import type { StreamRecord } from '../record-view.ts'
import { byKey, type ByKeyOptions } from './by-key.ts'
import { Collector, recordCaller } from './rows.ts'

/**
 * Like `keep`, for a test that takes time: concurrently across keys, in order within a key. The record is good until
 * the promise is kept.
 */
export function keepAsync<Value>(
  test: (value: Value, record: StreamRecord<Value>) => boolean | Promise<boolean>,
  options: ByKeyOptions & { readonly otherwise?: string } = {},
): Operator {
  return byKey(
    () => recordCaller(test),
    options,
    (scope, batch, results, emit) => {
      const kept = new Collector(batch, false)
      for (let i = 0; i < batch.length; i++) {
        if (results[i] === true) kept.keep(i)
        else if (options.otherwise !== undefined) scope.side(options.otherwise, batch.only(i))
        else scope.drop(batch, i, 'filtered')
      }
      if (kept.length > 0) emit(kept.batch())
    },
  )
}
