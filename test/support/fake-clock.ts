import { turns, VirtualClock } from '../../engine/testing/virtual-clock.ts'

/** The virtual clock with what tests want besides. */
export class FakeClock extends VirtualClock {
  constructor(now = 1_700_000_000_000) {
    super(now)
  }

  /** Moves on by so many milliseconds, and runs what is due on the way. */
  advance(ms: number): void {
    this.moveTo(this.now() + ms)
  }

  /** Runs timer after timer, with `between` after each, until there are none. */
  async runAll(between: () => Promise<void> = turn, most = 100_000): Promise<void> {
    await between()
    while (this.waiting > 0) {
      if (most-- === 0) throw new Error('The timers of the fake clock never come to an end.')
      this.runNext()
      await between()
    }
  }
}

/** Lets everything that waits for no clock come to its end: microtasks, and what they cause. */
export function turn(): Promise<void> {
  return turns(1)
}
