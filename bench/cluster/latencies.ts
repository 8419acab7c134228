/** Milliseconds from an event to each of its acknowledged rows. */
export class Latencies {
  readonly #skip: number
  readonly #values: number[] = []
  #count = 0

  /** The first `skip` rows do not count: everything is still cold. */
  constructor(skip: number) {
    this.#skip = skip
  }

  /** Rows so far, those that do not count included. */
  get count(): number {
    return this.#count
  }

  add(milliseconds: number): void {
    if (this.#count++ >= this.#skip) this.#values.push(milliseconds)
  }

  summary(): {
    readonly p50: number
    readonly p95: number
    readonly p99: number
    readonly max: number
    readonly count: number
  } {
    const sorted = this.#values.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), count: sorted.length }
  }
}
