import type { MillraceError } from '../../errors.ts'
import type { OutgoingBatch, OutgoingRecord } from './log.ts'
import type { CommittedPosition, TopicPartition } from './position.ts'

/** A topology on one partition: `{topology}/{partition}`. */
export type TaskId = string

/** Changes of one store, packed. `bucket` says when they may be forgotten, for stores that live in time buckets. */
export interface StateBlock {
  readonly store: string
  readonly bucket: number
  readonly bytes: Uint8Array
}

/** Which task, for whatever keeps its progress. */
export interface TaskRef {
  readonly task: TaskId
  /** The partition of its inputs, which is that of its parked topics and changelogs too. */
  readonly partition: number
  readonly group: string
}

/** A store of a task: `ids` live in time buckets, `keyValue` for as long as nobody deletes them. */
export interface StoreRef {
  readonly name: string
  readonly kind: 'ids' | 'keyValue'
}

/** What one task has sealed: everything here belongs to exactly the records that its positions cover. */
export interface SealedTask extends TaskRef {
  /** The newest epoch among the assignments under which the records were read: one that is newer is another task's. */
  readonly epoch: number
  readonly positions: readonly (TopicPartition & CommittedPosition)[]
  readonly blocks: readonly StateBlock[]
  /** Blocks of the store in buckets below this one may be deleted. */
  readonly expired: readonly { readonly store: string; readonly below: number }[]
  /** Letters for the parked topic and the dead-letter topic. */
  readonly records: readonly OutgoingRecord[]
  /** What the sinks of an exactly-once topology write. */
  readonly outputs: readonly OutgoingBatch[]
}

/** One commit: all tasks of a worker that have something to say. Takes effect as a whole or not at all. */
export interface SealedCommit {
  /** Grows by one with each commit of the worker; the same number means the same content. */
  readonly sequence: number
  readonly tasks: readonly SealedTask[]
}

/** A record of a commit that its topic does not take, whatever is tried: an output by its place, or a letter. */
export interface RefusedRow {
  readonly task: TaskId
  readonly what:
    | { readonly kind: 'output'; readonly output: number; readonly row: number }
    | { readonly kind: 'letter'; readonly record: OutgoingRecord }
  /** A permanent error. */
  readonly error: MillraceError
}

/**
 * How a commit ended.
 *
 * - `committed`: all of it took effect.
 * - `aborted`: nothing took effect, and the worker still owns its tasks: it sends the same again.
 * - `unknown`: nobody can say. The worker asks again with the same commit, and starts nothing else meanwhile.
 * - `lost`: nothing took effect; these tasks are no longer this worker's. It takes them out and sends the rest.
 * - `fenced`: nothing took effect; another worker has taken over. It discards all its tasks and begins anew.
 * - `refused`: nothing took effect, and never will with these rows. The worker begins anew, and knows them then.
 * - `failed`: nothing took effect, and trying again will not help.
 */
export type CommitOutcome =
  | { readonly outcome: 'committed' }
  | { readonly outcome: 'aborted'; readonly error: unknown }
  | { readonly outcome: 'unknown'; readonly error: unknown }
  | { readonly outcome: 'lost'; readonly tasks: readonly TaskId[] }
  | { readonly outcome: 'fenced'; readonly error: unknown }
  | { readonly outcome: 'refused'; readonly rows: readonly RefusedRow[] }
  | { readonly outcome: 'failed'; readonly error: unknown }

/** Makes sealed work durable: one SQLite transaction in embedded mode, one Kafka transaction in a cluster. */
export interface CommitBackend {
  /** True where overwritten values of key-value stores are forgotten by themselves, as compacted topics do. */
  readonly compacts?: boolean
  /** Never rejects. Never called while another commit of the worker is under way. */
  commit(commit: SealedCommit): Promise<CommitOutcome>
  /**
   * What was committed for each input, in the order asked for; undefined where nothing was yet. Waits for every open
   * transaction that could still change it.
   */
  positions(
    task: TaskRef,
    inputs: readonly TopicPartition[],
  ): Promise<readonly (CommittedPosition | undefined)[]>
  /**
   * Hands over the live blocks of these stores, those of a store oldest first: the state that belongs to the positions.
   * Called after `positions`, and before the task's first commit.
   */
  restore(task: TaskRef, stores: readonly StoreRef[], apply: (block: StateBlock) => void): Promise<void>
  /** The task is given up: what is open for it may be closed. */
  release(task: TaskId): void
  /** Ends whatever is open. Never hangs; may be called twice. */
  close(): Promise<void>
}
