/**
 * How many bytes of records may be under way, for each partition and in total. It stands before everything else, at
 * the poll: RxJS has no backpressure of its own. A partition that reached its share is paused, and goes on at 80 %.
 * A quarter of the total is kept for critical sources, where there are such and others.
 */
export class Budget {
  readonly #partitionLimit: number
  readonly #totalLimit: number
  readonly #kept: number
  #total = 0
  #highest = 0

  constructor(partitionLimit: number, totalLimit: number, keepsSome = false) {
    this.#partitionLimit = partitionLimit
    this.#totalLimit = totalLimit
    this.#kept = keepsSome ? totalLimit / 4 : 0
  }

  /** Bytes of records under way. */
  get pinned(): number {
    return this.#total
  }

  /** The most that ever was under way at once. */
  get highest(): number {
    return this.#highest
  }

  /** About how many bytes the next poll may bring; 0 = none. */
  get available(): number {
    return Math.max(0, this.#totalLimit - this.#kept - this.#total)
  }

  /** The same of critical sources. */
  get availableFirst(): number {
    return Math.max(0, this.#totalLimit - this.#total)
  }

  /** A share of the budget for one partition. */
  share(): Share {
    return new Share(this.#partitionLimit, (bytes) => {
      this.#total += bytes
      if (this.#total > this.#highest) this.#highest = this.#total
    })
  }
}

/** The budget of one partition. */
export class Share {
  readonly #limit: number
  readonly #tell: (bytes: number) => void
  pinned = 0

  constructor(limit: number, tell: (bytes: number) => void) {
    this.#limit = limit
    this.#tell = tell
  }

  add(bytes: number): void {
    this.pinned += bytes
    this.#tell(bytes)
  }

  get exhausted(): boolean {
    return this.pinned >= this.#limit
  }

  /** Low enough to take up work again. */
  get relaxed(): boolean {
    return this.pinned <= this.#limit * 0.8
  }
}
