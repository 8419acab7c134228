import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'
import { madeValue } from './made-values.ts'
import { Collector, eachRow } from './rows.ts'

/**
 * Gives each record the value that `map` returns; key, timestamp, headers and position stay. `map` is called once for
 * each record, in order, and again when it threw and the record is tried again: it has no effects of its own.
 *
 * @example mapValue((order, record) => ({ ...order, at: record.timestamp }))
 */
export function mapValue<In, Out>(map: (value: In, record: StreamRecord<In>) => Out): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) =>
        input.subscribe((batch) => {
          const cursor = new RecordCursor()
          const mapped = new Collector(batch, true)
          eachRow(scope, batch, (i) => {
            const record = cursor.at(batch, i) as StreamRecord<In>
            mapped.add(i, madeValue(map(record.value, record), 'mapValue'))
          })
          if (mapped.length > 0) output.next(mapped.batch())
        }),
      ),
  )
}
