import { fatalError, kindOf, sentenceOf, MillraceError, type ErrorKind } from '../errors.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import type { ErrorSettings } from '../topology/plan-types.ts'

/** What is to be done after a failure: try again after so many milliseconds, or give the record up. */
export type Decision = { readonly act: 'retry'; readonly afterMs: number } | { readonly act: 'give-up' }

/** A failed record on its way out. */
export interface Failure {
  readonly node: string
  readonly error: unknown
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly firstFailure: number
}

/** What was done for a record so far. */
export interface Sofar {
  /** Failures that count against it: those that are not downstream. */
  readonly attempts: number
  /** All failures. */
  readonly tries: number
  /** When the first that counts was, milliseconds since 1970. */
  readonly since: number
}

/** What the topology says of the failures of one node. */
export type NodeLimits = Pick<ErrorSettings, 'attempts' | 'within' | 'answerWithin' | 'backoff'>

/** The limits of a node: its own, and those of the topology where it has none. */
export function limitsOf(settings: ErrorSettings, node: string): NodeLimits {
  const { attempts, within, answerWithin, backoff } = settings
  return { attempts, within, answerWithin, backoff, ...settings.nodes[node] }
}

/** What the task does with records that are given up. */
export interface FailureActions {
  /** Parks the record: its token is taken. */
  park(batch: RecordBatch, i: number, failure: Failure): void
  /** Stops the task with a fatal error. The record stays unsettled. */
  stop(error: MillraceError): void
  now(): number
}

/**
 * The error policy of a topology, for one task: which failures are tried again and when, and what becomes of records
 * that are given up. A flood of failures stops the task instead of draining the topic into the dead letters.
 */
export class FailurePolicy {
  readonly #settings: ErrorSettings
  readonly #actions: FailureActions
  readonly #random: () => number
  #seen = 0
  #failed = 0
  #stopped = false

  constructor(settings: ErrorSettings, actions: FailureActions, random: () => number = Math.random) {
    this.#settings = settings
    this.#actions = actions
    this.#random = random
  }

  /** True once a failure stopped the task: nothing more may be worked on, or it would overtake the failed record. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Decides about the failure of an attempt. A record that would be tried again too late is given up at once. */
  decide(error: unknown, { attempts, tries, since }: Sofar, limits: NodeLimits = this.#settings): Decision {
    const kind: ErrorKind = kindOf(error)
    if (kind === 'permanent' || kind === 'fatal') return { act: 'give-up' }
    const afterMs = this.#backoff(limits.backoff, tries)
    if (kind === 'downstream') return { act: 'retry', afterMs }
    const isLate = this.#actions.now() + afterMs - since > (limits.within ?? Number.POSITIVE_INFINITY)
    if (attempts >= limits.attempts || isLate) return { act: 'give-up' }
    return { act: 'retry', afterMs }
  }

  /** Parks or skips the record, or stops the task, as the topology says. Takes the record's token unless it stops. */
  giveUp(batch: RecordBatch, i: number, failure: Failure): void {
    const fatal = failure.error instanceof MillraceError && failure.error.kind === 'fatal'
    if (fatal) return this.#stop(failure.error)
    if (this.#settings.then === 'halt') return this.#stop(halted(batch, i, failure))
    this.#failed++
    if (this.#isFlood()) return this.#stop(flood(this.#settings, failure))
    if (this.#settings.then === 'park') return this.#actions.park(batch, i, failure)
    batch.origin.lineage.judge(batch.lineageRow(i), 'skipped')
    batch.origin.lineage.release(batch.lineageRow(i))
  }

  /** Counts records that came in, for the flood rule. Older ones count less and less. */
  saw(records: number): void {
    this.#seen += records
    if (this.#seen < this.#settings.flood.of * 2) return
    this.#seen /= 2
    this.#failed /= 2
  }

  #stop(error: MillraceError): void {
    this.#stopped = true
    this.#actions.stop(error)
  }

  #isFlood(): boolean {
    const { share, of } = this.#settings.flood
    return this.#failed >= of * share && this.#failed > this.#seen * share
  }

  /** Full jitter: anything up to a limit that doubles (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
  #backoff({ first, longest }: NodeLimits['backoff'], tries: number): number {
    return Math.ceil(this.#random() * Math.min(longest, first * 2 ** Math.min(tries - 1, 30)))
  }
}

function halted(batch: RecordBatch, i: number, failure: Failure): MillraceError {
  return fatalError(
    'HALTED',
    `Node ${failure.node} could not process ${batch.topic}/${batch.partition}@${batch.offset(i)} ` +
      `(${sentenceOf(failure.error)}), and the topology says "then: halt". Nothing after it is committed.`,
    {
      cause: failure.error,
      facts: { topic: batch.topic, partition: batch.partition, offset: batch.offset(i) },
    },
  )
}

function flood(settings: ErrorSettings, failure: Failure): MillraceError {
  return fatalError(
    'FAILURE_FLOOD',
    `More than ${settings.flood.share * 100} % of the last ${settings.flood.of} records failed, the last one at node ` +
      `${failure.node} (${sentenceOf(failure.error)}). Mend the cause, or raise errors.flood in the topology.`,
    { cause: failure.error },
  )
}
