import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'
import { madePieces } from './made-values.ts'
import { eachRow } from './rows.ts'

/**
 * Turns each record into any number of records with the same key, timestamp and position. None at all drops it
 * (counted as `empty`). The source's record is settled when everything that was made of it is.
 *
 * @example flatMap((order: Order) => order.items)
 */
export function flatMap<In, Out>(map: (value: In, record: StreamRecord<In>) => Iterable<Out>): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) =>
        input.subscribe((batch) => {
          const cursor = new RecordCursor()
          const rows: number[] = []
          const values: unknown[] = []
          eachRow(scope, batch, (i) => {
            const record = cursor.at(batch, i) as StreamRecord<In>
            const made = madePieces(map(record.value, record), 'flatMap')
            if (made.length === 0) return scope.drop(batch, i, 'empty')
            if (made.length > 1) scope.retain(batch, i, made.length - 1)
            for (const value of made) {
              rows.push(batch.rows[i]!)
              values.push(value)
            }
          })
          if (rows.length > 0)
            output.next(new RecordBatch(batch.origin, Int32Array.from(rows), rows.length, values))
        }),
      ),
  )
}
