import type { Clock } from '../component/contracts/clock.ts'
import type { SubTopology } from '../topology/plan-types.ts'
import type { Assignments, SourcePartition } from './assignments.ts'
import { insist } from './insist.ts'
import { Openings } from './openings.ts'
import type { Task } from './task.ts'
import type { TaskInput } from './task-input.ts'

/** What opening tasks needs of the session. */
export interface TaskOpenerOptions {
  readonly assignments: Assignments
  readonly clock: Clock
  readonly subOf: (node: string) => SubTopology
  /** Restores a task. */
  readonly open: (sub: SubTopology, partition: number, epoch: number) => Promise<Task>
  /** The task is restored, and runs from now on. */
  readonly opened: (sub: SubTopology, partition: number, task: Task) => void
  /** It is somebody else's by now, or the session is over. */
  readonly abandoned: (task: Task) => void
  /** Does `action` between two events of the reader of this source. */
  readonly between: (node: string, action: () => Promise<void>) => Promise<void>
  readonly start: (input: TaskInput) => Promise<void>
  /** The next offset to be written. */
  readonly endOf: (input: TaskInput) => Promise<number>
  readonly over: () => boolean
  readonly failed: (error: unknown) => void
  readonly trouble: (sentence: string) => void
}

/** How often it is seen whether the tables are read, milliseconds. */
const lookEveryMs = 10

/**
 * Opens the tasks whose partitions are assigned. Polling goes on meanwhile, and so do the other tasks; whatever is away is
 * waited for. A task that was lost while it was restored is given up.
 */
export class TaskOpener {
  readonly #options: TaskOpenerOptions
  readonly #openings = new Openings()

  constructor(options: TaskOpenerOptions) {
    this.#options = options
  }

  /** True while a task is being opened. */
  get busy(): boolean {
    return this.#openings.busy
  }

  /** Opens the tasks that these partitions complete. Resolves when they run, or are not wanted any more. */
  async assigned(partitions: readonly SourcePartition[]): Promise<void> {
    const { failed } = this.#options
    const openings = [...this.#completed(partitions)].map(([sub, partition]) =>
      this.#openings.run(`${sub.number}/${partition}`, () => this.#open(sub, partition), failed),
    )
    await Promise.all(openings)
  }

  /** The tasks that these partitions complete, each once. */
  *#completed(partitions: readonly SourcePartition[]): Generator<[SubTopology, number]> {
    const { subOf, assignments } = this.#options
    const seen = new Set<string>()
    for (const { node, partition } of partitions) {
      const sub = subOf(node)
      const name = `${sub.number}/${partition}`
      if (seen.has(name) || !assignments.complete(sub, partition)) continue
      seen.add(name)
      yield [sub, partition]
    }
  }

  async #open(sub: SubTopology, partition: number): Promise<void> {
    const { assignments, over, clock, trouble } = this.#options
    const epoch = assignments.epoch(sub, partition)
    if (epoch === undefined) return
    const wanted = (): boolean => !over() && assignments.epoch(sub, partition) === epoch
    const what = `restoring partition ${partition} of ${sub.sources.join(', ')}`
    await insist({ clock, what, wanted, trouble }, async () => {
      const task = await this.#options.open(sub, partition, epoch)
      // It may have been lost while it was restored, and come back under another epoch.
      if (!wanted()) return this.#options.abandoned(task)
      this.#options.opened(sub, partition, task)
      const tables = task.inputs.filter(({ isTable }) => isTable)
      await this.#readTables(tables, wanted)
      for (const input of task.inputs) if (!input.isTable) await this.#start(input, wanted)
    })
  }

  /** Tables are read to where they end now before the first record that may be joined with them comes. */
  async #readTables(tables: readonly TaskInput[], wanted: () => boolean): Promise<void> {
    const { clock, endOf } = this.#options
    const ends = await Promise.all(tables.map(endOf))
    for (const table of tables) await this.#start(table, wanted)
    while (wanted() && !tables.every((table, n) => table.isPast(ends[n]!)))
      await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve))
  }

  /** As a message to the poll loop: what was assigned when it looks is still assigned when the reader has begun. */
  #start(input: TaskInput, wanted: () => boolean): Promise<void> {
    return this.#options.between(input.node, async () => {
      if (!wanted()) return
      await this.#options.start(input)
      input.started = true
    })
  }
}
