import type { Operator } from '../operator.ts'
import type { StreamRecord } from '../record-view.ts'
import { byKey, type ByKeyOptions } from './by-key.ts'
import { Collector, recordCaller } from './rows.ts'

/**
 * Like `route`, for a choice that takes time: concurrently across keys, in order within a key. The record is good until
 * the promise is kept.
 */
export function routeAsync<Value>(
  choose: (value: Value, record: StreamRecord<Value>) => string | undefined | Promise<string | undefined>,
  options: ByKeyOptions = {},
): Operator {
  return byKey(
    () => recordCaller(choose),
    options,
    (scope, batch, results, emit) => {
      const main = new Collector(batch, false)
      for (let i = 0; i < batch.length; i++) {
        const name = results[i] as string | undefined
        if (name === undefined) main.keep(i)
        else scope.side(name, batch.only(i))
      }
      if (main.length > 0) emit(main.batch())
    },
  )
}
