import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import type { StreamRecord } from '../record-view.ts'
import { Collector, recordCaller } from './rows.ts'

/**
 * Like `route`, for a choice that takes time: concurrently across keys, in order within a key. The record is good until
 * the promise is kept.
 */
export function routeAsync<Value>(
  choose: (value: Value, record: StreamRecord<Value>) => string | undefined | Promise<string | undefined>,
  options: { readonly concurrency?: number } = {},
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const submit = scope.keyed({
          concurrency: options.concurrency ?? 64,
          work: recordCaller(choose),
          done(batch, results) {
            const main = new Collector(batch, false)
            for (let i = 0; i < batch.length; i++) {
              const name = results[i] as string | undefined
              if (name === undefined) main.keep(i)
              else scope.side(name, batch.only(i))
            }
            if (main.length > 0) output.next(main.batch())
          },
        })
        return input.subscribe(submit)
      }),
  )
}
