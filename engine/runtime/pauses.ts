import type { SourceReader } from '../component/contracts/reader.ts'
import type { Task } from './task.ts'

/**
 * Pauses the partitions of tasks whose share of the budget is used up, whose map of settled ranges is nearly full, or one
 * of whose nodes holds as much as it may, and lets them go on when there is room again.
 */
export class Pauses {
  readonly #readerOf: (node: string) => SourceReader
  readonly #paused = new Set<Task>()

  constructor(readerOf: (node: string) => SourceReader) {
    this.#readerOf = readerOf
  }

  /** To be called after every poll. */
  balance(tasks: Iterable<Task>): void {
    for (const task of tasks) {
      const { exhausted, relaxed } = task.share
      const { saturated } = task
      const paused = this.#paused.has(task)
      if (!paused && (exhausted || saturated)) this.#pause(task)
      else if (paused && relaxed && !saturated) this.#resume(task)
    }
  }

  /** The task is given up. */
  forget(task: Task): void {
    this.#paused.delete(task)
  }

  #pause(task: Task): void {
    this.#paused.add(task)
    for (const { node, partition } of task.inputs) this.#readerOf(node).pause(partition)
  }

  #resume(task: Task): void {
    this.#paused.delete(task)
    for (const { node, partition } of task.inputs) this.#readerOf(node).resume(partition)
  }
}
