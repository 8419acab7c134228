interface Kept {
  readonly label: number
  /** The newest of the time buckets whose blocks carry this label. */
  bucket: number
}

/**
 * What blocks call the time buckets that they are of. Backends delete blocks by label: labels only go up, also when a
 * topology's window was changed, and with it the length of a bucket. As long as that stays the same, a label is the number
 * of its bucket.
 */
export class BucketLabels {
  #shift = 0
  /** The labels of the blocks that are kept, ascending. */
  #kept: Kept[] = []

  /** The label for a bucket that is not older than any before. */
  labelOf(bucket: number): number {
    return bucket + this.#shift
  }

  /** Notes that a block with this label is kept by the backend, and that its ids are in that bucket. */
  packed(label: number, bucket: number): void {
    this.#shift = Math.max(this.#shift, label - bucket)
    const last = this.#kept.at(-1)
    if (last === undefined || label > last.label) this.#kept.push({ label, bucket })
    else last.bucket = Math.max(last.bucket, bucket)
  }

  /** The label below which all blocks are of buckets older than `oldest`; told once, undefined where there are none. */
  takeExpired(oldest: number, current: number): number | undefined {
    const live = this.#kept.findIndex(({ bucket }) => bucket >= oldest)
    if (live === 0 || this.#kept.length === 0) return undefined
    this.#kept = live < 0 ? [] : this.#kept.slice(live)
    return this.#kept[0]?.label ?? this.labelOf(current)
  }
}
