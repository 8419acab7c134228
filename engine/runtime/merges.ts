import type { Clock } from '../component/contracts/clock.ts'
import { mergesOf } from '../topology/plan-facts.ts'
import type { SubTopology, TopologyPlan } from '../topology/plan-types.ts'
import type { Counters } from './counters.ts'
import { Merger } from './merger.ts'

/** What waits of a partition at most, so that it need not be read twice; less where the budget is small. */
const mostBytes = 1024 ** 2

/** What mergers need of their task. */
interface MergesOptions {
  readonly plan: TopologyPlan
  readonly sub: SubTopology
  readonly clock: Clock
  readonly counters: Counters
}

/** The mergers of a task, by the sources whose records they put into order. */
export class Merges {
  readonly #mergers = new Map<string, Merger>()

  constructor({ plan, sub, clock, counters }: MergesOptions) {
    const limitBytes = Math.min(mostBytes, plan.budget.partitionBytes / 4)
    for (const { node, sources, waitMs } of mergesOf(plan, sub)) {
      const count = counters.of(node)
      const outOfOrder = (records: number): void => count('outOfOrder', records)
      const merger = new Merger({ clock, waitMs, limitBytes, outOfOrder })
      for (const source of sources) this.#mergers.set(source, merger)
    }
  }

  /** Undefined for a source that is not merged. */
  of(source: string): Merger | undefined {
    return this.#mergers.get(source)
  }

  /** Forgets what waits: nothing comes from there any more. */
  close(): void {
    for (const merger of this.#mergers.values()) merger.close()
  }
}
