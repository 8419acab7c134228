import type { PackedRecords } from './records.ts'

/**
 * The memory that the records of one poll share. The garbage collector returns it in any case; whoever says earlier that
 * it is no longer needed spares the collector the work, and the process the memory.
 */
export class Slabs {
  /** How many records in each slab are not released. */
  readonly #left = new WeakMap<ArrayBuffer, number>()
  readonly #released = new WeakSet<PackedRecords>()

  add(records: PackedRecords): void {
    const slab = slabOf(records)
    this.#left.set(slab, (this.#left.get(slab) ?? 0) + records.count)
  }

  release(records: PackedRecords): void {
    if (this.#released.has(records)) return
    this.#released.add(records)
    this.spend(slabOf(records), records.count)
  }

  /** So many of the records in this slab are released. */
  spend(slab: ArrayBuffer, records: number): void {
    const before = this.#left.get(slab)
    if (before === undefined) return
    const left = before - records
    this.#left.set(slab, left)
    // Detaches every view, so that nobody can read what is written there next, and frees the memory at once.
    if (left === 0) slab.transfer(0)
  }
}

function slabOf(records: PackedRecords): ArrayBuffer {
  return records.bytes.buffer as ArrayBuffer
}
