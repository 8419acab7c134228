/** The numbers of one key that are not acknowledged: those that are not committed, that wait, and that are under way. */
export class Held {
  /** Ascending. */
  readonly #numbers: number[] = []
  readonly #arrivals = new Map<number, number>()
  readonly #underWay = new Set<number>()
  /** Came, and are not committed: nothing of them is sent, and no gap is told where they are. */
  readonly #taken = new Set<number>()
  /** What is sent next, by what is under way; undefined where nothing of the key was looked at. */
  promised: number | undefined
  gapUnderWay = false
  /** A later node refused something of it: nothing more is sent until a record of the key comes. */
  stuck = false

  /** Numbers that wait. */
  get waiting(): number {
    return this.#numbers.length
  }

  get underWay(): number {
    return this.#underWay.size
  }

  get idle(): boolean {
    const none = this.#numbers.length === 0 && this.#underWay.size === 0 && this.#taken.size === 0
    return none && !this.gapUnderWay
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
      const arrival = this.#arrivals.get(number)!
      if (oldest === undefined || arrival < oldest) oldest = arrival
    }
    return oldest
  }

  /** A record came. */
  take(number: number): void {
    this.#taken.add(number)
  }

  /** It is committed: it waits. */
  add(number: number, arrival: number): void {
    this.#taken.delete(number)
    this.#arrivals.set(number, arrival)
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

  remove(number: number): void {
    this.#arrivals.delete(number)
    this.#underWay.delete(number)
    const at = this.#placeOf(number)
    if (this.#numbers[at] === number) this.#numbers.splice(at, 1)
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
