import { RecordBatch } from '../component/record-batch.ts'

/**
 * Collects results of keyed work one by one and hands them on in batches, in the order in which they came: what comes
 * while a batch is being submitted goes on at its end, anything else soon after.
 */
export class ResultBuffer {
  readonly #emit: (batch: RecordBatch, results: readonly unknown[]) => void
  readonly #soon: (action: () => void) => void
  #batches: RecordBatch[] = []
  #indexes: number[] = []
  #results: unknown[] = []
  #waits = false

  constructor(
    emit: (batch: RecordBatch, results: readonly unknown[]) => void,
    soon: (action: () => void) => void,
  ) {
    this.#emit = emit
    this.#soon = soon
  }

  add(batch: RecordBatch, i: number, result: unknown): void {
    this.#batches.push(batch)
    this.#indexes.push(i)
    this.#results.push(result)
    if (this.#waits) return
    this.#waits = true
    this.#soon(() => this.flush())
  }

  /** Runs `submit`; what it brings goes on when it is through. */
  around(submit: () => void): void {
    const waited = this.#waits
    this.#waits = true
    submit()
    if (!waited) this.flush()
  }

  /** Hands on what is there. */
  flush(): void {
    this.#waits = false
    const batches = this.#batches
    const indexes = this.#indexes
    const results = this.#results
    this.#batches = []
    this.#indexes = []
    this.#results = []
    for (let start = 0; start < batches.length;) {
      let end = start + 1
      while (end < batches.length && batches[end] === batches[start]) end++
      this.#emit(pick(batches[start]!, indexes, start, end), results.slice(start, end))
      start = end
    }
  }
}

function pick(batch: RecordBatch, indexes: readonly number[], start: number, end: number): RecordBatch {
  const rows = new Int32Array(end - start)
  for (let n = start; n < end; n++) rows[n - start] = batch.rows[indexes[n]!]!
  const values =
    batch.values === undefined ? undefined : indexes.slice(start, end).map((i) => batch.values![i])
  return new RecordBatch(batch.origin, rows, rows.length, values)
}
