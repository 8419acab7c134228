import type { ClientEvent } from '../../native/client-events.ts'
import type { KafkaError } from '../../native/errors.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { Writer } from '../../native/writer.ts'
import type {
  AppendOutcome,
  FailedRow,
  OutgoingBatch,
  OutgoingRecord,
  RecordPosition,
} from '../component/contracts/log.ts'
import { rowBytes } from '../component/outgoing.ts'
import { type MillraceError, permanentError } from '../errors.ts'
import { clientError } from './client-errors.ts'
import { userOf } from './rights.ts'
import { librdkafkaSettings, type KafkaSettings } from './settings.ts'

/** The topic's own limit decides how large a record may be, not librdkafka's. */
export const recordBytes = 128 * 1024 * 1024

/** A record that no broker took within this time fails as downstream: whoever wrote it tries again, for ever if need be. */
const deliveryMs = 60_000

/** Appends to topics with one idempotent producer, which is opened by the first write. */
export class LogWriter {
  readonly #settings: KafkaSettings
  readonly #onEvent: (event: ClientEvent, writer: Writer) => void
  readonly #deliveryMs: number
  #writer: Promise<Writer> | undefined

  /** `withinMs`: how long a record is tried; 0 = for ever, and then nothing ever overtakes it. */
  constructor(
    settings: KafkaSettings,
    onEvent: (event: ClientEvent, writer: Writer) => void,
    withinMs = deliveryMs,
  ) {
    this.#settings = settings
    this.#onEvent = onEvent
    this.#deliveryMs = withinMs
  }

  /** Rejects with the first failure: downstream ones go before those of single records. */
  async append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]> {
    if (records.length === 0) return []
    const result = await this.#write((writer) => writer.writePlain(records))
    const failures = this.#failures(result, (row) => ({
      topic: records[row]!.topic,
      bytes: sizeOf(records[row]!),
    }))
    if (failures.length > 0) throw failures[0]!.error
    return records.map(({ topic }, row) => ({
      topic,
      partition: result.partitions[row]!,
      offset: result.offsets[row]!,
    }))
  }

  /** Answers for each record where it went or why it did not, and rejects with nothing but what concerns all of them. */
  async appendEach(records: readonly OutgoingRecord[]): Promise<readonly AppendOutcome[]> {
    if (records.length === 0) return []
    const result = await this.#write((writer) => writer.writePlain(records))
    const outcomes: AppendOutcome[] = records.map(({ topic }, row) => ({
      topic,
      partition: result.partitions[row]!,
      offset: result.offsets[row]!,
    }))
    for (const { row, error } of result.failed) {
      const about = { topic: records[row]!.topic, bytes: sizeOf(records[row]!) }
      outcomes[row] = rowError(error, about, userOf(this.#settings))
    }
    return outcomes
  }

  /** Answers the records that were refused; rejects with a downstream error where any could not be delivered. */
  async write(batch: OutgoingBatch): Promise<readonly FailedRow[]> {
    if (batch.count === 0) return []
    const { topic, partition } = batch
    const options = partition === undefined ? {} : { partition }
    const result = await this.#write((writer) => writer.write(topic, batch, options))
    return this.#failures(result, (row) => ({ topic, bytes: rowBytes(batch, row) }))
  }

  /** Waits for what is under way, at most ten seconds. */
  async close(limitMs?: number): Promise<void> {
    const writer = await this.#writer?.catch(() => undefined)
    await writer?.close(limitMs === undefined ? {} : { limitMs })
  }

  async #write(write: (writer: Writer) => Promise<WriteResult>): Promise<WriteResult> {
    this.#writer ??= this.#open()
    try {
      return await write(await this.#writer)
    } catch (error) {
      throw clientError(error, 'Kafka cannot be written to', 'SINK_FAILED')
    }
  }

  async #open(): Promise<Writer> {
    const settings = {
      'message.max.bytes': recordBytes,
      'message.timeout.ms': this.#deliveryMs,
      ...librdkafkaSettings(this.#settings, 'writer'),
    }
    const writer: Writer = await Writer.open({ settings, onEvent: (event) => this.#onEvent(event, writer) })
    return writer
  }

  #failures(
    { failed }: WriteResult,
    about: (row: number) => { topic: string; bytes: number },
  ): FailureOfRow[] {
    const failures = failed.map(({ row, error }) => ({
      row,
      error: rowError(error, about(row), userOf(this.#settings)),
    }))
    const whole = failures.find(({ error }) => error.kind !== 'permanent')
    if (whole !== undefined) throw whole.error
    return failures
  }
}

interface FailureOfRow extends FailedRow {
  readonly error: MillraceError
}

/** What a record's refusal means: it is too large, or refused for another reason. */
export function rowError(
  error: KafkaError,
  { topic, bytes }: { topic: string; bytes: number },
  user: string,
): MillraceError {
  if (error.code !== 'MSG_SIZE_TOO_LARGE')
    return clientError(error, `Topic ${topic} cannot be written`, 'SINK_FAILED', { user })
  return permanentError(
    'RECORD_TOO_LARGE',
    `A record of ${bytes} bytes is too large for topic ${topic}: raise its max.message.bytes, or make the record smaller.`,
    { cause: error, facts: { topic, bytes } },
  )
}

function sizeOf({ key, value, headers }: OutgoingRecord): number {
  const ofHeaders = headers.reduce(
    (sum, header) => sum + Buffer.byteLength(header.name) + (header.value?.length ?? 0),
    0,
  )
  return (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders
}
