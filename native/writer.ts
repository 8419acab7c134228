import type { RawClientEvent, RawWriter, RawWritten } from './binding.ts'
import { KafkaError, kafkaError } from './errors.ts'
import { loadBinding } from './load.ts'
import { rawToken, type OAuthToken } from './oauth.ts'
import { mergeResults, packByTopic, type AddressedRecord } from './plain-batches.ts'
import { rawOffset, type OffsetAndMetadata } from './positions.ts'
import type { ClientEvent } from './client-events.ts'
import { clientSettings, refusedSettings, type Reserved, type Settings } from './settings.ts'
import { Troubles } from './troubles.ts'
import { answeredWithin, within } from './within.ts'
import type { BatchColumns, WriteResult } from './write-results.ts'

export interface WriterOptions {
  /** librdkafka's settings; `bootstrap.servers` at least, and `transactional.id` for transactions. */
  readonly settings: Settings
  /** Hears of errors of the client as such, statistics, logs, and tokens that are due. */
  readonly onEvent?: (event: ClientEvent) => void
}

export interface WriteOptions {
  /** The partition of all records; by their keys, if it is not given. */
  readonly partition?: number
  /** The partition of each record; -1 = by its key. */
  readonly partitions?: Int32Array
}

const defaults: Settings = {
  'client.id': 'millrace',
  'enable.idempotence': true,
  acks: 'all',
  // Java's partitioner for records with keys.
  partitioner: 'murmur2_random',
  'compression.codec': 'lz4',
  'queue.buffering.max.ms': 5,
  'statistics.interval.ms': 0,
}

const reserved: Reserved = {
  'log.queue': ['true', 'because logs come as events'],
}

/** How long after its time limit a close waits for librdkafka's threads, in milliseconds. */
const graceMs = 3000

/**
 * A Kafka producer that takes whole batches. A thread of its own hands the records to librdkafka in the order of the
 * calls, waits while librdkafka's queue is full (which is never an error), and gathers the acknowledgements.
 *
 * All methods but `write` of damaged columns reject with a KafkaError. After `close` they reject with class `closed`.
 */
export class Writer {
  readonly #raw: RawWriter
  readonly #troubles: Troubles
  #closed: Promise<void> | undefined

  private constructor(raw: RawWriter, troubles: Troubles) {
    this.#raw = raw
    this.#troubles = troubles
  }

  /**
   * Makes a writer: idempotent, with `acks=all`, LZ4 and Java's partitioner unless the settings say otherwise. It does
   * not wait for a broker.
   *
   * @throws SettingsError for unknown, contradictory or refused settings
   * @throws BindingUnavailable where the addon is not built
   */
  static async open({ settings, onEvent }: WriterOptions): Promise<Writer> {
    const flat = clientSettings('writer', settings, defaults, reserved)
    const troubles = new Troubles()
    const hear = (raw: RawClientEvent): void => {
      const event = troubles.hear(raw)
      onEvent?.(event)
    }
    try {
      return new Writer(new (loadBinding().Writer)(flat, hear), troubles)
    } catch (error) {
      if ((error as { code?: unknown }).code !== '_INVALID_ARG') throw error
      throw refusedSettings('writer', flat, (error as Error).message)
    }
  }

  /**
   * Writes a batch to a topic, and resolves when each record is acknowledged or has failed; a record that fails does not
   * hold up the others. The batch is copied before the call returns, but for the bytes that a reader has packed, which must
   * not be changed. A timestamp that is not above 0 becomes that of now.
   *
   * Batches of one writer reach a partition in the order of the calls. Their memory is held until they are answered: who
   * writes faster than the brokers take must wait for answers.
   *
   * @throws RangeError if the columns do not fit together
   */
  async write(topic: string, records: BatchColumns, options: WriteOptions = {}): Promise<WriteResult> {
    const { partitions, partition = -1 } = options
    const write = (raw: RawWriter) =>
      raw.write(
        topic,
        records.count,
        records.bytes,
        records.timestamps,
        records.keyStarts,
        records.keyEnds,
        records.valueStarts,
        records.valueEnds,
        records.headerStarts,
        records.headerEnds,
        partitions ?? partition,
      )
    return writeResult(await this.#ask(write), this.#troubles)
  }

  /**
   * Writes records on their own, also of several topics. Per topic their order is kept. Rows of the result are places in
   * `records`.
   */
  async writePlain(records: readonly AddressedRecord[]): Promise<WriteResult> {
    const batches = packByTopic(records)
    const results = await Promise.all(
      batches.map(({ topic, columns, partitions }) => this.write(topic, columns, { partitions })),
    )
    return mergeResults(records.length, batches, results)
  }

  /**
   * Takes over the transactional id: transactions of earlier writers with it are aborted, and the writers fenced. Once,
   * before the first `begin`. Rejects with class `downstream` when `limitMs` (60 s) is over; then call it again.
   */
  async initTransactions(limitMs = 60_000): Promise<void> {
    await this.#ask((raw) => raw.initTransactions(limitMs))
  }

  /**
   * Begins a transaction: what is written from now on belongs to it. Calls of transactions stand in line with batches,
   * so nobody has to wait for one before making the next.
   */
  async begin(): Promise<void> {
    await this.#ask((raw) => raw.begin())
  }

  /**
   * Adds offsets of a consumer group to the transaction, with their metadata (KIP-447). `groupMetadata` is what a
   * reader's `groupMetadata` gives as `bytes`, read after the last events of that reader were seen.
   *
   * Rejects with class `abortable` when the group does not accept them from this member, and with class `fatal` when
   * librdkafka hangs, some seconds after `limitMs`: it does where the group's coordinator was replaced.
   */
  async sendOffsets(
    offsets: readonly OffsetAndMetadata[],
    groupMetadata: Uint8Array,
    limitMs = 60_000,
  ): Promise<void> {
    const sent = this.#ask(
      (raw) => raw.sendOffsets(offsets.map(rawOffset), groupMetadata, limitMs),
      'unknown',
    )
    await answeredWithin(limitMs + graceMs, sent, stuck)
  }

  /**
   * Commits the transaction, after all its records are acknowledged. Rejects with class
   *
   * - `abortable`: it cannot be committed; `abort` it, and do it over;
   * - `unknown`: not answered within `limitMs`; call `commit` again, which is the only thing that may follow;
   * - `fenced`: another writer has taken over; this one is of no more use, and nothing of the transaction is visible;
   * - `fatal`: this writer is of no more use.
   */
  async commit(limitMs = 60_000): Promise<void> {
    await this.#ask((raw) => raw.commit(limitMs), 'unknown')
  }

  /**
   * Aborts the transaction. Its records that are not acknowledged yet fail with class `closed`, and so do calls that
   * still stand in line. Rejects as `commit` does; after class `unknown`, call `abort` again.
   */
  async abort(limitMs = 60_000): Promise<void> {
    await this.#ask((raw) => raw.abort(limitMs), 'unknown')
  }

  /**
   * Resolves when all that was written before is acknowledged or has failed; rejects with class `downstream` when
   * `limitMs` (60 s) is over.
   */
  async flush(limitMs = 60_000): Promise<void> {
    await this.#ask((raw) => raw.flush(limitMs))
  }

  /** Fails all records that are not acknowledged yet, with class `closed`. */
  async purge(): Promise<void> {
    await this.#ask((raw) => raw.purge())
  }

  /** Answers the event `token`. */
  async setToken(token: OAuthToken): Promise<void> {
    await this.#ask((raw) => raw.setToken(rawToken(token)))
  }

  /** Answers the event `token` when there is none to be had: it is asked for again, ten seconds later. */
  async setTokenFailure(reason: string): Promise<void> {
    await this.#ask((raw) => raw.setTokenFailure(reason))
  }

  /**
   * Waits for records that are under way, at most `limitMs` (10 s), fails the others with class `closed`, and ends. An
   * open transaction is aborted if that is possible in time, and one whose commit is under way is committed.
   *
   * Never hangs: some seconds after `limitMs` it resolves, and what is left of librdkafka's threads ends by itself.
   * May be called twice.
   */
  close({ limitMs = 10_000 }: { readonly limitMs?: number } = {}): Promise<void> {
    this.#closed ??= within(limitMs + graceMs, this.#raw.close(limitMs))
    return this.#closed
  }

  async #ask<T>(call: (raw: RawWriter) => Promise<T>, ambiguous?: 'unknown'): Promise<T> {
    if (this.#closed !== undefined) throw new KafkaError('_DESTROY', -197, 'The writer is closed.', 'closed')
    try {
      return await call(this.#raw)
    } catch (error) {
      if ((error as Error).name === 'RangeError') throw error
      throw this.#troubles.unanswered(kafkaError(error, ambiguous))
    }
  }
}

/**
 * librdkafka (2.12) waits without limit for a group's coordinator that was replaced since this writer first sent offsets
 * of the group.
 */
function stuck(): KafkaError {
  const sentence = "The group's coordinator was not reached in time: close this writer, and open another one."
  return new KafkaError('_TIMED_OUT', -185, sentence, 'fatal')
}

function writeResult(written: RawWritten, troubles: Troubles): WriteResult {
  const { partitions, offsets, rows, causes, errors, maybe } = written
  if (rows === undefined) return { partitions, offsets, failed: [] }
  const known = errors!.map((error) => troubles.unanswered(kafkaError(error)))
  const failed = Array.from(rows, (row, index) => {
    const cause = causes![index]!
    return { row, error: known[cause]!, maybeWritten: maybe![cause]! }
  })
  return { partitions, offsets, failed: failed.sort((a, b) => a.row - b.row) }
}
