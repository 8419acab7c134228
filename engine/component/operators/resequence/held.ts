/** The numbers of one key that are not acknowledged: those that are not committed, that wait, and that are under way. */
export class Held {
  /** Ascending. */
  readonly #numbers: number[] = []
  /** When each came, and how many bytes it takes. */
  readonly #arrivals = new Map<number, { readonly at: number; readonly bytes: number }>()
  readonly #underWay = new Set<number>()
  /** Came, and are not committed: nothing of them is sent, and no gap is told where they are. */
  readonly #taken = new Set<number>()
  /** What is sent next, by what is under way; undefined where nothing of the key was looked at. */
  promised: number | undefined
  gapUnderWay = false
  /** A later node refused something of it: nothing more is sent until a record of the key comes. */
  stuck = false
  /** There is too little room to wait for what is missing. */
  forced = false
  /** Bytes of what waits or is under way. */
  bytes = 0

  /** Numbers that wait. */
  get waiting(): number {
    return this.#numbers.length
  }

  get underWay(): number {
    return this.#underWay.size
  }

  get idle(): boolean {
    return this.#arrivals.size === 0 && this.#taken.size === 0 && !this.gapUnderWay
  }

  /** The lowest number that waits. */
  get lowest(): number | undefined {
    return this.#numbers[0]
  }

  /** The lowest number that is not committed yet. */
  get lowestTaken(): number {
    return Math.min(...this.#taken)
  }

  /** When the one that waits longest came. */
  get oldest(): number | undefined {
    let oldest: number | undefined
    for (const number of this.#numbers) {
      const { at } = this.#arrivals.get(number)!
      if (oldest === undefined || at < oldest) oldest = at
    }
    return oldest
  }

  /** A record came. */
  take(number: number): void {
    this.#taken.add(number)
  }

  /** It is committed: it waits. */
  add(number: number, at: number, bytes: number): void {
    this.#taken.delete(number)
    this.#arrivals.set(number, { at, bytes })
    this.bytes += bytes
    this.#numbers.splice(this.#placeOf(number), 0, number)
  }

  /** The number is on its way out. */
  send(number: number): void {
    this.#numbers.splice(this.#placeOf(number), 1)
    this.#underWay.add(number)
  }

  /** It was refused: it waits again. */
  refused(number: number): void {
    this.#underWay.delete(number)
    this.#numbers.splice(this.#placeOf(number), 0, number)
  }

  /** It is acknowledged: nothing more of it is sent. */
  done(number: number): void {
    this.#underWay.delete(number)
  }

  /** It is gone. Answers the bytes that it took. */
  remove(number: number): number {
    const bytes = this.#arrivals.get(number)?.bytes ?? 0
    this.bytes -= bytes
    this.#arrivals.delete(number)
    this.#underWay.delete(number)
    const at = this.#placeOf(number)
    if (this.#numbers[at] === number) this.#numbers.splice(at, 1)
    return bytes
  }

  /** Where the number stands, or would. */
  #placeOf(number: number): number {
    let low = 0
    let high = this.#numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#numbers[middle]! < number) low = middle + 1
      else high = middle
    }
    return low
  }
}
