import type { Clock } from '../component/contracts/clock.ts'
import { kindOf, type MillraceError } from '../errors.ts'
import type { Breaker } from './breaker.ts'
import type { Outcome } from './executor-work.ts'

export interface GateOptions {
  readonly clock: Clock
  readonly breaker: Breaker
  /** How long one call may take, milliseconds. */
  readonly answerWithin: number
  /** What a call failed with that took longer. */
  readonly late: (ms: number) => MillraceError
  /** Calls may go through that might not before. */
  readonly wake: () => void
}

/** The way of one executor to what it calls: past the circuit breaker, and with a limit of time for each call. */
export class Gate {
  readonly #options: GateOptions
  /** Under way and limited, oldest first. */
  readonly #calls = new Set<Call>()
  readonly #deaf: () => void
  #cancel: (() => void) | undefined

  constructor(options: GateOptions) {
    this.#options = options
    this.#deaf = options.breaker.listen(options.wake)
  }

  /** Records that the next call may have. */
  get most(): number {
    return this.#options.breaker.most
  }

  begin(): Call {
    const { breaker } = this.#options
    return new Call(breaker, breaker.begin())
  }

  /** The call ends with an error of its own where there is no answer in time; what comes of it later counts for nothing. */
  limit(call: Call, fail: (error: MillraceError) => void): void {
    const { clock, answerWithin } = this.#options
    call.limited = { until: clock.now() + answerWithin, fail, over: () => this.#over(call) }
    this.#calls.add(call)
    if (this.#cancel === undefined) this.#arm(answerWithin)
  }

  /** Nobody waits for the calls that are under way. */
  close(): void {
    this.#deaf()
    this.#cancel?.()
    for (const call of this.#calls) call.abandon()
    this.#calls.clear()
  }

  #over(call: Call): void {
    this.#calls.delete(call)
    if (this.#calls.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(afterMs: number): void {
    this.#cancel = this.#options.clock.after(afterMs, () => this.#look())
  }

  #look(): void {
    const { clock, answerWithin, late } = this.#options
    this.#cancel = undefined
    for (const call of [...this.#calls]) {
      const { until, fail } = call.limited!
      if (until > clock.now()) break
      const error = late(answerWithin)
      if (call.end(error)) fail(error)
    }
    const [oldest] = this.#calls
    if (oldest !== undefined && this.#cancel === undefined) this.#arm(oldest.limited!.until - clock.now())
  }
}

/** One call: it ends once, with its answer or for want of one. */
export class Call {
  readonly #breaker: Breaker
  readonly #isProbe: boolean
  #isOver = false
  limited:
    | { readonly until: number; readonly fail: (error: MillraceError) => void; readonly over: () => void }
    | undefined

  constructor(breaker: Breaker, isProbe: boolean) {
    this.#breaker = breaker
    this.#isProbe = isProbe
  }

  /** It came to an end, with this error or without. False if it had ended before: then nothing follows from it. */
  end(error?: unknown): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.limited?.over()
    if (error !== undefined && kindOf(error) === 'downstream') this.#breaker.failed(this.#isProbe, error)
    else this.#breaker.succeeded()
    return true
  }

  abandon(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#isProbe) this.#breaker.abandoned()
  }
}

/** The first downstream error in the outcomes of a call that was answered; undefined where any record was stored. */
export function troubleIn(outcomes: readonly Outcome[] | undefined): unknown {
  let trouble: unknown
  for (const outcome of outcomes ?? []) {
    if (outcome.outcome === 'stored') return undefined
    if (outcome.outcome === 'refused' && kindOf(outcome.error) === 'downstream') trouble ??= outcome.error
  }
  return trouble
}
