import { Observable } from 'rxjs'
import { operator, type Operator } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { Collector, eachRow } from './rows.ts'

/**
 * Makes a table of records: each is the row of its key, a tombstone deletes it. Commit, then settle: a record settles with
 * its change of the store. Records without key are dropped.
 */
export function tableOfRecords(): Operator {
  return operator(
    (scope) => (input) =>
      new Observable<RecordBatch>(() => {
        const rows = scope.store<unknown>()
        return input.subscribe((batch) => {
          const done = new Collector(batch, false)
          eachRow(scope, batch, (i) => {
            if (scope.follow(batch, i)) return
            const key = batch.keyText(i)
            if (key === undefined) return scope.drop(batch, i, 'keyless')
            const { lineage } = batch.origin
            if (batch.isTombstone(i)) rows.delete(key, lineage, batch.lineageRow(i))
            else rows.put(key, batch.value(i), lineage, batch.lineageRow(i))
            done.keep(i)
          })
          if (done.length > 0) scope.absorb(done.batch())
        })
      }),
  )
}
