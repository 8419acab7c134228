import type { RecordBatch } from './record-batch.ts'
import { RecordCursor, type StreamRecord } from './record-view.ts'

/** Records on their way into a sink, or through keyed work: of one batch, or picked from several. */
export class WriteBatch {
  /** Set when these are exactly the records of one batch, so that nothing needs to be done one by one. */
  readonly whole: RecordBatch | undefined
  readonly #batches: RecordBatch[] = []
  readonly #indexes: number[] = []
  readonly #cursor = new RecordCursor()

  constructor(whole?: RecordBatch) {
    this.whole = whole
  }

  get length(): number {
    return this.whole?.length ?? this.#batches.length
  }

  push(batch: RecordBatch, i: number): void {
    this.#batches.push(batch)
    this.#indexes.push(i)
  }

  /** The batch that record `n` is in. */
  batchOf(n: number): RecordBatch {
    return this.whole ?? this.#batches[n]!
  }

  /** Its index there. */
  indexOf(n: number): number {
    return this.whole === undefined ? this.#indexes[n]! : n
  }

  /** A view of record `n`, good until the next call. */
  record(n: number): StreamRecord {
    return this.#cursor.at(this.batchOf(n), this.indexOf(n))
  }

  /** The key as text that is equal for equal keys; undefined for a record without key. */
  keyText(n: number): string | undefined {
    return this.batchOf(n).keyText(this.indexOf(n))
  }
}
