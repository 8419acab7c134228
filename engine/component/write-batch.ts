import type { RecordBatch } from './record-batch.ts'
import { RecordCursor, type StreamRecord } from './record-view.ts'

/** Records on their way into a sink, or through keyed work: of one batch, or picked from several. */
export class WriteBatch {
  /** Set when these are exactly the records of some batches, so that nothing needs to be done one by one. */
  readonly parts: readonly RecordBatch[] | undefined
  readonly #length: number
  readonly #batches: RecordBatch[] = []
  readonly #indexes: number[] = []
  readonly #cursor = new RecordCursor()

  /** Whole batches, or none: records are then added one by one. */
  constructor(...parts: readonly RecordBatch[]) {
    this.parts = parts.length === 0 ? undefined : parts
    this.#length = parts.reduce((sum, { length }) => sum + length, 0)
  }

  get length(): number {
    return this.parts === undefined ? this.#batches.length : this.#length
  }

  /** The batch that all records are of, and all records of it are here; undefined where there are several. */
  get whole(): RecordBatch | undefined {
    return this.parts?.length === 1 ? this.parts[0] : undefined
  }

  push(batch: RecordBatch, i: number): void {
    this.#batches.push(batch)
    this.#indexes.push(i)
  }

  /** The batch that record `n` is in. */
  batchOf(n: number): RecordBatch {
    return this.whole ?? this.#listed()[n]!
  }

  /** Its index there. */
  indexOf(n: number): number {
    if (this.whole !== undefined) return n
    this.#listed()
    return this.#indexes[n]!
  }

  /** Several whole batches are listed only when somebody asks for single records. */
  #listed(): readonly RecordBatch[] {
    if (this.parts !== undefined && this.#batches.length === 0) {
      for (const part of this.parts) for (let i = 0; i < part.length; i++) this.push(part, i)
    }
    return this.#batches
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
