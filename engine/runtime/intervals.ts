/** Half-open ranges [start, end) of offsets: sorted, disjoint, not touching. */
export class Intervals {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  get size(): number {
    return this.#starts.length
  }

  start(n: number): number {
    return this.#starts[n]!
  }

  end(n: number): number {
    return this.#ends[n]!
  }

  /** Adds [start, end), joining what it touches. */
  add(start: number, end: number): void {
    if (end <= start) return
    const first = firstAtLeast(this.#ends, start)
    let last = first
    let from = start
    let to = end
    while (last < this.#starts.length && this.#starts[last]! <= end) {
      from = Math.min(from, this.#starts[last]!)
      to = Math.max(to, this.#ends[last]!)
      last++
    }
    this.#starts.splice(first, last - first, from)
    this.#ends.splice(first, last - first, to)
  }

  has(offset: number): boolean {
    const n = firstAtLeast(this.#ends, offset + 1)
    return n < this.#starts.length && this.#starts[n]! <= offset
  }

  /** Takes away everything below `offset`. */
  dropBelow(offset: number): void {
    const count = firstAtLeast(this.#ends, offset + 1)
    this.#starts.splice(0, count)
    this.#ends.splice(0, count)
    if (this.#starts.length > 0 && this.#starts[0]! < offset) this.#starts[0] = offset
  }

  copy(): Intervals {
    return this.first(this.size)
  }

  /** The lowest `count` ranges. */
  first(count: number): Intervals {
    const some = new Intervals()
    for (let n = 0; n < count; n++) some.add(this.start(n), this.end(n))
    return some
  }

  /** The ranges as pairs, for tests and for people. */
  pairs(): [number, number][] {
    return this.#starts.map((start, n) => [start, this.#ends[n]!])
  }
}

/** The first index whose number is ≥ `least`, in an ascending array. */
function firstAtLeast(numbers: readonly number[], least: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}
