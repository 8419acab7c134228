import type { PackedRecords } from './records.ts'

/**
 * The memory that the records of one poll share. The garbage collector returns it in any case; whoever says earlier that
 * it is no longer needed spares the collector the work, and the process the memory.
 */
export class Slabs {
  /** How many runs in each slab are not released. */
  readonly #runs = new WeakMap<ArrayBuffer, number>()
  readonly #held = new WeakSet<PackedRecords>()

  add(records: PackedRecords): void {
    const slab = slabOf(records)
    this.#runs.set(slab, (this.#runs.get(slab) ?? 0) + 1)
    this.#held.add(records)
  }

  release(records: PackedRecords): void {
    if (!this.#held.delete(records)) return
    const slab = slabOf(records)
    const left = (this.#runs.get(slab) ?? 1) - 1
    this.#runs.set(slab, left)
    // Detaches every view, so that nobody can read what is written there next, and frees the memory at once.
    if (left === 0) slab.transfer(0)
  }
}

function slabOf(records: PackedRecords): ArrayBuffer {
  return records.bytes.buffer as ArrayBuffer
}
