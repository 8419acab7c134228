import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../engine/component/contracts/clock.ts'
import { fatalError } from '../../engine/errors.ts'
import { type FakeClock, turn } from './fake-clock.ts'
import type { Random } from './harness-records.ts'

const current = new AsyncLocalStorage<Life>()

/** The life that is running now: tells whose point was reached. */
export function lifeNow(): Life | undefined {
  return current.getStore()
}

/**
 * One life of a worker. When it is over, nothing that the worker asks for is answered any more, and no timer of it runs:
 * to everything outside it is gone, as a killed process is.
 */
export class Life {
  readonly name: string
  readonly random: Random
  readonly clock: Clock
  readonly #time: FakeClock
  readonly #hung: ((error: Error) => void)[] = []
  alive = true

  constructor(name: string, time: FakeClock, random: Random) {
    this.name = name
    this.random = random
    this.#time = time
    this.clock = {
      now: () => time.now(),
      after: (delayMs, action) =>
        time.after(delayMs, () => {
          if (this.alive) current.run(this, action)
        }),
    }
  }

  run<Result>(action: () => Result): Result {
    return current.run(this, action)
  }

  end(): void {
    this.alive = false
  }

  /** Lets other things happen; never answers when the life is over by then. */
  async turn(): Promise<void> {
    if (this.alive) await turn()
    if (!this.alive) await this.#hang()
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#time.after(ms, resolve))
    if (!this.alive) await this.#hang()
  }

  /** Lets go of everything that waits for an answer, so that no test is kept alive by the dead. */
  bury(): void {
    this.alive = false
    for (const reject of this.#hung.splice(0)) reject(fatalError('FENCED', 'This life is over.'))
  }

  #hang(): Promise<never> {
    return new Promise((_, reject) => this.#hung.push(reject))
  }
}
