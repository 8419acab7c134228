import { Observable } from 'rxjs'
import { permanentError } from '../../errors.ts'
import { operator, type Operator, type OperatorScope } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import { FieldAccess } from '../record-view.ts'
import { stored } from './aggregate/stored-values.ts'
import { HeldTypes, type HeldType } from './held-types.ts'
import { Sequences, type HeldRecord, type Sent } from './resequence/sequences.ts'
import { storedHeaders } from './stored-headers.ts'
import { TakingIn } from './taking-in.ts'
import { Collector } from './rows.ts'

export { shownSequence } from './resequence/sequences.ts'

export interface ResequenceOptions {
  /** Dotted path of the field that holds the number. */
  readonly by: string
  /** How long a record waits for those before it, milliseconds. */
  readonly withinMs: number
  /** The number that a key begins with; undefined: with the lowest that came within the wait. */
  readonly first: number | undefined
  /** So many records of a key wait at most. */
  readonly most: number
  /** Bytes of records that wait, for each partition: above that nothing more is read, and gaps are given up. */
  readonly memory: number
  /** Milliseconds after which the next number of a key is forgotten; undefined: never. */
  readonly forget: number | undefined
  /** Side output for numbers that did not come in time. */
  readonly gaps: string
  /** Side output for records whose turn is over. */
  readonly late: string
}

/**
 * Brings the records of a key into the order of a number in them. Commit, then emit: a record settles when the state that
 * holds it is committed; it is sent on in its turn, and is owed until a sink has it. The numbers of a key ascend on the main
 * output, whatever fails or crashes. Records without key and tombstones are dropped. The definition says `commitsFirst`.
 */
export function resequence(options: ResequenceOptions): readonly Operator[] {
  return [holding(options), sorting(options.gaps)]
}

function holding(options: ResequenceOptions): Operator {
  return operator(
    (scope) => (input) =>
      new Observable<RecordBatch>(() => {
        const stage = new ResequenceStage(scope, options)
        return input.subscribe((batch) => stage.receive(batch))
      }),
  )
}

/** What is owed comes out here: records as they came, gaps aside. */
function sorting(gaps: string): Operator {
  return operator(
    (scope) => (input) =>
      new Observable<RecordBatch>((output) =>
        input.subscribe((batch) => {
          const records = new Collector(batch, true)
          for (let i = 0; i < batch.length; i++) {
            const sent = batch.values![i] as Sent
            if ('record' in sent) records.add(i, sent.record)
            else scope.side(gaps, only(batch, i, { key: batch.key(i)!.toString('utf8'), ...sent.gap }))
          }
          if (records.length > 0) output.next(records.batch())
        }),
      ),
  )
}

function only(batch: RecordBatch, i: number, value: unknown): RecordBatch {
  return new RecordBatch(batch.origin, Int32Array.of(batch.rows[i]!), 1, [value])
}

class ResequenceStage {
  readonly #scope: OperatorScope
  readonly #options: ResequenceOptions
  readonly #number: FieldAccess
  readonly #types: HeldTypes
  readonly #sequences: Sequences
  readonly #taking: TakingIn

  constructor(scope: OperatorScope, options: ResequenceOptions) {
    const { by, withinMs: within, ...rest } = options
    this.#scope = scope
    this.#options = options
    this.#number = new FieldAccess(by)
    const now = (): number => scope.clock.now()
    const entries = scope.store<unknown>()
    const types = new HeldTypes(entries, scope.types())
    const sequences = new Sequences({ ...rest, within, now, entries, types })
    this.#types = types
    this.#sequences = sequences
    this.#taking = new TakingIn(scope, sequences.marks)
    scope.owe({
      types: scope.types(),
      due: (upTo) => sequences.due(upTo),
      get owes() {
        return sequences.owes
      },
      get saturated() {
        return sequences.saturated
      },
      tick: (_quietMs, calm) => (calm ? sequences.tick() : undefined),
      parked: this.#taking.parked,
      letterClosed: this.#taking.letterClosed,
    })
  }

  receive(batch: RecordBatch): void {
    this.#taking.receive(batch, (i, released) => this.#take(batch, i, released))
  }

  /** True if the record ends here. */
  #take(batch: RecordBatch, i: number, released: boolean): boolean {
    const key = batch.keyText(i)
    if (key === undefined || batch.isTombstone(i)) {
      this.#scope.drop(batch, i, key === undefined ? 'keyless' : 'tombstone')
      return false
    }
    const number = this.#numberOf(batch, i)
    const type = this.#types.of(batch, i)
    const record = this.#held(batch, i, type)
    const { lineage } = batch.origin
    if (this.#sequences.apply(key, number, record, lineage, batch.lineageRow(i))) {
      this.#types.put(type, released, lineage, batch.lineageRow(i))
      return true
    }
    this.#scope.count('late', 1)
    this.#scope.side(this.#options.late, batch.only(i))
    return false
  }

  #held(batch: RecordBatch, i: number, type: HeldType): HeldRecord {
    const h = storedHeaders(batch.headers(i))
    const record = { a: this.#scope.clock.now(), t: batch.timestamp(i), v: stored(batch.value(i)), ...type }
    return h.length === 0 ? record : { ...record, h }
  }

  #numberOf(batch: RecordBatch, i: number): number {
    const value = this.#number.read(batch, i)
    const number = typeof value === 'bigint' ? Number(value) : value
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number
    throw permanentError(
      'RECORD_INVALID',
      `The field ${this.#options.by} is no whole number below 2^53: the record has no place in its sequence.`,
    )
  }
}
