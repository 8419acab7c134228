import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'
import { Projection, type ProjectedField } from '../projection.ts'
import { madeValue } from './made-values.ts'
import { Collector, eachRow } from './rows.ts'

/**
 * Gives each record the value that `map` returns; key, timestamp, headers and position stay. `map` is called once for
 * each record, in order, and again when it threw and the record is tried again: it has no effects of its own.
 *
 * `fields`: where what \`map\` does is to pick fields, those; values that are still encoded are then not decoded for it.
 *
 * @example mapValue((order, record) => ({ ...order, at: record.timestamp }))
 */
export function mapValue<In, Out>(
  map: (value: In, record: StreamRecord<In>) => Out,
  fields?: readonly ProjectedField[],
): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const projection = fields && new Projection(fields)
        return input.subscribe((batch) => {
          const mapped = new Collector(batch, true)
          if (projection?.takes(batch) === true) {
            eachRow(scope, batch, (i) => mapped.add(i, projection.make(batch, i)))
            if (mapped.length > 0) output.next(mapped.batch())
            return
          }
          const cursor = new RecordCursor()
          eachRow(scope, batch, (i) => {
            const record = cursor.at(batch, i) as StreamRecord<In>
            mapped.add(i, madeValue(map(record.value, record), 'mapValue'))
          })
          if (mapped.length > 0) output.next(mapped.batch())
        })
      }),
  )
}
