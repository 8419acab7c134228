/** How many records of a task are under way, and who waits for there to be none. */
export class OpenWork {
  #count = 0
  readonly #waiting: (() => void)[] = []

  get count(): number {
    return this.#count
  }

  began(records: number): void {
    this.#count += records
  }

  endedOne(): void {
    if (--this.#count === 0) this.over()
  }

  /** Nothing is under way any more, or nothing of it counts. */
  over(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
