import { KafkaError } from '../../native/errors.ts'
import type { OffsetAndMetadata } from '../../native/positions.ts'
import type { Settings } from '../../native/settings.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { Writer, type WriterOptions } from '../../native/writer.ts'
import type { OutgoingBatch } from '../component/contracts/log.ts'
import { reach } from '../component/points.ts'
import { rowBytes } from '../component/outgoing.ts'
import type { MillraceError } from '../errors.ts'
import { clientError, isUnknownTopic } from './client-errors.ts'
import { rowError } from './log-writer.ts'

/** Everything that one transaction holds. */
export interface Transaction {
  readonly batches: readonly OutgoingBatch[]
  readonly offsets: readonly OffsetAndMetadata[]
  /** Of the member that commits the offsets, read just now (KIP-447). */
  readonly identity: Uint8Array
}

/** A row that its topic never takes. */
export interface RefusedOfBatch {
  readonly batch: number
  readonly row: number
  /** A permanent error. */
  readonly error: MillraceError
}

/** How a transaction ended; `written` by batch. */
export type Ended =
  | { readonly how: 'committed'; readonly written: readonly WriteResult[] }
  | { readonly how: 'refused'; readonly rows: readonly RefusedOfBatch[]; readonly error: MillraceError }
  | { readonly how: 'aborted' | 'unknown' | 'fenced' | 'failed'; readonly error: MillraceError }

export interface TransactionsOptions {
  /** Of a writer, with `transactional.id`. */
  readonly settings: Settings
  readonly onEvent?: (event: Parameters<NonNullable<WriterOptions['onEvent']>>[0], writer: Writer) => void
  /** Resolves when what the last transaction of this id has committed can be read (KafkaAdmin.untilEnded). */
  readonly untilEnded?: (transactionalId: string) => Promise<void>
}

/** What librdkafka sends to a broker together, at most, in bytes. */
const usualTogether = 1_000_000

/** How long the brokers may take for one step, milliseconds. A step that takes longer is asked for again. */
const stepMs = 10_000

/**
 * - `new`: there is no writer yet, or it is of no use any more; the next one takes its transactional id over, which aborts
 *   whatever it left open.
 * - `idle`: ready for a transaction.
 * - `open`: a transaction is to be aborted before another begins.
 * - `committing`: nobody knows whether it was committed.
 * - `over`: another writer has taken over.
 */
type State = 'new' | 'idle' | 'open' | 'committing' | 'over'

/** Runs transactions one after the other, and knows after each what became of it. */
export class Transactions {
  readonly #options: TransactionsOptions
  #writer: Writer | undefined
  #state: State = 'new'
  #written: readonly WriteResult[] = []
  /** A record of the last transaction was sent, perhaps, and never acknowledged. */
  #unanswered = false
  /** Of the last transaction. */
  #topics: readonly string[] = []
  /** Bytes that go to a broker together, at most; smaller once it is not clear which of several rows is too large. */
  #together: number

  constructor(options: TransactionsOptions) {
    this.#options = options
    this.#together = Number(options.settings['batch.size'] ?? usualTogether)
  }

  /** True while the outcome of the last transaction is unknown: only `ask` may be called. */
  get undecided(): boolean {
    return this.#state === 'committing'
  }

  /** Runs a transaction. Never rejects. */
  async run(transaction: Transaction): Promise<Ended> {
    this.#topics = [...new Set(transaction.batches.map(({ topic }) => topic))]
    this.#unanswered = false
    try {
      const writer = await this.#ready()
      this.#state = 'open'
      const trouble = await this.#fill(writer, transaction)
      if (trouble instanceof RefusedRows) return await this.#refused(trouble, transaction)
      if (trouble !== undefined) return await this.#after(trouble)
    } catch (error) {
      return this.#after(error)
    }
    return this.ask()
  }

  /** Commits what is open, or asks again what became of it. Never rejects. */
  async ask(): Promise<Ended> {
    this.#state = 'committing'
    try {
      const committing = this.#writer!.commit(stepMs)
      reach('transaction.committing')
      await committing
      this.#state = 'idle'
      return { how: 'committed', written: this.#written }
    } catch (error) {
      return this.#afterCommit(error)
    }
  }

  /** Ends the writer, and aborts what it has open where there is time. What it has committed can be read then. */
  async close(): Promise<void> {
    const hasCommitted = this.#state === 'idle'
    this.#state = 'over'
    await this.#writer?.close({ limitMs: 3000 })
    if (!hasCommitted) return
    const { settings, untilEnded } = this.#options
    await untilEnded?.(String(settings['transactional.id']))
  }

  /** A writer that may begin. Rejects with what keeps it from that. */
  async #ready(): Promise<Writer> {
    if (this.#state === 'over') throw new KafkaError('_FENCED', -144, 'The writer was fenced.', 'fenced')
    if (this.#state === 'open') await this.#abort()
    if (this.#writer === undefined || this.#state === 'new') {
      this.#writer ??= await this.#open()
      await this.#writer.initTransactions(stepMs)
      this.#state = 'idle'
    }
    return this.#writer
  }

  async #open(): Promise<Writer> {
    const { settings, onEvent } = this.#options
    const writer: Writer = await Writer.open({
      settings: { ...settings, 'batch.size': this.#together },
      ...(onEvent && { onEvent: (event) => onEvent(event, writer) }),
    })
    return writer
  }

  /** Writes everything, and sends the offsets. Answers or rejects with what went wrong. */
  async #fill(writer: Writer, { batches, offsets, identity }: Transaction): Promise<unknown> {
    // The steps stand in line with each other in the writer: nothing is gained by waiting for one before the next.
    const begun = writer.begin()
    reach('transaction.begun')
    const writing = batches.map((batch) =>
      writer.write(batch.topic, batch, batch.partition === undefined ? {} : { partition: batch.partition }),
    )
    const sent = writer.sendOffsets(offsets, identity, stepMs)
    void Promise.all(writing).then(
      () => reach('transaction.written'),
      () => undefined,
    )
    const results = await Promise.allSettled([begun, sent, ...writing])
    this.#unanswered = results.slice(2).some(isUnanswered)
    const refused = refusedRows(await Promise.allSettled(writing))
    if (refused !== undefined) return refused
    const rejected = results.find((result) => result.status === 'rejected')
    if (rejected !== undefined) return rejected.reason
    this.#written = await Promise.all(writing)
    const first = this.#written.flatMap(({ failed }) => failed)[0]
    if (first !== undefined) return first.error
    reach('transaction.offsets')
    return undefined
  }

  /**
   * Rows were refused. A broker refuses all that it was sent together: where that can be, it is sent again in smaller pieces,
   * until it is clear which rows are too large.
   */
  async #refused({ rows, reason }: RefusedRows, { batches }: Transaction): Promise<Ended> {
    const sized = rows.map((one) => ({ ...one, bytes: rowBytes(batches[one.batch]!, one.row) }))
    const alone = sized.filter(
      ({ bytes, cause }) =>
        cause.code !== 'MSG_SIZE_TOO_LARGE' || bytes > this.#together || this.#together === 1,
    )
    const clear = sized.length === 1 ? sized : alone
    const ended = await this.#after(reason)
    if (ended.how === 'fenced') return ended
    if (clear.length === 0) {
      this.#together = this.#together < 1000 ? 1 : Math.floor(this.#together / 16)
      this.#renew()
      return { how: 'aborted', error: this.#explained(reason) }
    }
    const { 'sasl.username': name } = this.#options.settings
    const user = name === undefined ? 'this client' : `user ${String(name)}`
    return {
      how: 'refused',
      error: this.#explained(reason),
      rows: clear.map(({ batch, row, bytes, cause }) => ({
        batch,
        row,
        error: rowError(cause, { topic: batches[batch]!.topic, bytes }, user),
      })),
    }
  }

  /** Something went wrong before the commit was asked for: nothing has taken effect. */
  async #after(failure: unknown): Promise<Ended> {
    const error = await this.#reasonOf(failure)
    if (error instanceof KafkaError) {
      if (error.class === 'fenced' || error.code === 'FENCED_INSTANCE_ID') return this.#fenced(error)
      if (lasting(error)) return { how: 'failed', error: this.#explained(error) }
      if (error.class === 'fatal') this.#renew()
    }
    if (this.#unanswered) this.#renew()
    if (this.#state === 'open') {
      try {
        await this.#abort()
      } catch (aborting) {
        if (aborting instanceof KafkaError && aborting.class === 'fenced') return this.#fenced(aborting)
        if (aborting instanceof KafkaError && aborting.class === 'fatal') this.#renew()
      }
    }
    const lasts = !(error instanceof KafkaError) || error.class === 'permanent'
    return { how: lasts ? 'failed' : 'aborted', error: this.#explained(error) }
  }

  async #afterCommit(error: unknown): Promise<Ended> {
    if (!(error instanceof KafkaError)) return this.#fenced(error)
    if (error.class === 'unknown' || error.class === 'downstream')
      return { how: 'unknown', error: this.#explained(error) }
    if (error.class !== 'abortable') return this.#fenced(error)
    this.#state = 'open'
    return this.#after(error)
  }

  /** Also for whatever leaves it open whether a commit took effect: the next session begins with what is committed. */
  #fenced(error: unknown): Ended {
    this.#state = 'over'
    return { how: 'fenced', error: this.#explained(error) }
  }

  async #abort(): Promise<void> {
    await this.#writer!.abort(stepMs)
    this.#state = 'idle'
  }

  /**
   * Records that were not sent any more because the transaction has failed only say so. Whatever is asked of it then is
   * answered with the reason; to begin another is what does no harm.
   */
  async #reasonOf(error: unknown): Promise<unknown> {
    if (!isOf(error, '_PURGE_QUEUE') || this.#writer === undefined) return error
    try {
      await this.#writer.begin()
      return error
    } catch (reason) {
      return isOf(reason, '_') ? error : reason
    }
  }

  #explained(error: unknown): MillraceError {
    const { 'transactional.id': id, 'sasl.username': user } = this.#options.settings
    const under = isOf(error, 'TRANSACTIONAL_ID') ? ` under the transactional id ${String(id)}` : ''
    const to = isOf(error, 'TOPIC_') ? ` to ${this.#topics.join(' or ')}` : ''
    return clientError(error, `Progress cannot be committed${under}${to}`, 'COMMIT_FAILED', {
      user: user === undefined ? undefined : `user ${String(user)}`,
    })
  }

  /**
   * The next writer takes the transactional id over, which aborts what is open and begins a new epoch. That is needed where
   *
   * - librdkafka (2.12) hangs, as it can when a group's coordinator was replaced;
   * - an answer of a broker was lost. When librdkafka aborts, it gives the sequence numbers of records that wait to be sent again to
   *   the next ones (`ADVBASE`, rd_kafka_toppar_purge_queues), as if they had never been sent. If they had, the broker takes the
   *   next ones, as many and in the same epoch, for those, acknowledges them, and writes nothing.
   */
  #renew(): void {
    void this.#writer?.close({ limitMs: 0 })
    this.#writer = undefined
    this.#state = 'new'
  }
}

/** True unless every record of the write is acknowledged. */
function isUnanswered(result: PromiseSettledResult<unknown>): boolean {
  return result.status === 'rejected' || (result.value as WriteResult).failed.length > 0
}

function isOf(error: unknown, prefix: string): boolean {
  return error instanceof KafkaError && error.code.startsWith(prefix)
}

/** Refused for good: credentials and permissions do not come by themselves. */
function lasting({ code }: KafkaError): boolean {
  return /AUTHORIZATION|AUTHENTICATION|_NOT_CONFIGURED|UNSUPPORTED|INVALID_TRANSACTION_TIMEOUT/.test(code)
}

/** Rows that brokers have refused, each for itself or with what was sent together with it; a topic that is gone refuses nothing. */
class RefusedRows {
  readonly rows: readonly { readonly batch: number; readonly row: number; readonly cause: KafkaError }[]
  readonly reason: KafkaError

  constructor(rows: RefusedRows['rows']) {
    this.rows = rows
    this.reason = rows[0]!.cause
  }
}

function refusedRows(written: readonly PromiseSettledResult<WriteResult>[]): RefusedRows | undefined {
  const rows = written.flatMap((result, batch) =>
    result.status === 'rejected'
      ? []
      : result.value.failed
          .filter(({ error }) => error.class === 'permanent' && !isUnknownTopic(error))
          .map(({ row, error }) => ({ batch, row, cause: error })),
  )
  return rows.length === 0 ? undefined : new RefusedRows(rows)
}
