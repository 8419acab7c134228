import type { RecordTypes } from '../component/codec.ts'
import { commitsFirst, fedBy, rekeysInCommits, tableSources } from '../topology/plan-facts.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'
import { Merges } from './merges.ts'
import type { InputOptions, RestoredPosition } from './task-input.ts'
import type { TaskOptions, TaskSource } from './task-options.ts'

/** What the inputs of a task are, by their sources. */
export class InputKinds {
  readonly merges: Merges
  readonly #restoring: RestoredPosition
  readonly #tables: readonly string[]
  readonly #plan: TopologyPlan
  readonly #sources: readonly TaskSource[]
  readonly #commitsFirst: boolean
  readonly #rekeys: boolean

  constructor(options: Pick<TaskOptions, 'plan' | 'sub' | 'sources' | 'trouble' | 'clock' | 'counters'>) {
    const { plan, sub, sources, trouble } = options
    this.#plan = plan
    this.#sources = sources
    this.merges = new Merges(options)
    this.#restoring = { foreign: plan.foreignMetadata, trouble }
    this.#tables = tableSources(plan, sub)
    this.#commitsFirst = commitsFirst(plan, sub)
    this.#rekeys = rekeysInCommits(plan, sub)
  }

  /** True where the records are the rows of a table. */
  isTable(source: string): boolean {
    return this.#tables.includes(source)
  }

  /** The record types of the one source that a node which commits first has; undefined where it has none. */
  typesFor(node: string): RecordTypes | undefined {
    const isFeeding = ({ node: source }: TaskSource): boolean => fedBy(this.#plan, source).includes(node)
    return this.#sources.find(isFeeding)?.codec.types
  }

  /** With a node that commits first, or a repartition, cuts are beginnings of the partitions; those of tables always are. */
  of(source: string): Pick<InputOptions, 'restoring' | 'isTable' | 'inOrder' | 'merger'> {
    const isTable = this.isTable(source)
    const inOrder = isTable || this.#commitsFirst || this.#rekeys
    return { restoring: this.#restoring, isTable, inOrder, merger: this.merges.of(source) }
  }
}
