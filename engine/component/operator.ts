import type { OperatorFunction } from 'rxjs'
import type { IdStore, KeyValueStore } from './contracts/state.ts'
import type { Owing } from './contracts/owing.ts'
import type { Clock } from './contracts/clock.ts'
import type { RecordTypes } from './codec.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { RecordBatch } from './record-batch.ts'

const brand: unique symbol = Symbol('millrace.operator')

/** A table that records of a source make: the latest of each key is its row. */
export interface TableView {
  /** The row of a key, which nobody changes; undefined where there is none. */
  get(key: string): unknown
}

/** Work on single records that may take time: concurrently across keys, in order within a key. */
export interface KeyedWork {
  /** How many records may be worked on at once. */
  readonly concurrency: number
  /**
   * Works on the record at index `i`. A plain result counts at once; a promise holds the lane of the key until it is
   * kept. What it throws, or a rejection, goes to the error policy, and the followers of the key wait for the end of it.
   */
  work(batch: RecordBatch, i: number): unknown
  /** Gets records that are done, with their results by index; those of one key come in order. */
  done(batch: RecordBatch, results: readonly unknown[]): void
}

/**
 * What an operator may do with the records that it gets. For each record (each token) it must do exactly one of: emit
 * it once, `drop` it, `fail` it, or hand it to `hold` or keyed work. Whoever emits more than once retains first.
 */
export interface OperatorScope {
  /** Name of the node in its topology. */
  readonly node: string
  readonly clock: Clock
  /** True while some key waits at this operator: rows must then pass `hold` before they are worked on. */
  readonly holding: boolean
  /** True if the record's key waits here; the record then waits behind it, and the operator is done with it. */
  hold(batch: RecordBatch, i: number): boolean
  /**
   * True if an earlier record of the key is parked; the record then is parked behind it, and the operator is done with it.
   * For operators that end records themselves: further down, sinks see to it.
   */
  follow(batch: RecordBatch, i: number): boolean
  /** The record ends here, on purpose. Counted under `reason`. */
  drop(batch: RecordBatch, i: number, reason: string): void
  /** The record could not be worked on. The error policy decides; if it is tried again, it comes in again. */
  fail(batch: RecordBatch, i: number, error: unknown): void
  /** Makes `tokens` more of a record that is emitted more than once. */
  retain(batch: RecordBatch, i: number, tokens: number): void
  /** Sends the records to a named side output. */
  side(output: string, batch: RecordBatch): void
  /** An executor for this operator: what is handed to the answer is worked on as `work` says. */
  keyed(work: KeyedWork): (batch: RecordBatch) => void
  /** The id store of this node. At most one operator of a node may ask for it. */
  ids(windowMs: number): IdStore
  /**
   * A store by key of this node, `{node}` or `{node}.{name}`: to be asked for when the operator is made, and to be listed
   * in the definition's `stores`.
   */
  store<Value>(name?: string): KeyValueStore<Value>
  /** The rows of a source that this node joins, by key, as the records that came in so far have left them. */
  table(source: string): TableView
  /** The record types of the source that this node's records come from; undefined where they have none. */
  types(): RecordTypes | undefined
  /** The records end here: they settle with the changes of state that carry them. */
  absorb(batch: RecordBatch): void
  /** This operator sends on what its committed state owes. Its definition says `commitsFirst`. */
  owe(owing: Owing): void
  /** True for the record of a letter that goes through the topology again. */
  isReleased(batch: RecordBatch): boolean
  readonly fingerprint: Fingerprint
  /** Number of the input that the batch came from, for `IdStore`. */
  inputOf(batch: RecordBatch): number
  /** Says that a telling moment was reached (engine/component/points.ts). */
  reach(point: 'claimed' | 'rotated'): void
  /** Adds to a counter of the node (engine/observe/metrics.ts says which there are). */
  count(what: string, by: number): void
}

/** An RxJS operator over batches that keeps the rules above. Only the door makes these. */
export interface Operator {
  readonly [brand]: (scope: OperatorScope) => OperatorFunction<RecordBatch, RecordBatch>
}

/** Makes an operator. Not for components: they use keep, mapValue, flatMap and the others. */
export function operator(
  make: (scope: OperatorScope) => OperatorFunction<RecordBatch, RecordBatch>,
): Operator {
  return { [brand]: make }
}

/** True for what the door made. */
export function isOperator(value: unknown): value is Operator {
  return typeof value === 'object' && value !== null && brand in value
}

/** The RxJS operator for one task. For the engine. */
export function materialize(
  made: Operator,
  scope: OperatorScope,
): OperatorFunction<RecordBatch, RecordBatch> {
  return made[brand](scope)
}
