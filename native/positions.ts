import type { RawPartition } from './binding.ts'

/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/**
 * Where to begin: an offset, or
 *
 * - `'beginning'`, `'end'`: the first record there is, the next one to be written;
 * - `'committed'`: after the group's committed offset, else as `auto.offset.reset` says.
 */
export type StartOffset = number | 'beginning' | 'end' | 'committed'

/** A partition, and where to begin in it (`'committed'` if nothing is said). */
export interface StartPosition extends TopicPartition {
  readonly offset?: StartOffset
  /** A whole number below 2^32 that comes back with everything that is told of the partition from here on. 0 if not given. */
  readonly tag?: number
  /**
   * `rebalances` of the event that gave the partition: if it was lost since then, also if it came back, the call rejects
   * with class `lost`, and the partition stays as it is.
   */
  readonly given?: number
  /** True: its records overtake those of partitions without this mark. It stays as long as the partition does. */
  readonly first?: boolean
}

/** A partition to give up; with `given`, only if it is still the one of that rebalance. */
export interface GivenPartition extends TopicPartition {
  readonly given?: number
}

/** An offset to commit, or one that was committed: the next one to read, and a text that travels with it. */
export interface OffsetAndMetadata extends TopicPartition {
  readonly offset: number
  /** At most `offset.metadata.max.bytes` of the broker, 4,096 by default. */
  readonly metadata?: string
  readonly leaderEpoch?: number
}

/** librdkafka's logical offsets. */
const logical = { beginning: -2, end: -1, committed: -1000 } as const

export function rawStart({ topic, partition, offset = 'committed', ...marks }: StartPosition): RawPartition {
  return { topic, partition, offset: typeof offset === 'number' ? exact(offset) : logical[offset], ...marks }
}

/** @throws RangeError for anything but a whole number from 0 below 2^53 */
function exact(offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0) return offset
  throw new RangeError(`An offset is a whole number from 0, not ${offset}.`)
}

export function rawOffset({
  topic,
  partition,
  offset,
  metadata,
  leaderEpoch,
}: OffsetAndMetadata): RawPartition {
  return {
    topic,
    partition,
    offset: exact(offset),
    ...(metadata !== undefined && { metadata }),
    ...(leaderEpoch !== undefined && { leaderEpoch }),
  }
}
