import type { Committed, Effect, Output } from '../cluster/judge.ts'

// What is left of a run when it is over, as plain data: whatever the checker says follows from this.

/** What processors do with an event. `garbage` does not decode. */
export type Action = 'plain' | 'bad' | 'wobble' | 'slow' | 'garbage'

/** One event, as it is made. */
export interface ChaosEvent {
  readonly id: string
  readonly key: string
  /** Counts the events of its key, from 1; 0 for garbage. */
  readonly seq: number
  readonly value: number
  readonly action: Action
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a producer knows of one attempt to write. `unknown`: it may be in the topic, or not, or come later. */
export type Outcome = 'ok' | 'fail' | 'unknown'

/** One attempt to write an event, as its producer's ledger has it. */
export interface Attempt extends ChaosEvent {
  /** No other attempt has it; a header of the record. */
  readonly attempt: string
  readonly outcome: Outcome
  /** Where it went, where the outcome is `ok`; an offset of -1 is one that the broker did not say. */
  readonly partition?: number
  readonly offset?: number
}

/** A record of the source topic, as a reader finds it at the end. Offsets of a partition ascend. */
export interface Entry extends ChaosEvent {
  readonly attempt: string
  readonly partition: number
  readonly offset: number
}

/** A letter in a parked topic. */
export interface ParkedLetter {
  readonly type: 'letter'
  /** Of the record in the source topic. */
  readonly partition: number
  readonly offset: number
  readonly id: string
  readonly key: string
  readonly follower: boolean
  /** Of the letter in the parked topic, whose partition has the same number. */
  readonly parkedOffset: number
}

/** What was asked about letters, as the parked topic has it. */
export interface ParkedCommand {
  readonly type: 'command'
  readonly act: 'release' | 'discard'
  readonly key: string
  /** Offsets in the parked topic; undefined = all letters of the key. */
  readonly letters?: readonly number[]
  readonly partition: number
  readonly parkedOffset: number
}

export type ParkedRecord = ParkedLetter | ParkedCommand

/** What was committed at some moment. */
export interface Progress {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly committed: readonly Committed[]
  /** How long the probe's file was right after. */
  readonly bytes: number
}

/** A worker that may have lost its partitions without knowing it, while the probe's file grew from `from` to `until`. */
export interface Excuse {
  readonly pid: number
  /** The topology whose probe it is. */
  readonly group: string
  readonly from: number
  readonly until: number
}

/** What one topology left, of the kinds that it has. */
export interface GroupHistory {
  readonly name: string
  readonly effects?: readonly Effect[]
  readonly progress: readonly Progress[]
  /** In the order of the parked topic, partition by partition. */
  readonly parked?: readonly ParkedRecord[]
  /** The letters of the dead-letter topic that are this group's: `partition@offset` of the record. */
  readonly dead?: readonly string[]
  /** What readers of committed records see in its output topic. */
  readonly outputs?: readonly Output[]
  /** Rows of the table with one row for each event. */
  readonly rows?: readonly Row[]
  /** Rows of the table with the last state of each key. */
  readonly latest?: readonly Row[]
  /** What an aggregate has sent, in the order of its topic. */
  readonly sums?: readonly Sum[]
}

export interface Row {
  readonly key: string
  readonly id: string
  readonly seq: number
  readonly value: number
}

export interface Sum {
  readonly key: string
  readonly version: number
  readonly count: number
  readonly total: number
}

/** A fault that was done, and how soon all went on after it. */
export interface DoneFault {
  readonly kind: string
  /** Milliseconds since the run began. */
  readonly at: number
  /** When it was over, on the same clock. */
  readonly healedAt: number
  /** What it was done to. */
  readonly target: string
}

/** A whole run. */
export interface History {
  readonly partitions: number
  readonly attempts: readonly Attempt[]
  readonly log: readonly Entry[]
  readonly groups: readonly GroupHistory[]
  readonly excuses: readonly Excuse[]
  /** Found wrong on the way: not drained in time, a worker that did not end in order. */
  readonly stuck: readonly string[]
}
