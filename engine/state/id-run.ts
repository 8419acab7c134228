import { ENTRY_SHIFT, ENTRY_WORDS } from './id-entry.ts'

const FIRST_ENTRIES = 64
const CHUNK_BITS = 13
const CHUNK_ENTRIES = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_ENTRIES - 1

/** The entries of a time bucket in the order of their blocks, as a restore finds them: removals among them. */
export class IdRun {
  count = 0
  /** All but the last are full. */
  readonly #chunks: Int32Array[] = []

  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  }

  /** Adds copies of the entries of a block. */
  add(words: Int32Array): void {
    for (let from = 0; from < words.length;) {
      const chunk = this.#chunkWithRoom((words.length - from) >> ENTRY_SHIFT)
      const at = (this.count & CHUNK_MASK) << ENTRY_SHIFT
      const to = Math.min(words.length, from + chunk.length - at)
      chunk.set(words.subarray(from, to), at)
      this.count += (to - from) >> ENTRY_SHIFT
      from = to
    }
  }

  /** Hands over the entries, many at a time. */
  forEach(visit: (words: Int32Array) => void): void {
    for (const [n, chunk] of this.#chunks.entries()) {
      const used = Math.min(CHUNK_ENTRIES, this.count - n * CHUNK_ENTRIES)
      visit(chunk.subarray(0, used << ENTRY_SHIFT))
    }
  }

  /** The words in which an entry lies, at {@link placeIn}. */
  wordsOf(entry: number): Int32Array {
    return this.#chunks[entry >>> CHUNK_BITS]!
  }

  /**
   * The numbers of the entries by the first `32 - shift` bits of their fingerprint, those with the same bits in the order
   * in which they came. A counting sort.
   */
  order(shift: number): Int32Array {
    const next = new Int32Array((1 << (32 - shift)) + 1)
    this.forEach((words) => {
      for (let at = 0; at < words.length; at += ENTRY_WORDS) next[(words[at]! >>> shift) + 1]!++
    })
    for (let prefix = 1; prefix < next.length; prefix++) next[prefix]! += next[prefix - 1]!
    const order = new Int32Array(this.count)
    let entry = 0
    this.forEach((words) => {
      for (let at = 0; at < words.length; at += ENTRY_WORDS) order[next[words[at]! >>> shift]!++] = entry++
    })
    return order
  }

  /** The last chunk, if it has room: a full-sized one but for a small run. */
  #chunkWithRoom(wanted: number): Int32Array {
    const last = this.#chunks.at(-1)
    const used = this.count & CHUNK_MASK
    if (last !== undefined && (this.count === 0 || used !== 0) && used << ENTRY_SHIFT < last.length)
      return last
    const whole = last === undefined || used === 0
    const entries = whole && this.count > 0 ? CHUNK_ENTRIES : this.#grown(used + wanted)
    const chunk = new Int32Array(entries << ENTRY_SHIFT)
    if (whole) this.#chunks.push(chunk)
    else {
      chunk.set(last)
      this.#chunks[this.#chunks.length - 1] = chunk
    }
    return chunk
  }

  #grown(wanted: number): number {
    let entries = FIRST_ENTRIES
    while (entries < wanted && entries < CHUNK_ENTRIES) entries *= 2
    return entries
  }
}

/** Where in its words an entry of a run begins. */
export function placeIn(entry: number): number {
  return (entry & CHUNK_MASK) << ENTRY_SHIFT
}
