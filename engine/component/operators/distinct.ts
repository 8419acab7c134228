import { Observable } from 'rxjs'
import { type IdStore, type Sighting, sighting } from '../contracts/state.ts'
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
        const look = new Lookups(scope, ids, options.by)
        const emit = (batch: RecordBatch): void => output.next(batch)
        const door: Door = { scope, ids, look, options, emit }
        return input.subscribe((batch) => {
          const fresh = new Collector(batch, false)
          const pending: number[] = []
          eachRow(scope, batch, (i) => {
            look.prepare(batch, i)
            const verdict = decide(door, batch, i)
            if (verdict === 'fresh') fresh.keep(i)
            else if (verdict === 'pending') pending.push(i)
          })
          look.end()
          if (fresh.length > 0) {
            scope.reach('claimed')
            emit(fresh.batch())
          }
          askAgain(door, batch, pending)
        })
      }),
  )
}

// So many ids are announced to the store at a time: their places then lie in the processor's caches.
const PREPARED = 256
/** Words of a prepared id: its fingerprint, as the store wants it announced, then the hash of the body, then 1 if it is there. */
const WORDS = 8
const BODY = 4
const READY = 5

/** Looks records up by their ids: many are hashed and announced ahead, then each is asked about. */
class Lookups {
  readonly #scope: OperatorScope
  readonly #ids: IdStore
  readonly #by: FieldAccess
  readonly #fingerprint: Fingerprint
  readonly #words = new Int32Array(PREPARED * WORDS)
  /** What is prepared: these rows of this batch. */
  #batch: RecordBatch | undefined
  #input = 0
  #from = 0
  #to = 0

  constructor(scope: OperatorScope, ids: IdStore, by: string) {
    this.#scope = scope
    this.#ids = ids
    this.#by = new FieldAccess(by)
    this.#fingerprint = scope.fingerprint
  }

  /** Lets the batch go. */
  end(): void {
    this.#batch = undefined
  }

  /** Prepares the record at `i`, and some that follow. */
  prepare(batch: RecordBatch, i: number): void {
    if (this.#isPrepared(batch, i)) return
    if (batch !== this.#batch) this.#input = this.#scope.inputOf(batch)
    this.#batch = batch
    this.#from = i
    this.#to = Math.min(batch.length, i + PREPARED)
    const words = this.#words
    for (let row = i; row < this.#to; row++) {
      const at = (row - i) * WORDS
      words[at + READY] = 0
      try {
        this.#hash(batch, row)
      } catch {
        // `see` says what is wrong with it, when it is its turn.
        continue
      }
      const { probe } = this.#ids
      words[at] = probe.id0
      words[at + 1] = probe.id1
      words[at + 2] = probe.id2
      words[at + 3] = probe.id3
      words[at + BODY] = probe.body
      words[at + READY] = 1
    }
    this.#ids.touch(words, this.#to - i)
  }

  /** Asks about a record, prepared or not. */
  see(batch: RecordBatch, i: number): Sighting {
    const at = (i - this.#from) * WORDS
    const prepared = this.#isPrepared(batch, i)
    if (prepared && this.#words[at + READY] === 1) this.#load(at)
    else this.#hash(batch, i)
    if (this.#ids.advance(batch.timestamp(i))) this.#scope.reach('rotated')
    const input = prepared ? this.#input : this.#scope.inputOf(batch)
    return this.#ids.see(input, batch.offset(i), batch.origin.lineage, batch.lineageRow(i))
  }

  #isPrepared(batch: RecordBatch, i: number): boolean {
    return batch === this.#batch && i >= this.#from && i < this.#to
  }

  #load(at: number): void {
    const words = this.#words
    const { probe } = this.#ids
    probe.id0 = words[at]!
    probe.id1 = words[at + 1]!
    probe.id2 = words[at + 2]!
    probe.id3 = words[at + 3]!
    probe.body = words[at + BODY]!
  }

  #hash(batch: RecordBatch, i: number): void {
    const by = this.#by
    const bytes = by.locate(batch, i)
    if (bytes === undefined) {
      throw permanentError(
        'RECORD_INVALID',
        `The record has no ${by.path.join('.')}, by which duplicates are known.`,
      )
    }
    this.#fingerprint.id(bytes, by.place[0]!, by.place[1]!, this.#ids.probe)
    this.#ids.probe.body = bodyHash(this.#fingerprint, batch, i)
  }
}

/** All that a decision needs. */
interface Door {
  readonly scope: OperatorScope
  readonly ids: IdStore
  readonly look: Lookups
  readonly options: DistinctOptions
  readonly emit: (batch: RecordBatch) => void
}

/** `fresh`: the record goes on; `gone`: it was dropped; `pending`: its twin is under way, as the store says. */
function decide(
  { scope, ids, look, options }: Door,
  batch: RecordBatch,
  i: number,
): 'fresh' | 'gone' | 'pending' {
  const seen = look.see(batch, i)
  if (seen === sighting.fresh) return 'fresh'
  if (seen === sighting.replay) {
    scope.count('replays', 1)
    return 'fresh'
  }
  if (ids.bodyDiffers) {
    scope.count('conflicts', 1)
    scope.side(options.conflicts, batch.only(i))
    return 'gone'
  }
  if (seen === sighting.pending) return 'pending'
  scope.drop(batch, i, 'duplicate')
  return 'gone'
}

/** Most twins come in one batch, and the first of them is settled by now. What still has to wait is copied out. */
function askAgain(door: Door, batch: RecordBatch, pending: readonly number[]): void {
  for (const i of pending) {
    try {
      attach(door, batch, i)
    } catch (error) {
      door.scope.fail(batch, i, error)
    }
  }
}

/** Lets a record go on, or drops it, or makes it wait for the end of its twin, and asks again then. */
function attach(door: Door, batch: RecordBatch, i: number): void {
  const verdict = decide(door, batch, i)
  if (verdict === 'fresh') door.emit(batch.only(i))
  if (verdict !== 'pending') return
  const { twinLineage, twinRow } = door.ids
  const waiting = batch.detached(i)
  twinLineage.whenSettled(twinRow, () => attach(door, waiting, 0))
}

function bodyHash(fingerprint: Fingerprint, batch: RecordBatch, i: number): number {
  const { bytes, valueStarts, valueEnds } = batch.origin.records
  const row = batch.rows[i]!
  const start = valueStarts[row]!
  return start < 0 ? 0 : fingerprint.body(bytes, start, valueEnds[row]!)
}
