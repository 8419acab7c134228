import { IdBucket } from './id-bucket.ts'
import type { IdClaims } from './id-claims.ts'
import { ENTRY_WORDS, META, OFFSET_LOW, REMOVAL } from './id-entry.ts'
import { IdFilter } from './id-filter.ts'
import { isRemovalOf } from './id-removals.ts'
import { IdRun, placeIn } from './id-run.ts'
import { IdTable } from './id-table.ts'
import { SortedIds } from './sorted-ids.ts'

// One page (some 3,000 ids) of the bucket that ended last is sorted for so many new ids: done long before the next
// bucket ends, for a fraction of a microsecond an id.
const IDS_PER_STEP = 512
// So many pages are sorted when a bucket ends: small buckets are done with that.
const PAGES_AT_ONCE = 4
const TOUCHED_ENTRIES = 256
const TOUCHED_WORDS = TOUCHED_ENTRIES * ENTRY_WORDS

/** The ids by the time bucket in which they were seen: the active one in a table, those that have ended sorted. */
export class IdBuckets {
  active = new IdTable()
  /** The bucket that ids go into; undefined before the first `advance` or `restore`. */
  current: number | undefined
  /**
   * The bucket that stream time has reached, for all that is known. Behind `current` only for a while after the window was
   * made shorter: the last of the long buckets then ends in the future.
   */
  clock = Number.NEGATIVE_INFINITY
  /** Where `findEnded` left the entry: eight words of `words` from `at`. */
  words: Int32Array
  at = 0
  /** False during a restore: `settle` is to be called before anything else. */
  settled = true
  /** Without meaning (see `IdTable.touch`). */
  touched = 0
  readonly #live: number
  readonly #filter: IdFilter
  #found: IdBucket | undefined
  /** Newest first. */
  #ended: IdBucket[] = []
  #inserted = 0
  /** The blocks of the current bucket, during a restore. */
  #run: IdRun | undefined

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
    const own = this.active.bytes + this.#filter.bytes + (this.#run?.bytes ?? 0)
    return this.#ended.reduce((sum, bucket) => sum + bucket.bytes, own)
  }

  /**
   * Reads where the ids of `words[0, end)`, eight words each, will be looked for (see `IdTable.touch`).
   */
  touch(words: Int32Array, end: number): void {
    this.touched ^= this.active.touch(words, 0, end) ^ this.#filter.touch(words, 0, end)
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

  /** Stream time is in this bucket now; it never goes back. True if a bucket ended. */
  advance(bucket: number, claims: IdClaims): boolean {
    if (!(bucket > this.clock) || !Number.isFinite(bucket)) return false
    this.clock = bucket
    if (this.current === undefined || bucket > this.current) return this.#enter(bucket, claims)
    this.#ended = this.#ended.filter((one) => one.number >= this.oldest)
    return false
  }

  /** The oldest bucket that is remembered. */
  get oldest(): number {
    return this.clock - this.#live
  }

  /**
   * Takes over the entries of a block. They are put where they belong when the next bucket begins, or in `settle`: a bucket
   * that has ended by then is sorted as a whole, which is much faster than to look each id up. `exact` says that stream time
   * had reached that bucket when the block was made.
   */
  restore(bucket: number, exact: boolean, words: Int32Array, claims: IdClaims): void {
    if (exact) this.clock = Math.max(this.clock, bucket)
    const begins = this.current === undefined || bucket > this.current
    if (this.active.size > 0) {
      if (begins && exact) this.#enter(bucket, claims)
      else if (begins) this.current = bucket
      return this.#restoreActive(words)
    }
    if (begins) this.#enterRestored(bucket)
    this.#run ??= new IdRun()
    this.#run.add(words)
    this.settled = false
  }

  /** Ends a restore. */
  settle(): void {
    this.#run?.forEach((words) => this.#restoreActive(words))
    this.#run = undefined
    this.settled = true
  }

  /**
   * Begins another time bucket, and forgets those that are older than the window. Open claims move into the new one,
   * so that a bucket that has ended holds stored ids only, each in the bucket whose block it was packed into; an id
   * is remembered longer by that, never shorter. True if a bucket ended.
   */
  #enter(bucket: number, claims: IdClaims): boolean {
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

  #enterRestored(bucket: number): void {
    const previous = this.current
    this.current = bucket
    if (previous === undefined) return
    this.#ended = this.#ended.filter((one) => one.number >= this.oldest)
    while (this.#ended[0]?.step() === false);
    const run = this.#run
    // More buckets than there are lanes, since they were shorter once: these ids are remembered for longer.
    if (run === undefined || this.#ended.length === this.#live) return
    this.#run = undefined
    if (previous >= this.oldest) this.#endRestored(previous, run)
  }

  #restoreActive(words: Int32Array): void {
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

  #endRestored(number: number, run: IdRun): void {
    const lane = this.#freeLane(run.count)
    const sorted = new SortedIds(run.count, 1)
    const order = run.order(sorted.shift)
    for (let from = 0; from < order.length; from += TOUCHED_ENTRIES) {
      const to = Math.min(order.length, from + TOUCHED_ENTRIES)
      for (let n = from; n < to; n++) this.touched ^= run.wordsOf(order[n]!)[placeIn(order[n]!)]!
      for (let n = from; n < to; n++) {
        const words = run.wordsOf(order[n]!)
        const at = placeIn(order[n]!)
        const removal = (words[at + META]! & REMOVAL) !== 0
        this.#restoreEnded(words, at, removal)
        sorted.restore(words, at, removal)
      }
    }
    sorted.endRun(0x100000000)
    sorted.eachId((words, at) => this.#filter.add(lane, words[at]!, words[at + 2]!))
    this.#ended.unshift(new IdBucket(number, sorted, this.#filter, lane))
  }

  #end(number: number, filled: IdTable): void {
    this.#ended.unshift(new IdBucket(number, filled, this.#filter, this.#freeLane(filled.size)))
  }

  /** An empty lane of the filter, with room for a bucket of this size. */
  #freeLane(size: number): number {
    const sizes = this.#ended.map((bucket) => bucket.size)
    this.#filter.reserve(
      sizes.reduce((sum, one) => sum + one, size),
      Math.max(size, ...sizes),
    )
    let lane = 0
    while (this.#ended.some((bucket) => bucket.lane === lane)) lane++
    this.#filter.clear(lane)
    return lane
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
