import { commitsFirst, tableSources } from '../topology/plan-facts.ts'
import type { RestoredPosition } from './task-input.ts'
import type { TaskOptions } from './task-options.ts'

/** What the inputs of a task are, by their sources. */
export class InputKinds {
  readonly restoring: RestoredPosition
  readonly #tables: readonly string[]
  readonly #commitsFirst: boolean

  constructor({ plan, sub, trouble }: Pick<TaskOptions, 'plan' | 'sub' | 'trouble'>) {
    this.restoring = { foreign: plan.foreignMetadata, trouble }
    this.#tables = tableSources(plan, sub)
    this.#commitsFirst = commitsFirst(plan, sub)
  }

  /** True where the records are the rows of a table. */
  isTable(source: string): boolean {
    return this.#tables.includes(source)
  }

  /** With a node that commits first, cuts are beginnings of the partitions; those of tables always are. */
  isInOrder(source: string): boolean {
    return this.isTable(source) || this.#commitsFirst
  }
}
