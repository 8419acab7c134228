import type { SubTopology } from '../topology/plan-types.ts'
import type { Task } from './task.ts'

/** A partition of what a source reads. */
export interface SourcePartition {
  readonly node: string
  readonly partition: number
}

/** Which partitions of which sources a worker has, and the tasks that run on them. */
export class Assignments {
  readonly #epochs = new Map<string, Map<number, number>>()
  readonly #tasks = new Map<string, Task>()

  get tasks(): Iterable<Task> {
    return this.#tasks.values()
  }

  assign(source: string, partition: number, epoch: number): void {
    let partitions = this.#epochs.get(source)
    if (partitions === undefined) this.#epochs.set(source, (partitions = new Map<number, number>()))
    partitions.set(partition, epoch)
  }

  withdraw(source: string, partition: number): void {
    this.#epochs.get(source)?.delete(partition)
  }

  /** True once every source of the sub-topology has the partition. */
  complete(sub: SubTopology, partition: number): boolean {
    return sub.sources.every((source) => this.#epochs.get(source)?.has(partition) === true)
  }

  /** The epoch of a partition of the sub-topology: the newest of its sources'; undefined unless all of them have it. */
  epoch(sub: SubTopology, partition: number): number | undefined {
    if (!this.complete(sub, partition)) return undefined
    return Math.max(...sub.sources.map((source) => this.#epochs.get(source)!.get(partition)!))
  }

  task(sub: SubTopology, partition: number): Task | undefined {
    return this.#tasks.get(`${sub.number}/${partition}`)
  }

  add(sub: SubTopology, partition: number, task: Task): void {
    this.task(sub, partition)?.discard()
    this.#tasks.set(`${sub.number}/${partition}`, task)
  }

  /** Gives a task up. */
  remove(task: Task): void {
    task.discard()
    for (const [id, one] of this.#tasks) if (one === task) this.#tasks.delete(id)
  }
}
