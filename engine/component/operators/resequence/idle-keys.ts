import { Deadlines } from '../aggregate/deadlines.ts'

/** Keys by the time since which nothing came of them: those that are idle for long are told, about when they are. */
export class IdleKeys {
  readonly #after: number
  readonly #deadlines = new Deadlines()
  readonly #timed = new Set<string>()

  /** `after`: milliseconds; undefined: nothing is ever told. */
  constructor(after: number | undefined) {
    this.#after = after ?? Number.POSITIVE_INFINITY
  }

  /** Something of the key was there at this time (milliseconds since 1970). */
  saw(key: string, at: number): void {
    if (this.#after === Number.POSITIVE_INFINITY || this.#timed.has(key)) return
    this.#timed.add(key)
    this.#deadlines.add(at + this.#after, key)
  }

  /** True if the key was last there long enough ago. */
  isOver(at: number, now: number): boolean {
    return at + this.#after <= now
  }

  /** True if `take` has a key for this time. */
  some(now: number): boolean {
    return (this.#deadlines.next ?? Number.POSITIVE_INFINITY) <= now
  }

  /** The next key that may be idle by now: it may have been seen since it was told of. */
  take(now: number): string | undefined {
    if (!this.some(now)) return undefined
    const key = this.#deadlines.take()!
    this.#timed.delete(key)
    return key
  }
}
