import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'
import { noOutput, unawaited } from './made-values.ts'
import { Collector, eachRow } from './rows.ts'

/**
 * Sends each record to the side output that `choose` names, as it is; undefined keeps it on the main output.
 *
 * @example route((record) => (isUrgent(record.value) ? 'urgent' : undefined))
 */
export function route<Value>(choose: (record: StreamRecord<Value>) => string | undefined): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) =>
        input.subscribe((batch) => {
          const cursor = new RecordCursor()
          const main = new Collector(batch, false)
          const sides = new Map<string, Collector>()
          eachRow(scope, batch, (i) => {
            const name: unknown = choose(cursor.at(batch, i) as StreamRecord<Value>)
            if (name instanceof Promise) throw unawaited(name, 'route')
            if (name === undefined) return main.keep(i)
            if (typeof name !== 'string') throw noOutput(name)
            let side = sides.get(name)
            if (side === undefined) sides.set(name, (side = new Collector(batch, false)))
            side.keep(i)
          })
          if (main.length > 0) output.next(main.batch())
          for (const [name, side] of sides) scope.side(name, side.batch())
        }),
      ),
  )
}
