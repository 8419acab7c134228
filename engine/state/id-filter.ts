import { ENTRY_WORDS } from './id-entry.ts'

const IDS_PER_ROW = 2
const MOST_IDS_PER_ROW = 4

function bitsOf(id2: number): number {
  return (
    (1 << (id2 & 31)) | (1 << ((id2 >>> 5) & 31)) | (1 << ((id2 >>> 10) & 31)) | (1 << ((id2 >>> 15) & 31))
  )
}

/**
 * Tells for nearly all ids that a time bucket does not hold them, for all buckets at once: a matrix of 32-bit Bloom
 * filters with a row for each prefix of fingerprints and a lane for each bucket, so that a lookup reads one place in
 * memory however many buckets there are. With two ids a row about 1 % of the strangers pass, with four 4 %.
 */
export class IdFilter {
  readonly #lanes: number
  #rowBits = 4
  #words: Int32Array

  /** For at most 31 lanes. */
  constructor(lanes: number) {
    this.#lanes = lanes
    this.#words = new Int32Array(lanes << this.#rowBits)
  }

  get bytes(): number {
    return this.#words.byteLength
  }

  /**
   * Makes rows enough for `total` ids, of which one lane has `largest`. A row becomes two alike, so that nothing that
   * passed is refused now.
   */
  reserve(total: number, largest: number): void {
    const rows = Math.max(total / this.#lanes / IDS_PER_ROW, largest / MOST_IDS_PER_ROW)
    while (2 ** this.#rowBits < rows) {
      const old = this.#words
      const words = new Int32Array(2 * old.length)
      for (let at = 0; at < old.length; at += this.#lanes) {
        for (let lane = 0; lane < this.#lanes; lane++) {
          words[2 * at + lane] = words[2 * at + this.#lanes + lane] = old[at + lane]!
        }
      }
      this.#words = words
      this.#rowBits++
    }
  }

  /** Empties a lane. */
  clear(lane: number): void {
    for (let at = lane; at < this.#words.length; at += this.#lanes) this.#words[at] = 0
  }

  add(lane: number, id0: number, id2: number): void {
    this.#words[(id0 >>> (32 - this.#rowBits)) * this.#lanes + lane]! |= bitsOf(id2)
  }

  /** Reads where the ids of `words[from, to)` will be looked for (see `IdTable.touch`). */
  touch(words: Int32Array, from: number, to: number): number {
    let sum = 0
    for (let at = from; at < to; at += ENTRY_WORDS) {
      sum ^= this.#words[(words[at]! >>> (32 - this.#rowBits)) * this.#lanes]!
    }
    return sum
  }

  /** A bit for each lane that may hold the id. */
  lanesOf(id0: number, id2: number): number {
    const bits = bitsOf(id2)
    const words = this.#words
    const row = (id0 >>> (32 - this.#rowBits)) * this.#lanes
    let lanes = 0
    for (let lane = 0; lane < this.#lanes; lane++) {
      if ((words[row + lane]! & bits) === bits) lanes |= 1 << lane
    }
    return lanes
  }
}
