/** What is due at a time, the earliest first: a binary heap. */
export class Deadlines<What = string> {
  readonly #times: number[] = []
  readonly #what: What[] = []

  get size(): number {
    return this.#times.length
  }

  /** The earliest time; undefined where there is none. */
  get next(): number | undefined {
    return this.#times[0]
  }

  add(time: number, what: What): void {
    let at = this.#times.length
    this.#times.push(time)
    this.#what.push(what)
    while (at > 0) {
      const above = (at - 1) >>> 1
      if (this.#times[above]! <= time) break
      this.#swap(at, above)
      at = above
    }
  }

  /** Takes the first out. */
  take(): What | undefined {
    if (this.#times.length === 0) return undefined
    this.#swap(0, this.#times.length - 1)
    this.#times.pop()
    const what = this.#what.pop()
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < this.#times.length && this.#times[left]! < this.#times[least]!) least = left
      if (right < this.#times.length && this.#times[right]! < this.#times[least]!) least = right
      if (least === at) return what
      this.#swap(at, least)
      at = least
    }
  }

  #swap(a: number, b: number): void {
    const time = this.#times[a]!
    const what = this.#what[a]!
    this.#times[a] = this.#times[b]!
    this.#what[a] = this.#what[b]!
    this.#times[b] = time
    this.#what[b] = what
  }
}
