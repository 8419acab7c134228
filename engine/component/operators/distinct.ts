import { Observable } from 'rxjs'
import { sighting, type IdStore } from '../contracts/state.ts'
import type { Fingerprint } from '../fingerprint.ts'
import { operator, type Operator, type OperatorScope } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { FieldAccess } from '../record-view.ts'
import { permanentError } from '../../errors.ts'
import { Collector, eachRow } from './rows.ts'

export interface DistinctOptions {
  /** Dotted path of the field that is the id. */
  readonly by: string
  /** How long an id is remembered, milliseconds of stream time. */
  readonly windowMs: number
  /** Side output for records whose id is known with another body. */
  readonly conflicts: string
}

/**
 * Lets the first record of each id through. An id is known by the position that it came from, so that a replay of a
 * record is never taken for a duplicate of itself; it is done only when its record is settled, and becomes durable in
 * the commit that covers that record. A duplicate whose twin is still under way waits for the twin's end, without
 * holding up anything: stored or parked, the duplicate is dropped; skipped or discarded, the duplicate takes its place.
 */
export function distinct(options: DistinctOptions): Operator {
  return operator(
    (scope) => (input) =>
      new Observable((output) => {
        const ids = scope.ids(options.windowMs)
        const look = lookUp(scope, ids, new FieldAccess(options.by), scope.fingerprint)
        const emit = (batch: RecordBatch): void => output.next(batch)
        return input.subscribe((batch) => {
          const fresh = new Collector(batch, false)
          eachRow(scope, batch, (i) => {
            if (decide(scope, ids, look, options, batch, i, emit)) fresh.keep(i)
          })
          if (fresh.length === 0) return
          scope.reach('claimed')
          emit(fresh.batch())
        })
      }),
  )
}

type Look = (batch: RecordBatch, i: number) => number

function lookUp(scope: OperatorScope, ids: IdStore, by: FieldAccess, fingerprint: Fingerprint): Look {
  return (batch, i) => {
    const bytes = by.locate(batch, i)
    if (bytes === undefined) {
      throw permanentError(
        'RECORD_INVALID',
        `The record has no ${by.path.join('.')}, by which duplicates are known.`,
      )
    }
    if (ids.advance(batch.timestamp(i))) scope.reach('rotated')
    fingerprint.id(bytes, by.place[0]!, by.place[1]!, ids.probe)
    ids.probe.body = bodyHash(fingerprint, batch, i)
    return ids.see(scope.inputOf(batch), batch.offset(i), batch.origin.lineage, batch.lineageRow(i))
  }
}

/** True if the record goes on now; otherwise it was dropped, or waits for its twin. */
function decide(
  scope: OperatorScope,
  ids: IdStore,
  look: Look,
  options: DistinctOptions,
  batch: RecordBatch,
  i: number,
  emit: (batch: RecordBatch) => void,
): boolean {
  const seen = look(batch, i)
  if (seen === sighting.fresh) return true
  if (seen === sighting.replay) {
    scope.count('replays', 1)
    return true
  }
  if (ids.bodyDiffers) {
    scope.count('conflicts', 1)
    scope.side(options.conflicts, batch.only(i))
    return false
  }
  if (seen === sighting.duplicate) {
    scope.drop(batch, i, 'duplicate')
    return false
  }
  const waiting = batch.detached(i)
  ids.twinLineage.whenSettled(ids.twinRow, () => {
    if (decide(scope, ids, look, options, waiting, 0, emit)) emit(waiting)
  })
  return false
}

function bodyHash(fingerprint: Fingerprint, batch: RecordBatch, i: number): number {
  const { bytes, valueStarts, valueEnds } = batch.origin.records
  const row = batch.rows[i]!
  const start = valueStarts[row]!
  return start < 0 ? 0 : fingerprint.body(bytes, start, valueEnds[row]!)
}
