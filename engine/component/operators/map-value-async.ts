import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'

/**
 * Like `mapValue`, for work that takes time: concurrently across keys, in order within a key. The record that `map`
 * gets is good only until it first awaits; take what is needed from it before. A result that is not a promise costs
 * no more than `mapValue` would.
 */
export function mapValueAsync<In, Out>(
  map: (value: In, record: StreamRecord<In>) => Out | Promise<Out>,
  options: { readonly concurrency?: number } = {},
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const cursor = new RecordCursor()
        const submit = scope.keyed({
          concurrency: options.concurrency ?? 64,
          work(batch, i) {
            const record = cursor.at(batch, i) as StreamRecord<In>
            return map(record.value, record)
          },
          done(batch, results) {
            output.next(new RecordBatch(batch.origin, batch.rows, batch.length, results))
          },
        })
        return input.subscribe(submit)
      }),
  )
}
