import { ENTRY_SHIFT, ENTRY_WORDS, GONE, META } from './id-entry.ts'
import { isRemovalOf } from './id-removals.ts'

const IDS_PER_FENCE = 4

/**
 * The ids of a time bucket that has ended, sorted by the first word of the fingerprint: 32 bytes an id, and 1 to 2
 * for the fences, which say where the ids with each prefix begin. Filled once, in ascending order; then only single
 * ids may be struck out.
 */
export class SortedIds {
  readonly words: Int32Array
  /** Ids held, without those that were struck out. */
  size = 0
  readonly #fences: Int32Array
  readonly #shift: number
  #length = 0
  #fenced = 0

  /** Room for `capacity` ids, which arrive in runs that end at multiples of a prefix of `runBits` bits. */
  constructor(capacity: number, runBits: number) {
    const bits = Math.max(
      1,
      runBits,
      Math.min(24, Math.floor(Math.log2(Math.max(2, capacity) / IDS_PER_FENCE))),
    )
    this.words = new Int32Array(capacity * ENTRY_WORDS)
    this.#fences = new Int32Array((1 << bits) + 1)
    this.#shift = 32 - bits
  }

  /** The first word of a fingerprint, shifted to the right by this, tells which fence it is behind. */
  get shift(): number {
    return this.#shift
  }

  get bytes(): number {
    return this.words.byteLength + this.#fences.byteLength
  }

  /** Words in use: what a scan has to look at. */
  get length(): number {
    return this.#length << ENTRY_SHIFT
  }

  /** Adds a copy of the entry at `at` of `source`, whose first word (unsigned) is not below the last one's. */
  append(source: Int32Array, at: number): void {
    const target = this.#length << ENTRY_SHIFT
    for (let word = 0; word < ENTRY_WORDS; word++) this.words[target + word] = source[at + word]!
    this.#fence(source[at]! >>> this.#shift)
    this.#length++
    this.size++
  }

  /**
   * Adds a copy of the entry at `at` of `source`, or carries its removal out; it takes the place of one with the same
   * fingerprint. Entries come in the order of `IdRun.order`.
   */
  restore(source: Int32Array, at: number, removal: boolean): void {
    this.#fence(source[at]! >>> this.#shift)
    const { words } = this
    const end = this.#length << ENTRY_SHIFT
    for (let old = this.#fences[source[at]! >>> this.#shift]! << ENTRY_SHIFT; old < end; old += ENTRY_WORDS) {
      if (words[old] !== source[at] || words[old + 1] !== source[at + 1]) continue
      if (words[old + 2] !== source[at + 2] || words[old + 3] !== source[at + 3]) continue
      if (words[old + META] === GONE) continue
      if (!removal || isRemovalOf(source, at, words, old)) this.remove(old)
    }
    if (!removal) this.append(source, at)
  }

  /** Calls `visit` with each id that is held. */
  eachId(visit: (words: Int32Array, at: number) => void): void {
    for (let at = 0; at < this.length; at += ENTRY_WORDS)
      if (this.words[at + META] !== GONE) visit(this.words, at)
  }

  /** Says that all ids with a first word below `word` (0 … 2^32) have been added; they can be found now. */
  endRun(word: number): void {
    this.#fence(word >= 0x100000000 ? this.#fences.length - 1 : word >>> this.#shift)
  }

  /** Where the id lies in `words`, or -1. */
  find(id0: number, id1: number, id2: number, id3: number): number {
    const prefix = id0 >>> this.#shift
    const end = this.#fences[prefix + 1]! << ENTRY_SHIFT
    const { words } = this
    for (let at = this.#fences[prefix]! << ENTRY_SHIFT; at < end; at += ENTRY_WORDS) {
      if (words[at] !== id0 || words[at + 1] !== id1 || words[at + 2] !== id2 || words[at + 3] !== id3)
        continue
      if (words[at + META] !== GONE) return at
    }
    return -1
  }

  /** Strikes out the entry at `at`. */
  remove(at: number): void {
    this.words[at + META] = GONE
    this.size--
  }

  #fence(prefix: number): void {
    while (this.#fenced <= prefix) this.#fences[this.#fenced++] = this.#length
  }
}
