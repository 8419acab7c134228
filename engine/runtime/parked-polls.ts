import type { Clock } from '../component/contracts/clock.ts'
import type { Task } from './task.ts'

/** How often parked partitions are looked at for commands of people, milliseconds. */
const commandsEveryMs = 1000

/** Looks at parked partitions: at once where letters were just committed, and now and then for commands. */
export class ParkedPolls {
  readonly #clock: Clock
  #last = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be called after every commit. */
  async poll(tasks: Iterable<Task>): Promise<void> {
    const now = this.#clock.now()
    const due = now - this.#last >= commandsEveryMs
    if (due) this.#last = now
    const looking = [...tasks].filter((task) => due || task.awaitsLetters)
    await Promise.all(looking.map((task) => task.pollParked()))
  }
}
