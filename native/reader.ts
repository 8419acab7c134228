import type { RawPartition, RawReader } from './binding.ts'
import { KafkaError, kafkaError, SettingsError } from './errors.ts'
import { loadBinding } from './load.ts'
import { rawToken, type OAuthToken } from './oauth.ts'
import {
  rawOffset,
  rawStart,
  type GivenPartition,
  type OffsetAndMetadata,
  type StartPosition,
  type TopicPartition,
} from './positions.ts'
import type { PackedRecords } from './records.ts'
import { readerEvent, type ReaderEvent } from './reader-events.ts'
import { Slabs } from './slabs.ts'
import { clientSettings, refusedSettings, type Reserved, type Settings } from './settings.ts'
import { Troubles } from './troubles.ts'
import { within } from './within.ts'

export interface ReaderOptions {
  /** librdkafka's settings; `bootstrap.servers` at least, and `group.id` for a member of a group. */
  readonly settings: Settings
  /** About how many bytes are packed at once, and how many records at most. 1 MiB and 10,000 if not given. */
  readonly batchBytes?: number
  readonly batchRecords?: number
}

export interface PollRequest {
  /** About how many bytes of records may be delivered by this call; 0 = events only. */
  readonly maxBytes: number
  /** The same for partitions that were assigned as `first`, which come before the others; `maxBytes` if not given. */
  readonly firstBytes?: number
  /** How long the call may wait when there is nothing to tell, in milliseconds. */
  readonly waitMs: number
}

/** Who this member of its group is, for a transaction that commits its offsets (KIP-447). */
export interface GroupMetadata {
  /** To be handed to a writer, also one in another thread. */
  readonly bytes: Buffer
  /** Empty while the reader is no member. */
  readonly memberId: string
  /** -1 while the reader is no member. */
  readonly generation: number
  /**
   * How many rebalances there were, those included that no poll has told of yet. The reader answers a loss by itself and
   * joins again: a generation that is read while a loss waits to be told would let a commit of lost partitions pass.
   */
  readonly rebalances: number
}

/** Which offset of a partition is meant: the first, the next to be written, or the first at or after a time (ms). */
export type OffsetSpec = 'earliest' | 'latest' | 'maxTimestamp' | number

const defaults: Settings = {
  'client.id': 'millrace',
  // A full queue is looked at again after this time; a second, the default, starves a fast reader.
  'fetch.queue.backoff.ms': 2,
  'queued.max.messages.kbytes': 16 * 1024,
  // A hundredth of the CPU, and damage on the way or on a disk is told instead of delivered.
  'check.crcs': true,
  'statistics.interval.ms': 0,
}

const reserved: Reserved = {
  'enable.auto.commit': ['false', 'because only its caller knows what is processed'],
  'enable.auto.offset.store': ['false', 'because only its caller knows what is processed'],
  'enable.partition.eof': ['true', 'which is how ends are told'],
  'log.queue': ['true', 'because logs come as events'],
}

const specs = { earliest: -2, latest: -1, maxTimestamp: -3 } as const

/**
 * A Kafka consumer that hands over whole batches. A thread of its own takes records from librdkafka and packs them: one
 * copy, one batch ahead of the one that is being processed. Everything that happens comes through `poll`, in order, and
 * `poll` is also the heartbeat: without it for `max.poll.interval.ms`, the group gives the partitions to others.
 *
 * All methods reject with a KafkaError. After `close` they reject with class `closed`.
 */
export class Reader {
  readonly #raw: RawReader
  readonly #group: string | undefined
  readonly #troubles = new Troubles()
  readonly #slabs = new Slabs()
  #closed: Promise<void> | undefined

  private constructor(raw: RawReader, group: string | undefined) {
    this.#raw = raw
    this.#group = group
  }

  /**
   * Makes a reader. It does not wait for a broker: if none answers, `poll` tells so.
   *
   * @throws SettingsError for unknown, contradictory or refused settings
   * @throws BindingUnavailable where the addon is not built
   */
  static async open(options: ReaderOptions): Promise<Reader> {
    const group = options.settings['group.id']
    // Without a group of its own librdkafka refuses to assign; nothing is ever committed under this one.
    const placeholder: Settings = group === undefined ? { 'group.id': 'millrace-no-group' } : {}
    const settings = clientSettings('reader', options.settings, { ...defaults, ...placeholder }, reserved)
    const { batchBytes = 1024 * 1024, batchRecords = 10_000 } = options
    if (!(batchBytes >= 1) || !(batchRecords >= 1))
      throw new SettingsError('A reader packs at least one byte and one record at once.')
    try {
      const raw = new (loadBinding().Reader)(settings, batchBytes, batchRecords)
      return new Reader(raw, group === undefined ? undefined : String(group))
    } catch (error) {
      if ((error as { code?: unknown }).code !== '_INVALID_ARG') throw error
      throw refusedSettings('reader', settings, (error as Error).message)
    }
  }

  /** The next events. One call at a time. Resolves with none when nothing happened in `waitMs`, and once it is closed. */
  async poll({ maxBytes, waitMs, firstBytes = maxBytes }: PollRequest): Promise<ReaderEvent[]> {
    const events = await asked(this.#raw.poll(maxBytes, waitMs, firstBytes))
    return events.map((event) => {
      const seen = readerEvent(event, this.#troubles)
      if (seen.type === 'records') this.#slabs.add(seen.records)
      return seen
    })
  }

  /**
   * Says that nobody will look at these records again: a sixth of the CPU and half of the memory at full rate. Optional,
   * since the garbage collector finds out by itself. When all of a poll's records are released, their columns are empty.
   */
  release(records: PackedRecords): void {
    this.#slabs.release(records)
  }

  /** Releases some of the records that lie in one buffer, each once: for whoever has parted what a poll brought. */
  releaseRows(slab: ArrayBuffer, records: number): void {
    this.#slabs.spend(slab, records)
  }

  /**
   * Joins the group for these topics (a name that begins with ^ is a regular expression), instead of earlier ones; under
   * KIP-848 once brokers have told what they know of them. It does not wait for that, nor for the group: `poll` tells.
   */
  async subscribe(topics: readonly string[]): Promise<void> {
    if (this.#group === undefined)
      throw invalid('A reader without group.id has no group to join: assign partitions.')
    if (topics.length === 0)
      throw invalid('There are no topics to subscribe to; unsubscribe leaves the group.')
    await asked(this.#raw.subscribe(topics))
  }

  /** Leaves the group, but stays open: its partitions are revoked, which wants to be answered. */
  async unsubscribe(): Promise<void> {
    await asked(this.#raw.subscribe([]))
  }

  /**
   * Begins to read partitions: those that the group assigned, or any others. A partition that is read already goes on,
   * from the offset that is given, if one is.
   */
  async assign(partitions: readonly StartPosition[]): Promise<void> {
    await asked(
      this.#raw.assign(
        partitions.map(({ offset, ...one }) => (offset === undefined ? one : rawStart({ ...one, offset }))),
      ),
    )
  }

  /**
   * Stops reading partitions. During a revocation those of the group are given back when the last of them was
   * unassigned; others that are unassigned meanwhile go with them. What was added by hand and is not unassigned goes on.
   */
  async unassign(partitions: readonly GivenPartition[]): Promise<void> {
    await asked(this.#raw.unassign(partitions))
  }

  /** What is read now. */
  async assignment(): Promise<TopicPartition[]> {
    return (await asked(this.#raw.assignment())).map(({ topic, partition }) => ({ topic, partition }))
  }

  /**
   * Delivers nothing of these until `resume`. What was fetched is kept, and fetching goes on until
   * `queued.max.messages.kbytes` are waiting per partition.
   */
  async pause(partitions: readonly TopicPartition[]): Promise<void> {
    await asked(this.#raw.pause(partitions.map(raw)))
  }

  async resume(partitions: readonly TopicPartition[]): Promise<void> {
    await asked(this.#raw.resume(partitions.map(raw)))
  }

  /** Goes on elsewhere. What was fetched and not delivered is dropped. */
  async seek(positions: readonly StartPosition[]): Promise<void> {
    await asked(this.#raw.seek(positions.map(rawStart)))
  }

  /** The next offset to be delivered of each; -1001 (unknown) before the first record. */
  async position(
    partitions: readonly TopicPartition[],
  ): Promise<(TopicPartition & { readonly offset: number })[]> {
    const found = await asked(this.#raw.position(partitions.map(raw)))
    return found.map(({ topic, partition, offset = -1001 }) => ({ topic, partition, offset }))
  }

  /**
   * Commits offsets with their metadata; resolves when the group's coordinator has them. With `rebalances` it rejects with
   * class `lost` when there were others than those: the partitions may be another member's.
   */
  async commit(
    offsets: readonly OffsetAndMetadata[],
    options: { readonly rebalances?: number } = {},
  ): Promise<void> {
    if (offsets.length === 0) return
    await asked(this.#raw.commit(offsets.map(rawOffset), options.rebalances ?? -1), 'unknown')
  }

  /**
   * What was committed, undefined where nothing was. A transaction that is still open over these offsets is waited for
   * (unless `stable` is false), at most `limitMs` (30 s).
   */
  async committed(
    partitions: readonly TopicPartition[],
    options: { readonly group?: string; readonly stable?: boolean; readonly limitMs?: number } = {},
  ): Promise<(OffsetAndMetadata | undefined)[]> {
    const { group = this.#group, stable = true, limitMs = 30_000 } = options
    if (group === undefined) throw invalid('Of which group? The reader has no group.id.')
    if (partitions.length === 0) return []
    const found = await this.#query(
      `The offsets that ${group} committed cannot be told`,
      this.#raw.committed(partitions.map(raw), group, stable, limitMs),
    )
    return partitions.map((wanted) => {
      const one = found.find(
        ({ topic, partition }) => topic === wanted.topic && partition === wanted.partition,
      )
      if (one?.offset === undefined || one.offset < 0) return undefined
      const { topic, partition, offset, metadata = '', leaderEpoch } = one
      return { topic, partition, offset, metadata, ...(leaderEpoch !== undefined && { leaderEpoch }) }
    })
  }

  /**
   * The offset that `spec` describes, for each partition; undefined where no record is that late. As read_committed
   * sees it (the default), the latest is the last stable offset.
   */
  async offsets(
    partitions: readonly TopicPartition[],
    spec: OffsetSpec,
    options: { readonly isolation?: 'read_committed' | 'read_uncommitted'; readonly limitMs?: number } = {},
  ): Promise<(number | undefined)[]> {
    const { isolation = 'read_committed', limitMs = 30_000 } = options
    if (partitions.length === 0) return []
    const offset = typeof spec === 'number' ? spec : specs[spec]
    const asking = partitions.map((one) => ({ ...raw(one), offset }))
    const found = await this.#query(
      `The offsets of ${names(partitions)} cannot be told`,
      this.#raw.offsets(asking, isolation === 'read_committed', limitMs),
    )
    return partitions.map((wanted) => {
      const one = found.find(
        ({ topic, partition }) => topic === wanted.topic && partition === wanted.partition,
      )
      return one?.offset === undefined || one.offset < 0 ? undefined : one.offset
    })
  }

  /** The first offset there is, and the next to be written, of one partition. */
  async watermarks(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    const options = { isolation: 'read_uncommitted' } as const
    const [first, end] = await Promise.all([
      this.offsets([partition], 'earliest', options),
      this.offsets([partition], 'latest', options),
    ])
    return { first: first[0] ?? 0, end: end[0] ?? 0 }
  }

  /** How many partitions a topic has; rejects with UNKNOWN_TOPIC_OR_PART where there is none. */
  async partitionCount(topic: string, limitMs = 30_000): Promise<number> {
    return this.#query(`The partitions of ${topic} cannot be told`, this.#raw.partitionCount(topic, limitMs))
  }

  /** To be read afresh for each transaction; good only if all rebalances that it counts were seen. */
  async groupMetadata(): Promise<GroupMetadata> {
    return asked(this.#raw.groupMetadata())
  }

  /** Answers `token`: `expiresAt` in milliseconds since 1970. */
  async setToken(token: OAuthToken): Promise<void> {
    await asked(this.#raw.setToken(rawToken(token)))
  }

  /** Answers `token` when there is none to be had: it is asked for again, ten seconds later. */
  async setTokenFailure(reason: string): Promise<void> {
    await asked(this.#raw.setTokenFailure(reason))
  }

  /**
   * Leaves the group and ends, whatever is under way; whoever wants to drain first calls `unsubscribe`, and answers.
   * Never hangs: after `limitMs` (10 s) it resolves, and what is left of librdkafka's threads ends by itself.
   * May be called twice.
   */
  close(options: { readonly limitMs?: number } = {}): Promise<void> {
    const { limitMs = 10_000 } = options
    this.#closed ??= within(limitMs, this.#raw.close(limitMs / 2))
    return this.#closed
  }

  async #query<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw this.#troubles.unanswered(kafkaError(error), what)
    }
  }
}

function names(partitions: readonly TopicPartition[]): string {
  return [...new Set(partitions.map(({ topic }) => topic))].join(', ')
}

function raw({ topic, partition }: TopicPartition): RawPartition {
  return { topic, partition }
}

function invalid(message: string): KafkaError {
  return new KafkaError('_INVALID_ARG', -186, message, 'permanent')
}

async function asked<T>(answer: Promise<T>, ambiguous?: 'unknown'): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw kafkaError(error, ambiguous)
  }
}
