import { ENTRY_SHIFT, ENTRY_WORDS, GONE, META, positionIn } from './id-entry.ts'

const SEGMENT_BITS = 13
const SEGMENT_ENTRIES = 1 << SEGMENT_BITS
const SEGMENT_MASK = SEGMENT_ENTRIES - 1
const FIRST_SLOTS = 64
// A page is rehashed in one go: this many slots take some 50 µs.
const PAGE_SLOTS = 4096
const MAX_DEPTH = 14

/**
 * A page of the index: two cells a slot (the first word of the fingerprint; the entry's number + 1, or 0 when empty),
 * then two cells of its own: how many slots are used, and how many leading bits its fingerprints share.
 */
type Page = Int32Array

function newPage(slots: number, depth: number): Page {
  const page = new Int32Array(2 * slots + 2)
  page[2 * slots + 1] = depth
  return page
}

function freeSlot(page: Page, id0: number): number {
  const mask = (page.length >> 1) - 2
  let slot = id0 & mask
  while (page[2 * slot + 1] !== 0) slot = (slot + 1) & mask
  return slot
}

function fill(page: Page, slot: number, id0: number, link: number): void {
  page[2 * slot] = id0
  page[2 * slot + 1] = link
  page[page.length - 2]!++
}

function put(page: Page, id0: number, link: number): void {
  fill(page, freeSlot(page, id0), id0, link)
}

/** Empties a slot and closes the gap, so that no probe ends early and no tombstone is left. */
function pull(page: Page, slot: number): void {
  const mask = (page.length >> 1) - 2
  let hole = slot
  for (let next = (hole + 1) & mask; page[2 * next + 1] !== 0; next = (next + 1) & mask) {
    const home = page[2 * next]! & mask
    if (((next - home) & mask) < ((next - hole) & mask)) continue
    page[2 * hole] = page[2 * next]!
    page[2 * hole + 1] = page[2 * next + 1]!
    hole = next
  }
  page[2 * hole + 1] = 0
  page[page.length - 2]!--
}

/**
 * The ids of the time bucket that is being filled. Entries lie in the order of their arrival in segments that never
 * move; an extendible hash of small pages finds them, so that growing never stops the caller for longer than it
 * takes to rehash one page. Pages follow the order of the fingerprints' first word, which makes sorting cheap later.
 * Fingerprints are expected to be well distributed; others are handled, slowly.
 */
export class IdTable {
  /** Where `find` or `insert` left the entry: eight words of `words` from `at`. */
  words: Int32Array
  at = 0
  /** The number of that entry; stays the same for the entry's life. */
  entry = 0
  /** Entries held. */
  size = 0
  readonly #segments: Int32Array[] = []
  #directory: Page[] = [newPage(FIRST_SLOTS, 1), newPage(FIRST_SLOTS, 1)]
  #depth = 1
  #shift = 31
  #pageCells = 2 * (2 * FIRST_SLOTS + 2)
  #next = 0
  #free = -1
  /** The free slot at which the last `find` ended. */
  #slot = 0

  constructor() {
    this.words = new Int32Array(0)
  }

  get bytes(): number {
    return (
      4 * this.#pageCells +
      8 * this.#directory.length +
      this.#segments.length * SEGMENT_ENTRIES * 4 * ENTRY_WORDS
    )
  }

  find(id0: number, id1: number, id2: number, id3: number): boolean {
    const page = this.#directory[id0 >>> this.#shift]!
    const mask = (page.length >> 1) - 2
    for (let slot = id0 & mask; ; slot = (slot + 1) & mask) {
      const link = page[2 * slot + 1]!
      if (link === 0) {
        this.#slot = slot
        return false
      }
      if (page[2 * slot] !== id0) continue
      this.go(link - 1)
      const { words, at } = this
      if (words[at + 1] === id1 && words[at + 2] === id2 && words[at + 3] === id3) return true
    }
  }

  /**
   * Reads where the ids of `words[from, to)` will be looked for: the processor fetches many such places at a time, and
   * has them at hand when the ids come one by one. What is returned keeps the compiler from leaving the reading out.
   */
  touch(words: Int32Array, from: number, to: number): number {
    let sum = 0
    for (let at = from; at < to; at += ENTRY_WORDS) {
      const id0 = words[at]!
      const page = this.#directory[id0 >>> this.#shift]!
      sum ^= page[2 * (id0 & ((page.length >> 1) - 2))]!
    }
    return sum
  }

  /** Sets `words`, `at` and `entry` to a known entry. */
  go(entry: number): void {
    this.words = this.#segments[entry >>> SEGMENT_BITS]!
    this.at = (entry & SEGMENT_MASK) << ENTRY_SHIFT
    this.entry = entry
  }

  /** Makes an entry for a fingerprint that `find` has just missed; the caller writes the other four words. */
  insert(id0: number, id1: number, id2: number, id3: number): void {
    let page = this.#directory[id0 >>> this.#shift]!
    if (4 * page[page.length - 2]! >= 3 * ((page.length >> 1) - 1)) {
      page = this.#pageWithRoom(id0)
      this.#slot = freeSlot(page, id0)
    }
    this.go(this.#take())
    fill(page, this.#slot, id0, this.entry + 1)
    this.size++
    const { words, at } = this
    words[at] = id0
    words[at + 1] = id1
    words[at + 2] = id2
    words[at + 3] = id3
  }

  remove(entry: number): void {
    this.go(entry)
    const id0 = this.words[this.at]!
    const page = this.#directory[id0 >>> this.#shift]!
    const mask = (page.length >> 1) - 2
    let slot = id0 & mask
    while (page[2 * slot + 1] !== entry + 1) slot = (slot + 1) & mask
    pull(page, slot)
    this.size--
    this.words[this.at] = this.#free
    this.words[this.at + META] = GONE
    this.#free = entry
  }

  /** The number of leading bits that tell the pages apart; `page` takes numbers below 2^depth. */
  get depth(): number {
    return this.#depth
  }

  /** The cells of a page (see {@link Page}), and through `span` how many numbers from `index` on mean the same page. */
  page(index: number): Int32Array {
    return this.#directory[index]!
  }

  span(index: number): number {
    const page = this.#directory[index]!
    return 1 << (this.#depth - page[page.length - 1]!)
  }

  /** Looks through all entries for the stored one of a position, and goes there. */
  findPosition(input: number, low: number, high: number): boolean {
    for (let n = 0; n < this.#segments.length; n++) {
      const used = Math.min(SEGMENT_ENTRIES, this.#next - (n << SEGMENT_BITS))
      const at = positionIn(this.#segments[n]!, used << ENTRY_SHIFT, input, low, high)
      if (at < 0) continue
      this.go((n << SEGMENT_BITS) + (at >> ENTRY_SHIFT))
      return true
    }
    return false
  }

  #take(): number {
    const free = this.#free
    if (free >= 0) {
      this.go(free)
      this.#free = this.words[this.at]!
      return free
    }
    if (this.#next >>> SEGMENT_BITS === this.#segments.length) {
      this.#segments.push(new Int32Array(SEGMENT_ENTRIES * ENTRY_WORDS))
    }
    return this.#next++
  }

  #pageWithRoom(id0: number): Page {
    for (;;) {
      const page = this.#directory[id0 >>> this.#shift]!
      const slots = (page.length >> 1) - 1
      if (4 * page[page.length - 2]! < 3 * slots) return page
      if (slots < PAGE_SLOTS || page[page.length - 1]! >= MAX_DEPTH) this.#double(page, id0)
      else this.#split(page, id0)
    }
  }

  #double(page: Page, id0: number): void {
    const slots = (page.length >> 1) - 1
    const depth = page[page.length - 1]!
    const grown = newPage(2 * slots, depth)
    for (let slot = 0; slot < slots; slot++) {
      if (page[2 * slot + 1] !== 0) put(grown, page[2 * slot]!, page[2 * slot + 1]!)
    }
    const first = (id0 >>> (32 - depth)) << (this.#depth - depth)
    this.#directory.fill(grown, first, first + (1 << (this.#depth - depth)))
    this.#pageCells += grown.length - page.length
  }

  #split(page: Page, id0: number): void {
    const slots = (page.length >> 1) - 1
    const depth = page[page.length - 1]!
    if (depth === this.#depth) {
      this.#directory = this.#directory.flatMap((same) => [same, same])
      this.#depth++
      this.#shift--
    }
    const low = newPage(slots, depth + 1)
    const high = newPage(slots, depth + 1)
    for (let slot = 0; slot < slots; slot++) {
      if (page[2 * slot + 1] === 0) continue
      const word = page[2 * slot]!
      put(((word >>> (31 - depth)) & 1) === 0 ? low : high, word, page[2 * slot + 1]!)
    }
    const half = 1 << (this.#depth - depth - 1)
    const first = (id0 >>> (32 - depth)) * 2 * half
    this.#directory.fill(low, first, first + half)
    this.#directory.fill(high, first + half, first + 2 * half)
    this.#pageCells += page.length
  }
}
