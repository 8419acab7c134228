import type { RecordBatch } from './record-batch.ts'
import { RecordCursor, type StreamRecord } from './record-view.ts'

/** Records on their way into a sink (or through keyed work), of any runs: parallel arrays of batch and index. */
export class WriteBatch {
  readonly batches: RecordBatch[] = []
  readonly indexes: number[] = []
  readonly #cursor = new RecordCursor()

  get length(): number {
    return this.batches.length
  }

  push(batch: RecordBatch, i: number): void {
    this.batches.push(batch)
    this.indexes.push(i)
  }

  /** A view of record `n`, good until the next call. */
  record(n: number): StreamRecord {
    return this.#cursor.at(this.batches[n]!, this.indexes[n]!)
  }

  /** The key as text that is equal for equal keys; undefined for a record without key. */
  keyText(n: number): string | undefined {
    return this.batches[n]!.keyText(this.indexes[n]!)
  }
}
