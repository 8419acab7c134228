import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import { nameOf } from '../component/contracts/position.ts'
import type { ParkedEnds } from './parked-input.ts'
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
  async poll(tasks: Iterable<Task>, log: Pick<Log, 'ends'>): Promise<void> {
    const now = this.#clock.now()
    const due = now - this.#last >= commandsEveryMs
    if (due) this.#last = now
    const looking = [...tasks].filter((task) => due || task.awaitsLetters)
    if (looking.length === 0) return
    const ends = await askEnds(looking, log)
    await Promise.all(looking.map((task) => task.pollParked(ends)))
  }
}

/**
 * There is nothing new nearly always, and a worker has dozens of these partitions: they are asked for in one question. Where that
 * has no answer, each task asks for its own, and only those suffer whose brokers are away.
 */
async function askEnds(tasks: readonly Task[], log: Pick<Log, 'ends'>): Promise<ParkedEnds> {
  const partitions = tasks.flatMap(({ parkedPartitions }) => parkedPartitions)
  const told = await log.ends?.(partitions).catch(() => undefined)
  const ends = new Map(partitions.map((one, index) => [nameOf(one), told?.[index]]))
  return (partition) => ends.get(nameOf(partition))
}
