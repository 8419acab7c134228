import type { RawEvent } from './binding.ts'
import type { ClientEvent } from './client-events.ts'
import { kafkaError, type KafkaError } from './errors.ts'
import type { TopicPartition } from './positions.ts'
import type { PackedRecords } from './records.ts'
import type { Troubles } from './troubles.ts'

/** How the group moves partitions: all at once, or only those that move (KIP-429; also what KIP-848's groups do). */
export type RebalanceProtocol = 'eager' | 'cooperative' | 'none'

/**
 * What a reader tells, in the order in which it happened. `tag` is what was said when the partition was assigned.
 *
 * - `assigned`: the group gives these partitions. Each of them begins when it is assigned, with an offset, at once or
 *   later; the group does not wait for it.
 * - `revoked`: the group wants them back. Nothing of them is delivered any more. Answered by `unassign`, after their
 *   records are processed and committed; the group waits for the last of them.
 * - `lost`: they are another member's already, and need no answer. Do not commit for them.
 * - `records`: the next records of one partition.
 * - `end`: everything up to `offset` (the next to be written) has been delivered.
 * - `failed`: with a partition, that partition is not read on before it is assigned anew; without, the client says what
 *   troubles it, and goes on trying unless the error's class is `fatal` or `fenced`.
 * - `statistics`: librdkafka's, as JSON text, every `statistics.interval.ms`.
 * - `log`: a line of librdkafka; `level` as syslog has it (3 error … 7 debug).
 * - `token`: the OAUTHBEARER token expires soon. Answered by `setToken` or `setTokenFailure`.
 */
export type ReaderEvent =
  | {
      readonly type: 'assigned' | 'revoked' | 'lost'
      readonly partitions: readonly TopicPartition[]
      readonly protocol: RebalanceProtocol
      /** How many rebalances there were so far, this one included: see `GroupMetadata`. */
      readonly rebalances: number
    }
  | { readonly type: 'records'; readonly records: PackedRecords; readonly tag: number }
  | {
      readonly type: 'end'
      readonly partition: TopicPartition
      readonly offset: number
      readonly tag: number
    }
  | {
      readonly type: 'failed'
      readonly error: KafkaError
      readonly partition?: TopicPartition
      readonly tag?: number
    }
  | Exclude<ClientEvent, { type: 'failed' }>

/** An event of the addon as the caller sees it. */
export function readerEvent(raw: RawEvent, troubles: Troubles): ReaderEvent {
  switch (raw.type) {
    case 'records':
      return { type: 'records', records: unpackRun(raw), tag: raw.tag }
    case 'end':
      return {
        type: 'end',
        partition: { topic: raw.topic, partition: raw.partition },
        offset: raw.offset,
        tag: raw.tag,
      }
    case 'assigned':
    case 'revoked':
    case 'lost':
      return {
        type: raw.type,
        partitions: raw.partitions.map(({ topic, partition }) => ({ topic, partition })),
        protocol: raw.protocol.toLowerCase() as RebalanceProtocol,
        rebalances: raw.rebalances,
      }
    case 'failed':
      if (!('topic' in raw) || raw.topic === undefined) return troubles.hear(raw)
      return {
        type: 'failed',
        error: kafkaError(raw.error),
        partition: { topic: raw.topic, partition: raw.partition ?? -1 },
        tag: raw.tag ?? 0,
      }
    default:
      return troubles.hear(raw)
  }
}

/** Views of a run's columns: the order is that of native/src/pack.h. */
function unpackRun(raw: Extract<RawEvent, { type: 'records' }>): PackedRecords {
  const { slab, count, columns } = raw
  const doubles = (index: number): Float64Array => new Float64Array(slab, columns + index * count * 8, count)
  const from = columns + 2 * count * 8
  const integers = (index: number): Int32Array => new Int32Array(slab, from + index * count * 4, count)
  return {
    topic: raw.topic,
    partition: raw.partition,
    count,
    bytes: Buffer.from(slab, raw.bytes, raw.length),
    offsets: doubles(0),
    timestamps: doubles(1),
    keyStarts: integers(0),
    keyEnds: integers(1),
    valueStarts: integers(2),
    valueEnds: integers(3),
    headerStarts: integers(4),
    headerEnds: integers(5),
  }
}
