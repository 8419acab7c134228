import { passed } from '../component/points.ts'
import type { RecordBatch } from '../component/record-batch.ts'

/** Anything that takes in batches. */
export type Receiver = (batch: RecordBatch) => void

/**
 * An output of a node, and who reads it. Each reader gets every record, with a token of its own; what nobody reads
 * ends here.
 */
export class Port {
  readonly #node: string
  readonly #output: string | undefined
  readonly #receivers: Receiver[] = []

  /** `output` is undefined for the main one. */
  constructor(node: string, output: string | undefined) {
    this.#node = node
    this.#output = output
  }

  connect(receiver: Receiver): void {
    this.#receivers.push(receiver)
  }

  emit(batch: RecordBatch): void {
    passed(this.#node, this.#output, batch.length)
    const readers = this.#receivers
    if (readers.length === 0) return batch.releaseAll('dropped')
    if (readers.length > 1) {
      const { lineage } = batch.origin
      for (let i = 0; i < batch.length; i++) lineage.retain(batch.lineageRow(i), readers.length - 1)
    }
    for (const receive of readers) receive(batch)
  }
}
