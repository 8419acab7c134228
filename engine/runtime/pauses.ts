import type { SourceReader } from '../component/contracts/reader.ts'
import type { Task } from './task.ts'
import type { TaskInput } from './task-input.ts'

/**
 * Pauses the partitions of tasks whose share of the budget is used up, whose map of settled ranges is nearly full, or one
 * of whose nodes holds as much as it may, and those that are ahead of others in a merge. Lets them go on when there is room.
 */
export class Pauses {
  readonly #readerOf: (node: string) => SourceReader
  /** Tasks that take nothing, and inputs that are paused, those of these tasks among them. */
  readonly #full = new Set<Task>()
  readonly #paused = new Set<TaskInput>()

  constructor(readerOf: (node: string) => SourceReader) {
    this.#readerOf = readerOf
  }

  /** To be called after every poll. */
  balance(tasks: Iterable<Task>): void {
    for (const task of tasks) {
      const full = this.#isFull(task)
      for (const input of task.inputs) this.#set(input, full || input.ahead)
    }
  }

  /** The task is given up. */
  forget(task: Task): void {
    this.#full.delete(task)
    for (const input of task.inputs) this.#paused.delete(input)
  }

  #isFull(task: Task): boolean {
    const { exhausted, relaxed } = task.share
    if (exhausted || task.saturated) this.#full.add(task)
    else if (relaxed) this.#full.delete(task)
    return this.#full.has(task)
  }

  #set(input: TaskInput, paused: boolean): void {
    if (this.#paused.has(input) === paused) return
    const reader = this.#readerOf(input.node)
    if (paused) {
      this.#paused.add(input)
      reader.pause(input.partition)
    } else {
      this.#paused.delete(input)
      reader.resume(input.partition)
    }
    input.paused(paused)
  }
}
