import type { OperatorScope } from '../operator.ts'
import { RecordBatch } from '../record-batch.ts'
import { RecordCursor, type StreamRecord } from '../record-view.ts'

/**
 * Calls `work` for each record of the batch that need not wait. What it throws goes to the error policy; later records
 * of the same key then wait behind the failed one. The loop that every synchronous operator is built on.
 */
export function eachRow(scope: OperatorScope, batch: RecordBatch, work: (i: number) => void): void {
  for (let i = 0; i < batch.length; i++) {
    if (scope.holding && scope.hold(batch, i)) continue
    try {
      work(i)
    } catch (error) {
      scope.fail(batch, i, error)
    }
  }
}

/** Collects records of one batch, with values or without, and makes a batch of them. */
export class Collector {
  readonly #source: RecordBatch
  readonly #rows: Int32Array
  readonly #values: unknown[] | undefined
  #length = 0

  constructor(source: RecordBatch, derive: boolean) {
    this.#source = source
    this.#rows = new Int32Array(source.length)
    this.#values = derive || source.values !== undefined ? [] : undefined
  }

  /** Adds the record at index `i`; `value` counts only where values are derived. */
  add(i: number, value?: unknown): void {
    this.#rows[this.#length++] = this.#source.rows[i]!
    this.#values?.push(value)
  }

  /** True where values are derived, or were before. */
  get derives(): boolean {
    return this.#values !== undefined
  }

  /** Adds the record as it is. */
  keep(i: number): void {
    this.add(i, this.#source.values?.[i])
  }

  get length(): number {
    return this.#length
  }

  batch(): RecordBatch {
    if (this.#length === this.#source.length && this.#values === undefined) return this.#source
    return new RecordBatch(this.#source.origin, this.#rows, this.#length, this.#values)
  }
}

/**
 * Calls `work` with the value and a view of the record at index `i`. The view is good for as long as the work lasts: one
 * whose work takes time is left to it, and the next record gets another.
 */
export function recordCaller<In>(
  work: (value: In, record: StreamRecord<In>) => unknown,
): (batch: RecordBatch, i: number) => unknown {
  let cursor = new RecordCursor()
  return (batch, i) => {
    const record = cursor.at(batch, i) as StreamRecord<In>
    const result = work(record.value, record)
    if (result instanceof Promise) cursor = new RecordCursor()
    return result
  }
}
