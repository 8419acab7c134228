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
    const timer = setTimeout(action, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
