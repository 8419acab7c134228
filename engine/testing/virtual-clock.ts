import type { Clock } from '../component/contracts/clock.ts'

interface Timer {
  readonly at: number
  readonly action: () => void
}

/** A clock that stands still until someone moves it. Timers of one moment run in the order in which they were set. */
export class VirtualClock implements Clock {
  #now: number
  /** Those that are due first stand first. */
  #timers: Timer[] = []

  /** `now`: milliseconds since 1970. */
  constructor(now: number) {
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

  /** When the next timer is due; undefined where there is none. */
  get next(): number | undefined {
    return this.#timers[0]?.at
  }

  /** Runs the timer that is due next, and is at its time then. False where there is none. */
  runNext(): boolean {
    const timer = this.#timers.shift()
    if (timer === undefined) return false
    this.#now = Math.max(this.#now, timer.at)
    timer.action()
    return true
  }

  /** Moves on to a moment, and runs what is due on the way, once each. Never goes back. */
  moveTo(moment: number): void {
    while (this.#timers.length > 0 && this.#timers[0]!.at <= moment) this.runNext()
    this.#now = Math.max(this.#now, moment)
  }
}

/** Lets everything that waits for no clock come to its end: microtasks, and what they cause. */
export async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}
