import type { Clock } from '../../engine/component/contracts/clock.ts'

interface Timer {
  readonly at: number
  readonly action: () => void
}

/** A clock that stands still until a test moves it. Timers of one moment run in the order in which they were set. */
export class FakeClock implements Clock {
  #now: number
  /** Those that are due first stand first. */
  #timers: Timer[] = []

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, action: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), action }
    let at = this.#timers.length
    while (at > 0 && this.#timers[at - 1]!.at > timer.at) at--
    this.#timers.splice(at, 0, timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Timers that have not run. */
  get waiting(): number {
    return this.#timers.length
  }

  /** When the next timer is due; undefined if there is none. */
  get next(): number | undefined {
    return this.#timers[0]?.at
  }

  /** Moves on by so many milliseconds, and runs what is due on the way. */
  advance(ms: number): void {
    const until = this.#now + ms
    while (this.#timers.length > 0 && this.#timers[0]!.at <= until) this.#runNext()
    this.#now = until
  }

  /** Runs timer after timer, with `between` after each, until there are none. */
  async runAll(between: () => Promise<void> = turn, most = 100_000): Promise<void> {
    await between()
    while (this.#timers.length > 0) {
      if (most-- === 0) throw new Error('The timers of the fake clock never come to an end.')
      this.#runNext()
      await between()
    }
  }

  #runNext(): void {
    const timer = this.#timers.shift()!
    this.#now = Math.max(this.#now, timer.at)
    timer.action()
  }
}

/** Lets everything that waits for no clock come to its end: microtasks, and what they cause. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
