import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'
import { unawaited } from './made-values.ts'
import { Collector, eachRow } from './rows.ts'

/**
 * Lets the records through for which `test` is true. The others are dropped on purpose: settled, and counted as
 * `filtered`, or sent to the side output `otherwise` where one is named.
 *
 * @example keep((record) => record.key !== null)
 */
export function keep<Value>(
  test: (record: StreamRecord<Value>) => boolean,
  options: { readonly otherwise?: string } = {},
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) =>
        input.subscribe((batch) => {
          const cursor = new RecordCursor()
          const kept = new Collector(batch, false)
          eachRow(scope, batch, (i) => {
            const isKept: unknown = test(cursor.at(batch, i) as StreamRecord<Value>)
            if (isKept instanceof Promise) throw unawaited(isKept, 'keep')
            if (isKept) kept.keep(i)
            else if (options.otherwise !== undefined) scope.side(options.otherwise, batch.only(i))
            else scope.drop(batch, i, 'filtered')
          })
          if (kept.length > 0) output.next(kept.batch())
        }),
      ),
  )
}
