import type { ClientEvent } from '../../native/client-events.ts'
import { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import type { Settings } from '../../native/settings.ts'
import type { Fetched } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { packRecords, plainRecord, type PackedRecords } from '../component/packed-records.ts'
import { downstreamError, type MillraceError } from '../errors.ts'
import { clientError } from './client-errors.ts'
import { sliceRows } from './rows.ts'

/** A fetch answers no more than this, whatever its limit (but always a run, where there is one). */
const fetchBytes = 16 * 1024 * 1024

/** How long the brokers may say nothing before a fetch fails, in milliseconds. */
const silenceMs = 30_000

interface Fetch {
  readonly partition: TopicPartition
  readonly tag: number
  readonly limit: number
  readonly runs: PackedRecords[]
  count: number
  bytes: number
  deadline: number
  readonly resolve: (fetched: Fetched) => void
  readonly reject: (error: MillraceError) => void
}

/**
 * Reads stretches of partitions as read_committed sees them, many at once with one client, which belongs to no group.
 * Stretches of the same partition wait for each other.
 */
export class LogFetches {
  readonly #reader: Reader
  readonly #active = new Map<string, Fetch>()
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #onEvent: (event: ClientEvent, reader: Reader) => void
  #tags = 0
  /** Questions that wait for their answers. */
  #asking = 0
  #refused = refusal()
  #pumping = false
  #closed = false
  #last: MillraceError | undefined

  private constructor(reader: Reader, onEvent: (event: ClientEvent, reader: Reader) => void) {
    this.#reader = reader
    this.#onEvent = onEvent
  }

  /** `onEvent` hears that the client wants a token. */
  static async open(
    settings: Settings,
    onEvent: (event: ClientEvent, reader: Reader) => void,
  ): Promise<LogFetches> {
    const own: Settings = {
      // A position that retention has overtaken goes on with what there is.
      'auto.offset.reset': 'earliest',
      'allow.auto.create.topics': false,
      // An end is told when the brokers answer that there is nothing.
      'fetch.wait.max.ms': 10,
    }
    return new LogFetches(await Reader.open({ settings: { ...settings, ...own } }), onEvent)
  }

  /** Rejects with downstream KAFKA_AWAY, or a fatal error. */
  async fetch(partition: TopicPartition, offset: number, limit: number): Promise<Fetched> {
    const name = `${partition.topic}/${partition.partition}`
    const before = this.#queues.get(name) ?? Promise.resolve()
    const mine = before.then(() => this.#fetch(name, partition, offset, limit))
    const settled = mine.catch(() => undefined)
    this.#queues.set(name, settled)
    try {
      return await mine
    } finally {
      if (this.#queues.get(name) === settled) this.#queues.delete(name)
    }
  }

  /**
   * Asks the brokers something else. Tokens and refusals reach a client only while it is polled, so it is: a refusal of the
   * client itself (certificates, credentials) ends all questions at once, with a fatal error.
   */
  async ask<Answer>(question: (reader: Reader) => Promise<Answer>): Promise<Answer> {
    this.#asking++
    this.#pump()
    try {
      return await Promise.race([question(this.#reader), this.#refused.promise])
    } finally {
      this.#asking--
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reader.close()
    this.#rejectAll(downstreamError('KAFKA_AWAY', 'The log was closed.'))
  }

  async #fetch(name: string, partition: TopicPartition, offset: number, limit: number): Promise<Fetched> {
    const tag = ++this.#tags
    const { promise, resolve, reject } = Promise.withResolvers<Fetched>()
    promise.catch(() => undefined)
    const deadline = performance.now() + silenceMs
    this.#active.set(name, { partition, tag, limit, runs: [], count: 0, bytes: 0, deadline, resolve, reject })
    try {
      await this.#reader.assign([{ ...partition, offset, tag }])
      this.#pump()
      return await promise
    } catch (error) {
      throw clientError(error, `Topic ${partition.topic} cannot be read`, 'SOURCE_FAILED')
    } finally {
      this.#active.delete(name)
      await this.#reader.unassign([partition]).catch(() => undefined)
    }
  }

  /** Polls for as long as somebody waits. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const pump = async (): Promise<void> => {
      while (this.#active.size > 0 || this.#asking > 0) {
        for (const event of await this.#reader.poll({ maxBytes: 1 << 20, waitMs: 100 })) this.#take(event)
        this.#giveUp()
      }
    }
    pump()
      .catch((error: unknown) => this.#rejectAll(clientError(error, 'Kafka cannot be read', 'SOURCE_FAILED')))
      .finally(() => {
        this.#pumping = false
        if (!this.#closed && (this.#active.size > 0 || this.#asking > 0)) this.#pump()
      })
  }

  #take(event: ReaderEvent): void {
    if (event.type === 'records') this.#taken(event.records, event.tag)
    else if (event.type === 'end') {
      const fetch = this.#wanted(event.partition, event.tag)
      if (fetch !== undefined) this.#answer(fetch, event.offset)
    } else if (event.type === 'failed') this.#failed(event)
    else if (event.type === 'token') this.#onEvent(event, this.#reader)
  }

  #wanted({ topic, partition }: TopicPartition, tag: number): Fetch | undefined {
    const fetch = this.#active.get(`${topic}/${partition}`)
    return fetch?.tag === tag ? fetch : undefined
  }

  #taken(records: PackedRecords, tag: number): void {
    const fetch = this.#wanted(records, tag)
    if (fetch === undefined) return
    const count = Math.min(records.count, fetch.limit - fetch.count)
    fetch.runs.push(count === records.count ? records : sliceRows(records, 0, count))
    fetch.count += count
    fetch.bytes += records.bytes.length
    fetch.deadline = performance.now() + silenceMs
    if (fetch.count >= fetch.limit || fetch.bytes >= fetchBytes)
      this.#answer(fetch, records.offsets[count - 1]! + 1)
  }

  #answer(fetch: Fetch, next: number): void {
    const { partition, runs, resolve } = fetch
    this.#active.delete(`${partition.topic}/${partition.partition}`)
    resolve({ records: merged(partition, runs, next), next })
  }

  #failed({ error, partition, tag }: Extract<ReaderEvent, { type: 'failed' }>): void {
    // It belongs to no group; librdkafka looks for a coordinator of one nevertheless, which nobody needs a right for.
    if (partition === undefined && error.code === 'GROUP_AUTHORIZATION_FAILED') return
    const about = partition === undefined ? 'Kafka cannot be read' : `Topic ${partition.topic} cannot be read`
    const told = clientError(error, about, 'SOURCE_FAILED')
    if (partition !== undefined) this.#wanted(partition, tag ?? 0)?.reject(told)
    else if (told.kind === 'downstream') this.#last = told
    else {
      this.#rejectAll(told)
      this.#refused.reject(told)
      this.#refused = refusal()
    }
  }

  #giveUp(): void {
    const now = performance.now()
    for (const { deadline, partition, reject } of this.#active.values()) {
      if (deadline > now) continue
      const why = this.#last === undefined ? '' : ` (the last that was heard: ${this.#last.message})`
      const message = `Topic ${partition.topic} cannot be read: Kafka gave no answer within ${silenceMs / 1000} s${why}.`
      reject(downstreamError('KAFKA_AWAY', message))
    }
  }

  #rejectAll(error: MillraceError): void {
    for (const { reject } of this.#active.values()) reject(error)
    this.#active.clear()
  }
}

function refusal(): PromiseWithResolvers<never> {
  const resolvers = Promise.withResolvers<never>()
  resolvers.promise.catch(() => undefined)
  return resolvers
}

function merged(
  { topic, partition }: TopicPartition,
  runs: readonly PackedRecords[],
  next: number,
): PackedRecords {
  if (runs.length === 1) return runs[0]!
  const rows = runs.flatMap((run) => Array.from({ length: run.count }, (_, row) => plainRecord(run, row)))
  const offsets = runs.flatMap((run) => [...run.offsets])
  return packRecords(topic, partition, rows, next, offsets)
}
