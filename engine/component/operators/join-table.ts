import { Observable } from 'rxjs'
import { permanentError } from '../../errors.ts'
import { operator, type Operator } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { Collector, eachRow } from './rows.ts'

export interface JoinTableOptions {
  /** The source whose records are the rows. */
  readonly table: string
  /** `left`: records without a row go on with `row` null. */
  readonly kind: 'inner' | 'left'
  /** Side output for records without a row, in an inner join. */
  readonly unmatched: string
  /** The value that goes on. */
  readonly joined: (value: Readonly<Record<string, unknown>>, row: unknown) => unknown
}

/**
 * Puts the row of its key to each record, as the table is when the record comes. Ack, then commit: the record settles with
 * what becomes of it. Tombstones are dropped, and so are records without key from an inner join. The definition names the
 * table in `joins`.
 */
export function joinTable(options: JoinTableOptions): Operator {
  const { table, kind, unmatched, joined } = options
  return operator(
    (scope) => (input) =>
      new Observable<RecordBatch>((output) => {
        const rows = scope.table(table)
        return input.subscribe((batch) => {
          const matched = new Collector(batch, true)
          const others = new Collector(batch, false)
          eachRow(scope, batch, (i) => {
            const key = batch.keyText(i)
            if (batch.isTombstone(i)) return scope.drop(batch, i, 'tombstone')
            if (key === undefined && kind === 'inner') return scope.drop(batch, i, 'keyless')
            const row = (key === undefined ? undefined : rows.get(key)) ?? null
            if (row === null && kind === 'inner') return others.keep(i)
            matched.add(i, joined(objectOf(batch.value(i)), row))
          })
          if (others.length > 0) {
            scope.count('unmatched', others.length)
            scope.side(unmatched, others.batch())
          }
          if (matched.length > 0) output.next(matched.batch())
        })
      }),
  )
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw permanentError('RECORD_INVALID', 'The value is not an object, so that no row can be put into it.')
}
