import type { Clock } from '../component/contracts/clock.ts'

/**
 * One life of a worker. When it is over, nothing that the worker asks for is answered any more, and no timer of it runs: to
 * everything outside it is gone, as a killed process is. What it had asked for may still take effect.
 */
export class Life {
  readonly clock: Clock
  alive = true

  constructor(time: Clock) {
    this.clock = {
      now: () => time.now(),
      after: (delayMs, action) =>
        time.after(delayMs, () => {
          if (this.alive) action()
        }),
    }
  }

  /** What `work` answers, unless the life is over before or meanwhile: then never. */
  async answer<Answer>(work: () => Promise<Answer> | Answer): Promise<Answer> {
    if (!this.alive) return never()
    const outcome = await Promise.allSettled([work()])
    if (!this.alive) return never()
    if (outcome[0].status === 'rejected') throw outcome[0].reason
    return outcome[0].value
  }

  /** The same for work that may answer at once, and then should. */
  answerNow<Answer>(work: () => Promise<Answer> | Answer): Promise<Answer> | Answer {
    if (!this.alive) return never()
    const answer = work()
    if (answer instanceof Promise) return this.answer(() => answer)
    return this.alive ? answer : never()
  }
}

function never<Answer>(): Promise<Answer> {
  return new Promise(() => undefined)
}
