import type { RegistryAnswer } from './registry-answers.ts'

/** How a request to a registry ended: see RegistryAnswer. */
export type RegistryOutcome = RegistryAnswer['kind']

/** What a client of a registry has done since it was made: for metrics. */
export class RegistryCounts {
  /** Requests by outcome. One that was asked of several nodes counts for each. */
  readonly requests = new Map<RegistryOutcome, number>()
  /** Schemas by id that were asked for and at hand, by where they were. */
  readonly hits = { memory: 0, disk: 0 }
  /** Which registry, without credentials. */
  readonly registry: string
  readonly #now: () => number
  #answeredAt: number | undefined

  /** @param now  a clock that never goes back, milliseconds */
  constructor(registry: string, now: () => number) {
    this.registry = registry
    this.#now = now
  }

  /** Milliseconds since a node last answered as a registry does; undefined while none has. */
  get answerAgeMs(): number | undefined {
    return this.#answeredAt === undefined ? undefined : this.#now() - this.#answeredAt
  }

  ended(outcome: RegistryOutcome): void {
    this.requests.set(outcome, (this.requests.get(outcome) ?? 0) + 1)
    if (outcome === 'ok' || outcome === 'missing' || outcome === 'refused') this.#answeredAt = this.#now()
  }
}
