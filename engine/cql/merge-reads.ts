import type { LastRow, RowValues } from './read-pages.ts'

/** A row that one of several merged SELECTs found. */
export interface FoundRow {
  readonly values: RowValues
  readonly bucket: string
  /** Which of the SELECTs. */
  readonly select: number
  /** The clustering key's bytes, as a string. */
  readonly clustering: string
}

/** What one SELECT goes on behind, in the bucket of the last row: its clustering key, and whether that key is read again. */
export interface ResumedSelect {
  readonly key: Buffer
  readonly again: boolean
}

/** The first bucket that may have rows behind a position. */
export function firstBucket(buckets: readonly string[], after: LastRow | undefined): number {
  return after === undefined ? 0 : Math.max(buckets.indexOf(after.bucket), 0)
}

/** Where a SELECT goes on in a bucket; undefined where it begins. */
export function resumedSelect(
  after: LastRow | undefined,
  bucket: string,
  select: number,
): ResumedSelect | undefined {
  if (after === undefined || after.bucket !== bucket) return undefined
  // A row of an earlier SELECT with the same key has been returned already, one of a later SELECT has not.
  return { key: after.key, again: select > after.select }
}

/** Which of the next rows of some SELECTs comes first; of equal ones that of the earlier. Undefined where none has any. */
export function firstHead(heads: readonly (FoundRow | undefined)[], reversed: boolean): number | undefined {
  let first: number | undefined
  for (let index = 0; index < heads.length; index++) {
    const head = heads[index]
    if (head === undefined) continue
    const best = first === undefined ? undefined : heads[first]!.clustering
    if (best === undefined || (reversed ? head.clustering > best : head.clustering < best)) first = index
  }
  return first
}

/** The rows of a page, and where the last one stands if there are more. */
export interface FoundPage {
  readonly rows: RowValues[]
  readonly last: LastRow | undefined
}

/** Takes rows until a page is full. */
export class PageFiller {
  readonly #count: number
  readonly #rows: RowValues[] = []
  #last: FoundRow | undefined
  #hasMore = false

  /** `count` is at least 1. */
  constructor(count: number) {
    this.#count = count
  }

  /** False for the row behind the page: it says that there are more, and is not taken. */
  take(found: FoundRow): boolean {
    this.#hasMore = this.#rows.length === this.#count
    if (this.#hasMore) return false
    this.#rows.push(found.values)
    this.#last = found
    return true
  }

  get page(): FoundPage {
    if (!this.#hasMore) return { rows: this.#rows, last: undefined }
    const { bucket, select, clustering } = this.#last!
    return { rows: this.#rows, last: { bucket, select, key: Buffer.from(clustering, 'latin1') } }
  }
}
