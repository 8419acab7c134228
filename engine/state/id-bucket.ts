import { GONE, META, positionIn } from './id-entry.ts'
import type { IdFilter } from './id-filter.ts'
import { IdTable } from './id-table.ts'
import { SortedIds } from './sorted-ids.ts'

// Sort keys of one page: first word of the fingerprint × 2^21 (exact in a double) + slot, so that the native sort of
// typed arrays does the work.
const SLOT_RANGE = 0x200000
let keys = new Float64Array(4096)

/**
 * A time bucket that has ended. It takes over the table that was filled, and turns it into sorted ids page by page
 * (`step`), so that ending a bucket never stops the caller for long; both halves are searched meanwhile.
 */
export class IdBucket {
  readonly number: number
  /** Its lane in the filter that it shares with the other buckets; holds the ids that are sorted. */
  readonly lane: number
  /** Where `find` or `findPosition` left the entry: eight words of `words` from `at`. */
  words: Int32Array
  at = 0
  /** Without meaning (see `IdTable.touch`). */
  touched = 0
  readonly #filter: IdFilter
  readonly #sorted: SortedIds
  #table: IdTable | undefined
  /** Ids that are still in the table only. */
  #unsorted: number
  #page = 0
  /** Ids whose first word (unsigned) is below this are sorted. */
  #sortedBelow = 0

  /** Of a table that was filled, or of ids that are sorted (and in its lane of the filter) already. */
  constructor(number: number, ids: IdTable | SortedIds, filter: IdFilter, lane: number) {
    this.number = number
    this.lane = lane
    this.#filter = filter
    this.#table = ids instanceof IdTable ? ids : undefined
    this.#unsorted = this.#table?.size ?? 0
    this.#sorted = ids instanceof IdTable ? new SortedIds(ids.size, ids.depth) : ids
    this.words = this.#sorted.words
  }

  get size(): number {
    return this.#sorted.size + this.#unsorted
  }

  get bytes(): number {
    return this.#sorted.bytes + (this.#table?.bytes ?? 0)
  }

  /** True if the id has to be looked for whatever the filter says, since it would not be sorted yet. */
  unsorted(id0: number): boolean {
    return this.#table !== undefined && id0 >>> 0 >= this.#sortedBelow
  }

  find(id0: number, id1: number, id2: number, id3: number): boolean {
    if (this.#table !== undefined && this.unsorted(id0)) {
      return this.#table.find(id0, id1, id2, id3) && this.#go(this.#table.words, this.#table.at)
    }
    const at = this.#sorted.find(id0, id1, id2, id3)
    return at >= 0 && this.#go(this.#sorted.words, at)
  }

  /** Looks through all ids for the one that was stored for a position. */
  findPosition(input: number, low: number, high: number): boolean {
    const at = positionIn(this.#sorted.words, this.#sorted.length, input, low, high)
    if (at >= 0) return this.#go(this.#sorted.words, at)
    const table = this.#table
    return table !== undefined && table.findPosition(input, low, high) && this.#go(table.words, table.at)
  }

  /** Forgets the entry that was found last. */
  remove(): void {
    if (this.words === this.#sorted.words) return this.#sorted.remove(this.at)
    this.#table!.remove(this.#table!.entry)
    this.#unsorted--
  }

  /** Sorts one more page (some 3,000 ids). True when nothing is left to do. */
  step(): boolean {
    const table = this.#table
    if (table === undefined) return true
    this.#sortPage(table)
    this.#page += table.span(this.#page)
    this.#sortedBelow = (this.#page / 2 ** table.depth) * 0x100000000
    this.#sorted.endRun(this.#sortedBelow)
    if (this.#sortedBelow < 0x100000000) return false
    this.#table = undefined
    return true
  }

  #go(words: Int32Array, at: number): true {
    this.words = words
    this.at = at
    return true
  }

  #sortPage(table: IdTable): void {
    const page = table.page(this.#page)
    const slots = (page.length >> 1) - 1
    if (slots > keys.length) keys = new Float64Array(slots)
    let count = 0
    for (let slot = 0; slot < slots; slot++) {
      const link = page[2 * slot + 1]!
      if (link === 0) continue
      keys[count++] = (page[2 * slot]! >>> 0) * SLOT_RANGE + slot
      table.go(link - 1)
      // As in `IdTable.touch`: the copying below then finds the scattered entries in the processor's cache.
      this.touched ^= table.words[table.at]!
    }
    keys.subarray(0, count).sort()
    for (let n = 0; n < count; n++) {
      table.go(page[2 * (keys[n]! % SLOT_RANGE) + 1]! - 1)
      const { words, at } = table
      this.#sorted.append(words, at)
      this.#filter.add(this.lane, words[at]!, words[at + 2]!)
      // A scan must not find it twice.
      words[at + META] = GONE
    }
    this.#unsorted -= count
  }
}
