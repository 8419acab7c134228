/** Time, as the engine sees it: the machine's in a worker, a virtual one in tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs `action` once after `delayMs`; the answer cancels it. Never runs it synchronously. */
  after(delayMs: number, action: () => void): () => void
}

/** The machine's clock. Timers do not keep the process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, action) {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      const step = Math.min(left, longestTimerMs)
      timer = setTimeout(() => (left > step ? wait(left - step) : action()), step)
      timer.unref()
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}

/** What setTimeout takes: a longer delay would fire at once. */
const longestTimerMs = 2 ** 31 - 1
