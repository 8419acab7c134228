import type { RecordBatch } from '../component/record-batch.ts'
import { codeOf, kindOf } from '../errors.ts'
import type { Breaker } from './breaker.ts'
import type { Failure, FailurePolicy, NodeLimits } from './failures.ts'
import type { Clock } from '../component/contracts/clock.ts'

/** One record that waits or is worked on. */
export interface Item {
  readonly batch: RecordBatch
  readonly i: number
}

/**
 * The queue of one key at one stage: the record that holds the lane up, and those that wait behind it, in order. A
 * record without key has a lane of its own, which nobody waits in.
 */
export class Lane {
  /** undefined for a record without key. */
  readonly key: string | undefined
  /** Waiting, oldest first. */
  readonly queue: Item[] = []
  /** Failed attempts of the record at the head that count against its attempts. */
  attempts = 0
  tries = 0
  firstFailure = 0
  /** When the first of those failed that count, milliseconds since 1970. */
  firstAttempt = 0
  /** True while the head waits for its next attempt. */
  resting = false

  constructor(key: string | undefined) {
    this.key = key
  }

  /** A new record is at the head. */
  reset(): void {
    this.attempts = 0
    this.tries = 0
    this.firstFailure = 0
    this.firstAttempt = 0
  }
}

/** What the stages of a task share. */
export interface StageContext {
  readonly node: string
  readonly clock: Clock
  readonly policy: FailurePolicy
  /** What the topology says of this node. */
  readonly limits: NodeLimits
  /** Of what is behind this node, shared by all tasks of the worker. */
  breaker(): Breaker
  /** True if `blocked` could be true for any record at all. */
  anyBlocked(): boolean
  /** True if the record must not be worked on: an earlier one of its key is parked. */
  blocked(batch: RecordBatch, i: number): boolean
  /** Parks a record because an earlier one of its key is. Takes its token. */
  follow(batch: RecordBatch, i: number): void
  /** True once the task is given up, or stopped by a failure: whatever comes back is ignored, and nothing is begun. */
  readonly cancelled: () => boolean
  count(what: string, by: number): void
  /** Runs what no caller waits for; what it throws is a defect, and stops the task. */
  guard(action: () => void): void
  /** Something that passes is in the way, or is over: for the log. */
  trouble(sentence: string): void
}

/** The record copied out of its buffer, since it must wait; the same where it already is alone. */
export function detach(item: Item): Item {
  const alone = item.batch.length === 1 && item.batch.origin.records.count === 1
  return alone ? item : { batch: item.batch.detached(item.i), i: 0 }
}

/**
 * Counts a failed attempt of the head of a lane, and answers after how many milliseconds it is to be tried again; or
 * gives it up (parks, skips, stops) and answers undefined.
 */
export function failHead(context: StageContext, lane: Lane, item: Item, error: unknown): number | undefined {
  const now = context.clock.now()
  lane.tries++
  if (kindOf(error) !== 'downstream') {
    lane.attempts++
    if (lane.firstAttempt === 0) lane.firstAttempt = now
  }
  if (lane.firstFailure === 0) lane.firstFailure = now
  const sofar = { attempts: Math.max(1, lane.attempts), tries: lane.tries, since: lane.firstAttempt || now }
  context.count(`failed ${kindOf(error)} ${codeOf(error)}`, 1)
  const decision = context.policy.decide(error, sofar, context.limits)
  if (decision.act === 'retry') {
    context.count('retries', 1)
    return decision.afterMs
  }
  const failure: Failure = {
    node: context.node,
    error,
    attempts: lane.tries,
    firstFailure: lane.firstFailure,
  }
  context.policy.giveUp(item.batch, item.i, failure)
  return undefined
}
