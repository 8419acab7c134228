import type { Entry } from './entry.ts'

/** Entries in the order in which they came, with their sum of bytes. */
export class EntryQueue {
  #entries: Entry[] = []
  #first = 0
  #bytes = 0

  get length(): number {
    return this.#entries.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
    this.#bytes += entry.bytes
  }

  peek(): Entry | undefined {
    return this.#entries[this.#first]
  }

  /** The first ones: at least one where there is any, and no more than these limits allow. */
  take(records: number, bytes: number): Entry[] {
    const taken: Entry[] = []
    let sum = 0
    for (let entry = this.peek(); entry !== undefined && taken.length < records; entry = this.peek()) {
      if (taken.length > 0 && sum + entry.bytes > bytes) break
      taken.push(entry)
      sum += entry.bytes
      this.#first++
    }
    this.#bytes -= sum
    // Cut off now and then, not each time: taking stays cheap however long the queue is.
    if (this.#first > 1024 && this.#first * 2 > this.#entries.length) this.#compact()
    return taken
  }

  all(): readonly Entry[] {
    return this.#entries.slice(this.#first)
  }

  clear(): Entry[] {
    const entries = this.#entries.slice(this.#first)
    this.#entries = []
    this.#first = 0
    this.#bytes = 0
    return entries
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }
}
