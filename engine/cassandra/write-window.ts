/**
 * How many requests may be under way. Up to `calmSize` they are no more than a node works on at once, so that slow answers
 * do not come of their number: it is there again soon after trouble, however long answers take. Beyond, it grows while all
 * of it is used and answers stay quick, and shrinks where they become slow (additive increase, multiplicative decrease:
 * Jacobson 1988; slow answers as the first sign: Brakmo and Peterson, TCP Vegas, 1994). It is below `calmSize` only where
 * nodes say that they are overloaded, or say nothing.
 *
 * Invariant (test/engine/cassandra/write-window.test.ts): without overload and silence it is never below `calmSize`, whatever
 * times answers take; after them it is there again within six rounds of which all is used.
 */
export class WriteWindow {
  readonly #most: number
  readonly #calm: number
  #size: number
  #used = 0
  #peak = 0
  /** Of the present round: as many answers as the window is wide. */
  #answers = 0
  #seconds = 0
  #waited = 0
  /** The mean of the quickest round; it fades, since what is quick changes. */
  #quickest = Infinity
  #shrunkAt = -Infinity

  constructor(most: number = defaultMost) {
    this.#most = most
    this.#calm = Math.min(calmSize, most)
    this.#size = this.#calm
  }

  get isOpen(): boolean {
    return this.#used < this.#size
  }

  get size(): number {
    return this.#size
  }

  get used(): number {
    return this.#used
  }

  enter(): void {
    this.#used++
    if (this.#used > this.#peak) this.#peak = this.#used
  }

  leave(): void {
    this.#used--
  }

  /**
   * A request got its answer.
   *
   * @param seconds  from when it was sent until somebody looked at the answer
   * @param waited   of these, the ones in which this process had nothing to do but wait: an answer that lies there while it is
   *   busy with other work is not slow, and fewer requests would not make it quicker
   */
  took(seconds: number, waited: number = seconds): void {
    this.#answers++
    this.#seconds += seconds
    this.#waited += waited
    if (this.#answers >= this.#size) this.#turn()
  }

  /** A node is overloaded, or silent. Counted once for all requests that were under way together. */
  overloaded(now: number): void {
    if (now - this.#shrunkAt < shrinkPauseMs) return
    this.#shrunkAt = now
    this.#resize(this.#size / 2)
    this.#begin()
  }

  #turn(): void {
    this.#quickest = Math.min(this.#seconds / this.#answers, this.#quickest * fading)
    const wasFull = this.#peak >= this.#size
    const isSlow = this.#waited / this.#answers > Math.max(slowSeconds, this.#quickest * slowFactor)
    if (this.#size < this.#calm) this.#resize(wasFull ? Math.min(this.#calm, this.#size * 2) : this.#size)
    else if (isSlow) this.#resize(Math.max(this.#calm, this.#size * 0.8))
    else if (wasFull) this.#resize(this.#size + Math.max(1, this.#size / 8))
    this.#begin()
  }

  #begin(): void {
    this.#answers = 0
    this.#seconds = 0
    this.#waited = 0
    this.#peak = this.#used
  }

  #resize(size: number): void {
    this.#size = Math.min(this.#most, Math.max(leastSize, Math.floor(size)))
  }
}

const defaultMost = 1024
/** So many requests a node of Cassandra works on at once by default (native_transport_max_threads). */
export const calmSize = 128
const leastSize = 4
const shrinkPauseMs = 500
const fading = 1.02
const slowFactor = 8
/** Answers that come sooner are never slow. */
const slowSeconds = 0.04
