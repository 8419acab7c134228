import { Observable } from 'rxjs'
import { permanentError } from '../../errors.ts'
import { operator, type Operator } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { FieldAccess } from '../record-view.ts'
import { Collector, eachRow } from './rows.ts'

export interface JoinTableOptions {
  /** The source whose records are the rows. */
  readonly table: string
  /** Dotted path of the field that holds the key of the row: for a global table. Without it, the record's own key. */
  readonly key?: string | undefined
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
        const keyOf = keyReader(options.key)
        return input.subscribe((batch) => {
          const matched = new Collector(batch, true)
          const others = new Collector(batch, false)
          eachRow(scope, batch, (i) => {
            if (batch.isTombstone(i)) return scope.drop(batch, i, 'tombstone')
            const key = keyOf(batch, i)
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

/** Reads the key of the row, as text that is equal for equal bytes; undefined where there is none. */
function keyReader(path: string | undefined): (batch: RecordBatch, i: number) => string | undefined {
  if (path === undefined) return (batch, i) => batch.keyText(i)
  const field = new FieldAccess(path)
  return (batch, i) => {
    const value = field.read(batch, i)
    if (value === undefined || value === null) return undefined
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return Buffer.from(String(value)).toString('latin1')
    throw permanentError(
      'RECORD_INVALID',
      `The field ${path} is neither a text nor a number, so it is no key.`,
    )
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw permanentError('RECORD_INVALID', 'The value is not an object, so that no row can be put into it.')
}
