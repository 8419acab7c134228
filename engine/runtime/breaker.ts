import type { Clock } from '../component/contracts/clock.ts'
import { sentenceOf } from '../errors.ts'

/** `closed`: calls go through. `open`: none does. `half-open`: one record tries whether it works again. */
export type BreakerState = 'closed' | 'half-open' | 'open'

export interface BreakerOptions {
  /** Who calls, as the beginning of a sentence: `Sink users`. */
  readonly subject: string
  /** It opens after so many failed calls in a row. */
  readonly after: number
  /** Between openings and probes, milliseconds: doubled up to the longest, half of it by chance. */
  readonly backoff: { readonly first: number; readonly longest: number }
  readonly clock: Clock
  readonly random?: (() => number) | undefined
  readonly trouble: (sentence: string) => void
}

/**
 * The circuit breaker of one downstream of a worker, shared by its tasks (Nygard, Release It!, "Circuit Breaker"). After some
 * downstream failures in a row nobody calls any more; after a while one record does, and what becomes of it decides for all.
 *
 * What else goes wrong with a record says that the downstream is there: it counts as success.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #listeners = new Set<() => void>()
  #state: BreakerState = 'closed'
  #failures = 0
  #probes = 0
  #probing = false
  #openings = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  get state(): BreakerState {
    return this.#state
  }

  /** How often it opened. */
  get openings(): number {
    return this.#openings
  }

  /** Records that the next call may have: 0 while it is open, or another call is the probe. */
  get most(): number {
    if (this.#state === 'closed') return Number.POSITIVE_INFINITY
    return this.#state === 'half-open' && !this.#probing ? 1 : 0
  }

  /** True while nothing more is to come in for this downstream. */
  get holds(): boolean {
    return this.#state !== 'closed' && this.most === 0
  }

  /** `wake` is called whenever calls may go through that might not before. The answer ends that. */
  listen(wake: () => void): () => void {
    this.#listeners.add(wake)
    return () => this.#listeners.delete(wake)
  }

  /** A call begins; `most` said that it may. Answers whether it is the probe, which must be told when it is over. */
  begin(): boolean {
    if (this.#state === 'closed') return false
    this.#probing = true
    return true
  }

  /** The downstream did what it was asked. */
  succeeded(): void {
    if (this.#failures === 0 && this.#state === 'closed') return
    const wasOpen = this.#state !== 'closed'
    this.#state = 'closed'
    this.#failures = 0
    this.#probes = 0
    this.#probing = false
    this.#options.trouble(`${this.#options.subject} works again.`)
    if (wasOpen) this.#wake()
  }

  /** The downstream was away. What was begun before it opened tells nothing new. */
  failed(isProbe: boolean, error: unknown): void {
    const { subject, after, trouble } = this.#options
    if (isProbe) return this.#open()
    if (this.#state !== 'closed') return
    if (++this.#failures === 1)
      trouble(`${subject} does not get through, and tries again: ${sentenceOf(error)}`)
    if (this.#failures < after) return
    this.#openings++
    trouble(
      `${subject} failed ${after} times in a row: the partitions that feed it pause, and one record at a time tries it.`,
    )
    this.#open()
  }

  /** The probe is given up, with its task: another one may take its place. */
  abandoned(): void {
    this.#probing = false
    this.#wake()
  }

  #open(): void {
    const { backoff, clock, random = Math.random } = this.#options
    this.#state = 'open'
    this.#probing = false
    const longest = Math.min(backoff.longest, backoff.first * 2 ** Math.min(this.#probes++, 30))
    clock.after(Math.ceil((longest / 2) * (1 + random())), () => {
      if (this.#state !== 'open') return
      this.#state = 'half-open'
      this.#wake()
    })
  }

  /** Whoever takes the probe is the last to be asked next time: what is away for one task may be there for another. */
  #wake(): void {
    for (const wake of [...this.#listeners]) {
      if (this.most === 0) return
      wake()
      if (this.most > 0 || !this.#listeners.delete(wake)) continue
      this.#listeners.add(wake)
    }
  }
}

/** The breakers of a worker, by node: they outlive its tasks, and its sessions. */
export class Breakers {
  readonly #make: (node: string) => Breaker
  readonly #byNode = new Map<string, Breaker>()

  constructor(make: (node: string) => Breaker) {
    this.#make = make
  }

  of(node: string): Breaker {
    let breaker = this.#byNode.get(node)
    if (breaker === undefined) this.#byNode.set(node, (breaker = this.#make(node)))
    return breaker
  }

  /** True while nobody may call what is behind this node. */
  holds(node: string): boolean {
    return this.#byNode.get(node)?.holds === true
  }

  /** Those that there are: node and breaker. */
  entries(): Iterable<readonly [node: string, breaker: Breaker]> {
    return this.#byNode
  }
}
