import type { Clock } from '../component/contracts/clock.ts'

/**
 * One life of a worker. When it is over, nothing that the worker asks for is answered any more, and no timer of it runs: to
 * everything outside it is gone, as a killed process is. What it had asked for may still take effect.
 */
export class Life {
  readonly clock: Clock
  alive = true
  #asked = 0

  constructor(time: Clock) {
    this.clock = {
      now: () => time.now(),
      after: (delayMs, action) =>
        time.after(delayMs, () => {
          if (this.alive) action()
        }),
    }
  }

  /** True while the environment has not answered everything that it was asked for. */
  get waits(): boolean {
    return this.#asked > 0
  }

  /** What `work` answers, unless the life is over before or meanwhile: then never. */
  async answer<Answer>(work: () => Promise<Answer> | Answer): Promise<Answer> {
    if (!this.alive) return never()
    this.#asked++
    try {
      return await this.hear(work)
    } finally {
      this.#asked--
    }
  }

  /** The same for what is to happen whether the life is over or not: the end of what it has opened. */
  async finish(work: () => Promise<void>): Promise<void> {
    this.#asked++
    try {
      await work()
    } finally {
      this.#asked--
    }
  }

  /** The same for what may always be under way, and does not count as waiting. */
  async hear<Answer>(work: () => Promise<Answer> | Answer): Promise<Answer> {
    if (!this.alive) return never()
    const [outcome] = await Promise.allSettled([(async () => work())()])
    if (!this.alive) return never()
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  /** The same for work that may answer at once, and then should. */
  answerNow<Answer>(work: () => Promise<Answer> | Answer): Promise<Answer> | Answer {
    if (!this.alive) return never()
    const answer = work()
    if (answer instanceof Promise) return this.answer(() => answer)
    return this.alive ? answer : never()
  }
}

/** What is never answered. */
export function never<Answer>(): Promise<Answer> {
  return new Promise(() => undefined)
}
