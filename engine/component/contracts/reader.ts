import type { PackedRecords } from '../packed-records.ts'
import type { CommittedPosition, TopicPartition } from './position.ts'

/**
 * What a reader tells, in the order in which it happened.
 *
 * - `assigned`: these partitions are now read by this worker; `epoch` grows with every assignment. Nothing of them is
 *   delivered before `start` was called for them.
 * - `revoked`: they are to be given up. The reader delivers nothing more of them, and waits for `release`.
 * - `lost`: they are another worker's already. Nothing of them may be committed any more.
 * - `records`: the next records of one partition.
 * - `passed`: what was to come next is gone, and the reader goes on at `offset`, as the source says (outOfRange).
 * - `end`: everything that was in the partition has been delivered, up to `offset` (the next to be written).
 * - `failed`: the reader has a problem; `downstream` ones pass, `fatal` ones do not.
 */
export type SourceEvent =
  | { readonly type: 'assigned'; readonly partitions: readonly TopicPartition[]; readonly epoch: number }
  | { readonly type: 'revoked'; readonly partitions: readonly TopicPartition[] }
  | { readonly type: 'lost'; readonly partitions: readonly TopicPartition[] }
  | { readonly type: 'records'; readonly records: PackedRecords }
  | { readonly type: 'passed'; readonly partition: TopicPartition; readonly offset: number }
  | { readonly type: 'end'; readonly partition: TopicPartition; readonly offset: number }
  | { readonly type: 'failed'; readonly error: unknown }

/** Where the partitions of a topic begin, and where they go on when their position is gone. */
export interface ReadPolicy {
  /**
   * Where a partition begins of which the group has committed nothing: with the first record, at the end, with the first
   * record of a time or later (milliseconds since 1970; at the end where there is none), or `none`: it does not begin, but
   * fails with OFFSET_MISSING. What is not the first is committed at once, so that a restart begins there too. `earliest`
   * if not given.
   */
  readonly begin?: 'earliest' | 'latest' | 'none' | number
  /**
   * What becomes of a position that is not in the topic, any more or yet: fail with OFFSET_OUT_OF_RANGE, or go on with the
   * first record or at the end, which is told as trouble, and is committed before anything else comes, so that a restart
   * goes on there too. `fail` if not given.
   */
  readonly outOfRange?: 'fail' | 'earliest' | 'latest'
  /** Its records overtake those of other topics, as far as `PollRequest.firstBytes` lets them. False if not given. */
  readonly critical?: boolean
}

/** What a group has committed of a partition. */
export interface GroupPosition extends TopicPartition {
  readonly committed: CommittedPosition | undefined
}

export interface PollRequest {
  /** About how many bytes of records may be delivered by this call; 0 = events only. */
  readonly maxBytes: number
  /** The same for critical topics, whose records come first; `maxBytes` if not given. */
  readonly firstBytes?: number
  /** How long the call may wait when there is nothing to tell. */
  readonly waitMs: number
}

/**
 * A source under one worker. The worker's poll loop is its only caller, and calls `poll` again and again for as long
 * as the worker lives, also while it takes no records: that is the reader's heartbeat.
 */
export interface SourceReader {
  /** The next events. At most one call is under way. Never rejects: a problem is an event. */
  poll(request: PollRequest): Promise<SourceEvent[]>
  /** Begins to deliver an assigned partition, at the offset of `position` or, without one, where the source begins. */
  start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void>
  /** Ends a revocation: the partitions are drained and committed. */
  release(partitions: readonly TopicPartition[]): Promise<void>
  /** Stops delivering a partition, without giving it up, until `resume`. */
  pause(partition: TopicPartition): void
  resume(partition: TopicPartition): void
  /** The first offset there is, and the next to be written: Infinity while the source can't know, until its `end`. */
  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }>
  /** The next offset to be written, behind what transactions are about to commit. Only where `bounds` ends before that. */
  writtenTo?(partition: TopicPartition): Promise<number>
  /**
   * All partitions of its topics but `own`. Only where members of a group share them. Rejects with a downstream error while
   * nobody can tell.
   */
  others?(own: readonly TopicPartition[]): Promise<readonly GroupPosition[]>
  /**
   * So many of the records that lie in this buffer are committed: nobody looks at them again. The reader may have the memory
   * back when that is true of all. Each record is told once, and not all are told.
   */
  spent?(buffer: ArrayBuffer, records: number): void
  /** Leaves. Never hangs; may be called twice. */
  close(): Promise<void>
}
