import type { ClientEvent } from '../../native/client-events.ts'
import type { Writer } from '../../native/writer.ts'
import type {
  AppendOutcome,
  FailedRow,
  Fetched,
  Log,
  OutgoingBatch,
  OutgoingRecord,
  RecordPosition,
  TopicOptions,
  WriteOptions,
} from '../component/contracts/log.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { ReadPolicy } from '../component/contracts/reader.ts'
import { packRecords } from '../component/packed-records.ts'
import { downstreamError } from '../errors.ts'
import type { KafkaAdmin } from './admin.ts'
import { clientError, isUnknownTopic } from './client-errors.ts'
import { answerToken } from './answer-token.ts'
import { boundsOf, endsOf } from './bounds.ts'
import { LogFetches } from './log-fetch.ts'
import { LogWriter } from './log-writer.ts'
import { KafkaMember } from './member.ts'
import type { TokenSource } from './oauth.ts'
import { userOf } from './rights.ts'
import { librdkafkaSettings, type KafkaSettings } from './settings.ts'

export interface KafkaLogOptions {
  readonly settings: KafkaSettings
  /** For OAUTHBEARER. */
  readonly tokens?: TokenSource
  /** Problems that pass, a sentence each. */
  readonly onTrouble: (sentence: string) => void
  /** How long a record is tried before it fails as downstream (a minute); 0 = for ever. */
  readonly deliveryMs?: number
}

/** How long a topic that was made may take until the brokers know it, in milliseconds. */
const madeWithinMs = 30_000

/**
 * The topics of a Kafka cluster. Every client is made when it is first needed. All that is read is read as read_committed;
 * the end of a partition is the last stable offset.
 */
export class KafkaLog implements Log {
  readonly #options: KafkaLogOptions
  readonly #writer: LogWriter
  /** With a producer, and so connections, of its own: nothing queues before it. */
  readonly #ahead: LogWriter
  #fetches: Promise<LogFetches> | undefined
  #admin: Promise<KafkaAdmin> | undefined
  #trouble: string | undefined

  /** Asks nobody anything yet. */
  constructor(options: KafkaLogOptions) {
    this.#options = options
    const hear = (event: ClientEvent, writer: Writer): void => this.#hear(event, writer)
    this.#writer = new LogWriter(options.settings, hear, options.deliveryMs)
    this.#ahead = new LogWriter(options.settings, hear)
  }

  async ensureTopic(topic: string, options: TopicOptions = {}): Promise<number> {
    const there = await this.partitionsOf(topic)
    if (there !== undefined) return there
    const { partitions, replication, minInsync } = this.#options.settings.topics
    const configs = {
      'cleanup.policy': 'delete',
      'retention.ms': String(options.retentionMs ?? -1),
      ...(options.recordBytes !== undefined && { 'max.message.bytes': String(options.recordBytes) }),
      ...(minInsync !== undefined && { 'min.insync.replicas': String(minInsync) }),
    }
    const admin = await this.#openAdmin()
    await admin.createTopic(topic, { partitions: options.partitions ?? partitions, replication, configs })
    return this.#untilKnown(topic)
  }

  async partitionsOf(topic: string): Promise<number | undefined> {
    const fetches = await this.#open()
    try {
      return await fetches.ask((reader) => reader.partitionCount(topic))
    } catch (error) {
      if (isUnknownTopic(error)) return undefined
      throw clientError(error, `Topic ${topic} cannot be described`, 'SOURCE_FAILED', {
        user: userOf(this.#options.settings),
        operation: 'Describe',
      })
    }
  }

  async read(group: string, topics: readonly string[], policy: ReadPolicy = {}): Promise<KafkaMember> {
    return KafkaMember.open({ ...this.#options, ...policy, group, drives: topics.map((topic) => [topic]) })
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]> {
    return this.#writer.append(records)
  }

  /** Like `append`, with an answer for each record. Rejects with nothing but what concerns all of them. */
  appendEach(records: readonly OutgoingRecord[]): Promise<readonly AppendOutcome[]> {
    return this.#writer.appendEach(records)
  }

  write(batch: OutgoingBatch, { ahead = false }: WriteOptions = {}): Promise<readonly FailedRow[]> {
    return (ahead ? this.#ahead : this.#writer).write(batch)
  }

  async fetch(partition: TopicPartition, offset: number, limit: number): Promise<Fetched> {
    const fetches = await this.#open()
    // One question spares the long way where there is nothing, as it is for letters nearly always.
    const { end } = await this.bounds(partition)
    if (limit > 0 && offset < end) return fetches.fetch(partition, offset, limit)
    return { records: packRecords(partition.topic, partition.partition, [], offset), next: offset }
  }

  async bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    const fetches = await this.#open()
    return fetches.ask((reader) => boundsOf(reader, partition))
  }

  async ends(partitions: readonly TopicPartition[]): Promise<readonly number[]> {
    const fetches = await this.#open()
    return fetches.ask((reader) => endsOf(reader, partitions))
  }

  async committed(group: string, partition: TopicPartition): Promise<CommittedPosition | undefined> {
    const fetches = await this.#open()
    try {
      const [found] = await fetches.ask((reader) => reader.committed([partition], { group }))
      return found && { offset: found.offset, metadata: found.metadata ?? '' }
    } catch (error) {
      throw clientError(
        error,
        `What ${group} has committed in ${partition.topic} cannot be told`,
        'SOURCE_FAILED',
        {
          user: userOf(this.#options.settings),
        },
      )
    }
  }

  async trim(before: TopicPartition & { readonly offset: number }): Promise<void> {
    const admin = await this.#openAdmin()
    await admin.deleteRecords([before])
  }

  /** Waits for writes that are under way, at most ten seconds. Members that were opened are their openers' to close. */
  /** `limitMs`: how long records that are under way are waited for (10 s); the others fail. */
  async close(limitMs?: number): Promise<void> {
    await Promise.all([this.#writer.close(limitMs), this.#ahead.close(limitMs)])
    const [fetches, admin] = await Promise.all([
      this.#fetches?.catch(() => undefined),
      this.#admin?.catch(() => undefined),
    ])
    await Promise.all([fetches?.close(), admin?.close()])
  }

  #open(): Promise<LogFetches> {
    const { settings } = this.#options
    this.#fetches ??= LogFetches.open(librdkafkaSettings(settings, 'reader'), (event, reader) =>
      this.#hear(event, reader),
    )
    return this.#fetches
  }

  #openAdmin(): Promise<KafkaAdmin> {
    const { settings, tokens } = this.#options
    const open = async (): Promise<KafkaAdmin> => {
      const { KafkaAdmin: Admin } = await import('./admin.ts')
      return Admin.open(settings, tokens && { token: async () => (await tokens.token()).value })
    }
    this.#admin ??= open()
    return this.#admin
  }

  async #untilKnown(topic: string): Promise<number> {
    const deadline = performance.now() + madeWithinMs
    for (;;) {
      const count = await this.partitionsOf(topic)
      if (count !== undefined) return count
      if (performance.now() > deadline)
        throw downstreamError('KAFKA_AWAY', `Topic ${topic} was made, and the brokers do not know it yet.`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** What clients tell of themselves: each trouble once. */
  #hear(event: ClientEvent, client: Parameters<typeof answerToken>[0]): void {
    const { tokens, onTrouble } = this.#options
    if (event.type === 'token') answerToken(client, tokens, onTrouble)
    if (event.type !== 'failed') return
    const sentence = clientError(event.error, 'Kafka', 'SINK_FAILED').message
    // How many of them are down just now is no news.
    const trouble = sentence.replace(/\d+\/\d+ brokers/, 'brokers')
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    onTrouble(sentence)
  }
}
