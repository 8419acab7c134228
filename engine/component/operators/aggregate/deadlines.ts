/** Names with the times at which they are due, the earliest first: a binary heap. */
export class Deadlines {
  readonly #times: number[] = []
  readonly #names: string[] = []

  get size(): number {
    return this.#times.length
  }

  /** The earliest time; undefined where there is none. */
  get next(): number | undefined {
    return this.#times[0]
  }

  add(time: number, name: string): void {
    let at = this.#times.length
    this.#times.push(time)
    this.#names.push(name)
    while (at > 0) {
      const above = (at - 1) >>> 1
      if (this.#times[above]! <= time) break
      this.#swap(at, above)
      at = above
    }
  }

  /** Takes the first name out. */
  take(): string | undefined {
    if (this.#times.length === 0) return undefined
    this.#swap(0, this.#times.length - 1)
    this.#times.pop()
    const name = this.#names.pop()
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < this.#times.length && this.#times[left]! < this.#times[least]!) least = left
      if (right < this.#times.length && this.#times[right]! < this.#times[least]!) least = right
      if (least === at) return name
      this.#swap(at, least)
      at = least
    }
  }

  #swap(a: number, b: number): void {
    const [time, name] = [this.#times[a]!, this.#names[a]!]
    this.#times[a] = this.#times[b]!
    this.#names[a] = this.#names[b]!
    this.#times[b] = time
    this.#names[b] = name
  }
}
