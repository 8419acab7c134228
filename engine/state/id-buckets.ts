import { IdBucket } from './id-bucket.ts'
import type { IdClaims } from './id-claims.ts'
import { ENTRY_WORDS, META, OFFSET_LOW, REMOVAL } from './id-entry.ts'
import { IdFilter } from './id-filter.ts'
import { isRemovalOf } from './id-removals.ts'
import { IdTable } from './id-table.ts'

// One page (some 3,000 ids) of the bucket that ended last is sorted for so many new ids: done long before the next
// bucket ends, for a fraction of a microsecond an id.
const IDS_PER_STEP = 512
// So many pages are sorted when a bucket ends: small buckets are done with that.
const PAGES_AT_ONCE = 4
const TOUCHED_WORDS = 256 * ENTRY_WORDS

/** The ids by the time bucket in which they were seen: the active one in a table, those that have ended sorted. */
export class IdBuckets {
  active = new IdTable()
  /** The bucket that stream time is in; undefined before the first `enter` or `restore`. */
  current: number | undefined
  /** Where `findEnded` left the entry: eight words of `words` from `at`. */
  words: Int32Array
  at = 0
  /** Without meaning (see `IdTable.touch`). */
  touched = 0
  readonly #live: number
  readonly #filter: IdFilter
  #found: IdBucket | undefined
  /** Newest first. */
  #ended: IdBucket[] = []
  #inserted = 0
  /** No block that is still kept lies in a bucket below this. */
  #oldestBlock = Number.POSITIVE_INFINITY

  /** `live` buckets (at most 31) are remembered beside the active one. */
  constructor(live: number) {
    this.#live = live
    this.#filter = new IdFilter(live)
    this.words = this.active.words
  }

  get size(): number {
    return this.#ended.reduce((sum, bucket) => sum + bucket.size, this.active.size)
  }

  get bytes(): number {
    return this.#ended.reduce((sum, bucket) => sum + bucket.bytes, this.active.bytes + this.#filter.bytes)
  }

  findEnded(id0: number, id1: number, id2: number, id3: number): boolean {
    let lanes = this.#filter.lanesOf(id0, id2)
    if (this.#ended[0]?.unsorted(id0) === true) lanes |= 1 << this.#ended[0].lane
    if (lanes === 0) return false
    for (const bucket of this.#ended) {
      if (((lanes >>> bucket.lane) & 1) === 0 || !bucket.find(id0, id1, id2, id3)) continue
      this.words = bucket.words
      this.at = bucket.at
      this.#found = bucket
      return true
    }
    return false
  }

  /** Makes an entry for an id that the active table has just missed, and does a share of the sorting that is due. */
  insert(id0: number, id1: number, id2: number, id3: number): void {
    this.active.insert(id0, id1, id2, id3)
    if ((++this.#inserted & (IDS_PER_STEP - 1)) === 0) this.#ended[0]?.step()
  }

  /**
   * Takes the stored id of a position out; `removed` is called while the entry still stands. False if there is none.
   * Looks through everything: some 100 ms for 10 million ids.
   */
  removePosition(
    input: number,
    low: number,
    high: number,
    removed: (words: Int32Array, at: number) => void,
  ): boolean {
    const { active } = this
    if (active.findPosition(input, low, high)) {
      removed(active.words, active.at)
      active.remove(active.entry)
      return true
    }
    const bucket = this.#ended.find((one) => one.findPosition(input, low, high))
    if (bucket === undefined) return false
    removed(bucket.words, bucket.at)
    bucket.remove()
    return true
  }

  /**
   * Begins another time bucket, and forgets those that are older than the window. Open claims move into the new one,
   * so that a bucket that has ended holds stored ids only, each in the bucket whose block it was packed into; an id
   * is remembered longer by that, never shorter. True if a bucket ended.
   */
  enter(bucket: number, claims: IdClaims): boolean {
    const previous = this.current
    this.current = bucket
    if (previous === undefined) return false
    this.#ended = this.#ended.filter((one) => one.number >= bucket - this.#live)
    // Claims alone belong to no bucket yet. In a history, stream time passes a bucket every few records: moving all that
    // is open each time would cost more than everything else.
    if (this.active.size === claims.count) return true
    while (this.#ended[0]?.step() === false);
    const filled = this.active
    this.active = new IdTable()
    this.#moveClaims(filled, claims)
    if (filled.size > 0 && previous >= bucket - this.#live) this.#end(previous, filled)
    for (let pages = 0; pages < PAGES_AT_ONCE; pages++) this.#ended[0]?.step()
    return true
  }

  /** Notes that a block of this bucket is kept by the backend. */
  packed(bucket: number): void {
    this.#oldestBlock = Math.min(this.#oldestBlock, bucket)
  }

  /** The bucket below which the backend may delete blocks; told once, undefined where there is nothing to delete. */
  takeExpired(): number | undefined {
    if (this.current === undefined) return undefined
    const below = this.current - this.#live
    if (below <= this.#oldestBlock) return undefined
    this.#oldestBlock = this.#ended.at(-1)?.number ?? this.current
    return below
  }

  /** Takes over the entries of a block, or carries removals out. */
  restore(words: Int32Array): void {
    for (let from = 0; from < words.length; from += TOUCHED_WORDS) {
      const to = Math.min(words.length, from + TOUCHED_WORDS)
      this.touched ^= this.active.touch(words, from, to) ^ this.#filter.touch(words, from, to)
      for (let at = from; at < to; at += ENTRY_WORDS) this.#restoreEntry(words, at)
    }
  }

  #restoreEntry(words: Int32Array, at: number): void {
    const { active } = this
    const id0 = words[at]!
    const id1 = words[at + 1]!
    const id2 = words[at + 2]!
    const id3 = words[at + 3]!
    const removal = (words[at + META]! & REMOVAL) !== 0
    const known = active.find(id0, id1, id2, id3)
    if (!known) this.#restoreEnded(words, at, removal)
    else if (removal && isRemovalOf(words, at, active.words, active.at)) active.remove(active.entry)
    if (removal) return
    if (!known) this.insert(id0, id1, id2, id3)
    for (let word = OFFSET_LOW; word <= META; word++) active.words[active.at + word] = words[at + word]!
  }

  /** An id is in one bucket only: the entry of an older bucket gives way to a newer one, or to its removal. */
  #restoreEnded(words: Int32Array, at: number, removal: boolean): void {
    if (!this.findEnded(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)) return
    if (!removal || isRemovalOf(words, at, this.words, this.at)) this.#found!.remove()
  }

  #end(number: number, filled: IdTable): void {
    const sizes = this.#ended.map((bucket) => bucket.size)
    this.#filter.reserve(
      sizes.reduce((sum, size) => sum + size, filled.size),
      Math.max(filled.size, ...sizes),
    )
    let lane = 0
    while (this.#ended.some((bucket) => bucket.lane === lane)) lane++
    this.#ended.unshift(new IdBucket(number, filled, this.#filter, lane))
  }

  #moveClaims(from: IdTable, { entries, count }: IdClaims): void {
    const to = this.active
    for (let claim = 0; claim < count; claim++) {
      from.go(entries[claim]!)
      const { words, at } = from
      to.find(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
      to.insert(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
      for (let word = OFFSET_LOW; word <= META; word++) to.words[to.at + word] = words[at + word]!
      from.remove(entries[claim]!)
      entries[claim] = to.entry
    }
  }
}
