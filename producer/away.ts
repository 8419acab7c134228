import type { Clock } from '../engine/component/contracts/clock.ts'
import type { MillraceError } from '../engine/errors.ts'

/**
 * The circuit breaker of a producer. It opens where the target gives no answer for a while, or a bad one, and closes with
 * the next good one. What is under way then, or is tried again after a pause, is the probe: one batch, never more.
 */
export class Away {
  readonly #afterMs: number
  readonly #clock: Clock
  readonly #onOpen: () => void
  #since: number | undefined
  #reason = ''
  #told = ''

  constructor(afterMs: number, clock: Clock, onOpen: () => void) {
    this.#afterMs = afterMs
    this.#clock = clock
    this.#onOpen = onOpen
  }

  get isAway(): boolean {
    return this.#since !== undefined
  }

  /** Since when it has been away, milliseconds since 1970. */
  get since(): number | undefined {
    return this.#since
  }

  /** Why it counts as away: the first part of a sentence. */
  get reason(): string {
    return this.#reason
  }

  /** Carries out a write; opens where that takes too long. */
  async watch<Result>(write: () => Promise<Result>): Promise<Result> {
    const cancel = this.#clock.after(this.#afterMs, () =>
      this.#open(`Nothing was acknowledged for ${this.#afterMs} ms`),
    )
    try {
      return await write()
    } finally {
      cancel()
    }
  }

  answered(): void {
    this.#since = undefined
    this.#told = ''
  }

  /** Each new reason is told once. */
  failed(error: MillraceError, tell: (sentence: string) => void): void {
    if (this.#told !== error.message) tell((this.#told = error.message))
    this.#open(error.message.replace(/\.$/, ''))
  }

  #open(reason: string): void {
    this.#reason = reason
    if (this.#since !== undefined) return
    this.#since = this.#clock.now()
    this.#onOpen()
  }
}
