import type { Operator } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import type { StreamRecord } from '../record-view.ts'
import { byKey, type ByKeyOptions } from './by-key.ts'
import { madeValue } from './made-values.ts'
import { recordCaller } from './rows.ts'

/**
 * Like `mapValue`, for work that takes time: concurrently across keys, in order within a key. The record that `map`
 * gets is good until its promise is kept. A result that is not a promise costs no more than `mapValue` would.
 */
export function mapValueAsync<In, Out>(
  map: (value: In, record: StreamRecord<In>) => Out | Promise<Out>,
  options: ByKeyOptions = {},
): Operator {
  return byKey(
    () => {
      const call = recordCaller(map)
      const check = (made: unknown): unknown => madeValue(made, 'mapValueAsync')
      return (batch, i) => {
        const made = call(batch, i)
        return made instanceof Promise ? made.then(check) : check(made)
      }
    },
    options,
    (_scope, batch, results, emit) => emit(new RecordBatch(batch.origin, batch.rows, batch.length, results)),
  )
}
