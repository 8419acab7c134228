/** What waits of one writer, oldest first. */
class Line<Item> {
  #items: Item[] = []
  #next = 0

  get length(): number {
    return this.#items.length - this.#next
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  take(): Item {
    const item = this.#items[this.#next]!
    // What is gone goes in pieces: a line that never empties must not grow for ever.
    if (++this.#next >= shortest && this.#next * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
    return item
  }
}

const shortest = 256

/** Lines that are served in turn, each for one item; the one whose turn is next stands first. */
class Round<Item> {
  readonly #lines = new Map<string, Line<Item>>()

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  lengthOf(writer: string): number {
    return this.#lines.get(writer)?.length ?? 0
  }

  add(writer: string, item: Item): void {
    let line = this.#lines.get(writer)
    if (line === undefined) this.#lines.set(writer, (line = new Line()))
    line.add(item)
  }

  take(): Item | undefined {
    for (const [writer, line] of this.#lines) {
      this.#lines.delete(writer)
      const item = line.take()
      if (line.length > 0) this.#lines.set(writer, line)
      return item
    }
    return undefined
  }
}

/** After so many in a row that go ahead it is the turn of one that does not. */
export const aheadInARow = 7

/**
 * Whose turn it is, where many writers share what is little. What goes ahead is first, but of eight places in a row the
 * others get one. Among equals each writer gets one place in turn, however much it has waiting.
 *
 * Invariants (test/engine/cassandra/turns.test.ts): what one writer has waiting is taken in its order. While two writers of
 * a kind have something waiting, neither is served twice between two turns of the other. While both kinds wait, any eight
 * takes in a row have exactly seven that go ahead. Nobody waits, therefore, for more than eight takes for each writer of its kind.
 */
export class Turns<Item> {
  readonly #ahead = new Round<Item>()
  readonly #others = new Round<Item>()
  #inARow = 0

  add(writer: string, ahead: boolean, item: Item): void {
    const round = ahead ? this.#ahead : this.#others
    round.add(writer, item)
  }

  take(): Item | undefined {
    const { isEmpty } = this.#others
    if (isEmpty || (!this.#ahead.isEmpty && this.#inARow < aheadInARow)) {
      this.#inARow = isEmpty ? 0 : this.#inARow + 1
      return this.#ahead.take()
    }
    this.#inARow = 0
    return this.#others.take()
  }

  /** How much a writer has waiting. */
  waiting(writer: string): number {
    return this.#ahead.lengthOf(writer) + this.#others.lengthOf(writer)
  }
}
