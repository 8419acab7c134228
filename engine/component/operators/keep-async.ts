import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import type { StreamRecord } from '../record-view.ts'
import { Collector, recordCaller } from './rows.ts'

/**
 * Like `keep`, for a test that takes time: concurrently across keys, in order within a key. The record is good until
 * the promise is kept.
 */
export function keepAsync<Value>(
  test: (value: Value, record: StreamRecord<Value>) => boolean | Promise<boolean>,
  options: { readonly otherwise?: string; readonly concurrency?: number } = {},
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const submit = scope.keyed({
          concurrency: options.concurrency ?? 64,
          work: recordCaller(test),
          done(batch, results) {
            const kept = new Collector(batch, false)
            for (let i = 0; i < batch.length; i++) {
              if (results[i] === true) kept.keep(i)
              else if (options.otherwise !== undefined) scope.side(options.otherwise, batch.only(i))
              else scope.drop(batch, i, 'filtered')
            }
            if (kept.length > 0) output.next(kept.batch())
          },
        })
        return input.subscribe(submit)
      }),
  )
}
