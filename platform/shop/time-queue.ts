interface Entry<T> {
  readonly time: number
  readonly turn: number
  readonly item: T
}

/** Things that are due at a time: the earliest first, those of one time in the order in which they came. */
export class TimeQueue<T> {
  readonly #heap: Entry<T>[] = []
  #turns = 0

  get nextTime(): number {
    return this.#heap[0]?.time ?? Infinity
  }

  push(time: number, item: T): void {
    const heap = this.#heap
    heap.push({ time, turn: this.#turns++, item })
    let at = heap.length - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(heap[at]!, heap[above]!)) break
      this.#swap(at, above)
      at = above
    }
  }

  pop(): T | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (heap.length > 0) {
      heap[0] = last
      this.#sink()
    }
    return first.item
  }

  #sink(): void {
    const heap = this.#heap
    for (let at = 0; ;) {
      let least = at
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < heap.length && isBefore(heap[below]!, heap[least]!)) least = below
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const entry = heap[a]!
    heap[a] = heap[b]!
    heap[b] = entry
  }
}

function isBefore<T>(left: Entry<T>, right: Entry<T>): boolean {
  return left.time < right.time || (left.time === right.time && left.turn < right.turn)
}
