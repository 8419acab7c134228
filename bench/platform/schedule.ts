/** A stretch of time with one rate. */
export interface Phase {
  readonly name: PhaseName
  /** Events a second. */
  readonly rate: number
  readonly seconds: number
}

export const phaseNames = ['warm-up', 'normal', 'spike', 'after'] as const
export type PhaseName = (typeof phaseNames)[number]

interface Placed extends Phase {
  /** When it begins, in milliseconds, and the number of its first event. */
  readonly from: number
  readonly first: number
}

/**
 * When each event is to be written, whatever happens: latencies count from there, so that a platform which holds its writers up
 * does not look better for it.
 */
export class Schedule {
  readonly phases: readonly Placed[]
  /** Events of all phases. */
  readonly total: number
  /** Milliseconds from the first event to the end of the last phase. */
  readonly length: number

  constructor(phases: readonly Phase[]) {
    const placed: Placed[] = []
    let from = 0
    let first = 0
    for (const phase of phases) {
      placed.push({ ...phase, from, first })
      from += phase.seconds * 1000
      first += Math.round(phase.rate * phase.seconds)
    }
    this.phases = placed
    this.total = first
    this.length = from
  }

  /** When event `n` (from 0) is due, in milliseconds from the start. Those beyond the last go on at the last rate. */
  dueOf(n: number): number {
    const { from, first, rate } = this.phases[this.#indexOf(n)]!
    return from + ((n - first) * 1000) / rate
  }

  phaseOf(n: number): PhaseName {
    return this.phases[this.#indexOf(n)]!.name
  }

  /** The phase at a time in milliseconds from the start; undefined when all are over. */
  phaseAt(time: number): PhaseName | undefined {
    return this.phases.findLast(({ from, seconds }) => time >= from && time < from + seconds * 1000)?.name
  }

  #indexOf(n: number): number {
    const index = this.phases.findLastIndex(({ first }) => n >= first)
    return Math.max(0, index)
  }
}
