import type { PollRequest } from '../component/contracts/reader.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'
import { Budget, type Share } from './budget.ts'

/**
 * Beside critical sources others come in pieces that the event loop is done with in a few milliseconds: then it is the
 * critical ones' turn.
 */
const sliceBytes = 1024 * 1024

/** How much comes in at each poll: what the budget leaves, and in small pieces beside critical sources. */
export class Intake {
  readonly #budget: Budget
  readonly #slice: number

  /** `besideCritical`: another topology of the process has critical sources. */
  constructor({ budget, subTopologies }: TopologyPlan, besideCritical: boolean) {
    const lanes = new Set(subTopologies.map(({ critical }) => critical))
    this.#slice = lanes.has(true) || besideCritical ? sliceBytes : Infinity
    this.#budget = new Budget(budget.partitionBytes, budget.totalBytes, lanes.size > 1)
  }

  /** What a poll may bring. `critical`: of a reader whose sources are all critical. */
  available(critical: boolean): Pick<Required<PollRequest>, 'maxBytes' | 'firstBytes'> {
    const { available, availableFirst } = this.#budget
    return {
      firstBytes: availableFirst,
      maxBytes: critical ? availableFirst : Math.min(this.#slice, available),
    }
  }

  /** A share of the budget for one partition. */
  share(): Share {
    return this.#budget.share()
  }

  /** Bytes of records under way, now and at most. */
  get pinned(): { readonly now: number; readonly highest: number } {
    return { now: this.#budget.pinned, highest: this.#budget.highest }
  }
}
