import type { Operator } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import type { StreamRecord } from '../record-view.ts'
import { byKey, type ByKeyOptions } from './by-key.ts'
import { madePieces } from './made-values.ts'
import { recordCaller } from './rows.ts'

/**
 * Like `flatMap`, for work that takes time: concurrently across keys, in order within a key. The record is good until
 * the promise is kept.
 */
export function flatMapAsync<In, Out>(
  map: (value: In, record: StreamRecord<In>) => Iterable<Out> | Promise<Iterable<Out>>,
  options: ByKeyOptions = {},
): Operator {
  const makeWork = (): ((batch: RecordBatch, i: number) => unknown) => {
    const call = recordCaller<In>(map)
    return (batch, i) => {
      // What the iterable throws is the record's failure too, so that it ends here.
      const made = call(batch, i)
      return made instanceof Promise ? made.then(listOf) : listOf(made)
    }
  }
  return byKey(makeWork, options, (scope, batch, results, emit) => {
    const rows: number[] = []
    const values: unknown[] = []
    for (let i = 0; i < batch.length; i++) {
      const made = results[i] as readonly unknown[]
      if (made.length === 0) {
        scope.drop(batch, i, 'empty')
        continue
      }
      if (made.length > 1) scope.retain(batch, i, made.length - 1)
      for (const value of made) {
        rows.push(batch.rows[i]!)
        values.push(value)
      }
    }
    if (rows.length > 0) emit(new RecordBatch(batch.origin, Int32Array.from(rows), rows.length, values))
  })
}

function listOf(made: unknown): unknown[] {
  return madePieces(made, 'flatMapAsync')
}
