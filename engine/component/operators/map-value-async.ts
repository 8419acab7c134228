import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import type { StreamRecord } from '../record-view.ts'
import { recordCaller } from './rows.ts'

/**
 * Like `mapValue`, for work that takes time: concurrently across keys, in order within a key. The record that `map`
 * gets is good until its promise is kept. A result that is not a promise costs no more than `mapValue` would.
 */
export function mapValueAsync<In, Out>(
  map: (value: In, record: StreamRecord<In>) => Out | Promise<Out>,
  options: { readonly concurrency?: number } = {},
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const call = recordCaller(map)
        const submit = scope.keyed({
          concurrency: options.concurrency ?? 64,
          work: call,
          done(batch, results) {
            output.next(new RecordBatch(batch.origin, batch.rows, batch.length, results))
          },
        })
        return input.subscribe(submit)
      }),
  )
}
