import type { Clock } from '../../engine/component/index.ts'

/** Wakes one waiter. Made once and used for all waits: promises that live long collect what waits for them. */
export class Signal {
  readonly #clock: Clock
  #wake: (() => void) | undefined
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits until `wake` or `stop` is called, but not longer than `ms`. */
  wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /** Wakes the waiter, and lets nobody wait any more. */
  stop(): void {
    this.#stopped = true
    this.wake()
  }
}
