/**
 * How many requests may be under way. It grows while all of it is used and answers stay quick, and shrinks where they
 * become slow, or a node says that it is overloaded or says nothing (additive increase, multiplicative decrease: Jacobson
 * 1988; slow answers as the first sign: Brakmo and Peterson, TCP Vegas, 1994).
 */
export class WriteWindow {
  readonly #most: number
  #size: number
  #used = 0
  #peak = 0
  /** Of the present round: as many answers as the window is wide. */
  #answers = 0
  #seconds = 0
  /** The mean of the quickest round; it fades, since what is quick changes. */
  #quickest = Infinity
  #shrunkAt = -Infinity

  constructor(most: number = defaultMost) {
    this.#most = most
    this.#size = Math.min(firstSize, most)
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

  /** A request got its answer after so many seconds. */
  took(seconds: number): void {
    this.#answers++
    this.#seconds += seconds
    if (this.#answers >= this.#size) this.#turn()
  }

  /** A node is overloaded, or silent. Counted once for all requests that were under way together. */
  overloaded(now: number): void {
    if (now - this.#shrunkAt < shrinkPauseMs) return
    this.#shrunkAt = now
    this.#resize(this.#size / 2)
  }

  #turn(): void {
    const mean = this.#seconds / this.#answers
    this.#quickest = Math.min(mean, this.#quickest * fading)
    const wasFull = this.#peak >= this.#size
    const isSlow = mean > Math.max(slowSeconds, this.#quickest * slowFactor)
    if (isSlow) this.#resize(this.#size * 0.8)
    else if (wasFull) this.#resize(this.#size + Math.max(1, this.#size / 8))
    this.#answers = 0
    this.#seconds = 0
    this.#peak = this.#used
  }

  #resize(size: number): void {
    this.#size = Math.min(this.#most, Math.max(leastSize, Math.floor(size)))
  }
}

const defaultMost = 1024
const firstSize = 128
const leastSize = 4
const shrinkPauseMs = 500
const fading = 1.02
const slowFactor = 8
/** Answers that come sooner are never slow. */
const slowSeconds = 0.04
