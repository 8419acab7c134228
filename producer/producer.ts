import { randomUUID } from 'node:crypto'
import { systemClock } from '../engine/component/contracts/clock.ts'
import type { OutgoingRecord, RecordPosition } from '../engine/component/contracts/log.ts'
import { fatalError } from '../engine/errors.ts'
import { closedError, Delivery } from './delivery.ts'
import type { Entry, Safety } from './entry.ts'
import { causedBy } from './envelope.ts'
import type { AnyRecordTypes, Given } from './events.ts'
import { checkedOptions, type CheckedOptions, type ProducerOptions } from './options.ts'
import { openPlace } from './open-place.ts'
import type { Place } from './place.ts'
import { Sequences } from './sequences.ts'
import { recordSize } from './size.ts'
import type { Spooling } from './spooling.ts'
import { answeredWithin, beganWithin } from './within.ts'
import { Writing, type MadeRecord, type Maker } from './writing.ts'

export { causedBy }
export { MillraceError } from '../engine/errors.ts'
export type { RecordPosition } from '../engine/component/contracts/log.ts'
export type { AnyRecordTypes, Given, ProducerOptions, Safety }

/** What may be said of one record besides its value. */
export interface WriteOptions {
  /** Where its schema lies in the folders of several topics, or it goes to another one. */
  readonly topic?: string
  readonly headers?: Readonly<Record<string, string | Uint8Array>>
  /** How long to wait for the answer, milliseconds (default: as the producer says). */
  readonly withinMs?: number
}

/** How a producer is. */
export interface ProducerState {
  /** `open`: the brokers are away, as far as the producer knows; what it writes waits. */
  readonly breaker: 'closed' | 'open'
  /** Since when, milliseconds since 1970. */
  readonly awaySince: number | undefined
  /** Records that are acknowledged; refused for good; neither of both yet, on disk or not. */
  readonly written: number
  readonly refused: number
  readonly waiting: number
  /** Records that were in the spool and that no topic took: they lie there, set aside. */
  readonly setAside: number
}

/** Writes events, each once for each call, in the order of the calls for each key. */
export interface Producer<Types = AnyRecordTypes> {
  /**
   * Writes a record; resolves with its position when all replicas that must have it do.
   *
   * Without a spool, a process that dies takes what was not acknowledged with it. With one, that comes to its topic
   * all the same, perhaps a second time under the same eventId.
   *
   * @throws RECORD_INVALID, RECORD_UNORDERED, AVRO_UNENCODABLE, RECORD_TOO_LARGE, SCHEMA_NOT_FOUND (permanent), PRODUCER_FULL,
   * KAFKA_AWAY, REGISTRY_UNAVAILABLE (downstream): not written. TIMED_OUT (downstream): on its way, and may be written yet; or
   * not written, since its schema was not to be had in time: the sentence says which.
   */
  write<Name extends keyof Types & string>(
    name: Name,
    event: Given<Types[Name]>,
    options?: WriteOptions,
  ): Promise<RecordPosition>
  /** Like `write`, but resolves as soon as the record is safe: in its topic, or flushed to the spool's disk. */
  accept<Name extends keyof Types & string>(
    name: Name,
    event: Given<Types[Name]>,
    options?: WriteOptions,
  ): Promise<Safety & { readonly eventId: string | undefined }>
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>
  state(): Promise<ProducerState>
  /**
   * Takes nothing more, and waits for what is under way, at most this long (10 s). What is left then stays in the spool; without
   * one the calls that wait for it fail, each with PRODUCER_CLOSED. May be called twice.
   */
  close(withinMs?: number): Promise<void>
}

/**
 * Opens a producer. It does not wait for brokers: what is written meanwhile waits as `limits` and `spool` say, and what an
 * earlier process has left in the spool is written first.
 *
 * @throws CONFIG_INVALID, CONFIG_UNREADABLE, SCHEMA_REGISTRY_INVALID, STORE_LOCKED (the spool has a process already), REGISTRY_REFUSED
 */
export async function openProducer<Types = AnyRecordTypes>(
  options: ProducerOptions,
): Promise<Producer<Types>> {
  const checked = checkedOptions(options)
  const trouble = checked.onTrouble ?? (() => undefined)
  const { project, environment, store } = checked
  const place = await openPlace({ project, environment, store, trouble, patienceMs: checked.awayAfter })
  try {
    const spooling = await openSpooling(checked, trouble)
    return new OpenProducer(place, spooling, checked, trouble)
  } catch (error) {
    await place.close()
    throw error
  }
}

async function openSpooling(
  { spool }: CheckedOptions,
  trouble: (sentence: string) => void,
): Promise<Spooling | undefined> {
  if (spool === undefined) return undefined
  const [{ openSpool }, { Spooling: Disk }] = await Promise.all([
    import('../engine/embedded/spool.ts'),
    import('./spooling.ts'),
  ])
  return new Disk(await openSpool(spool.folder), { limit: spool.bytes, sizeOf: recordSize, trouble })
}

class OpenProducer implements Producer {
  readonly #place: Place
  readonly #delivery: Delivery
  readonly #spooling: Spooling | undefined
  readonly #writing: Writing
  readonly #sequences = new Sequences()
  readonly #withinMs: number | undefined
  /** Calls that could not be taken at once, and when the last of them is. */
  #waiting = 0
  #turn: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(
    place: Place,
    spooling: Spooling | undefined,
    options: CheckedOptions,
    trouble: (sentence: string) => void,
  ) {
    const { source, limits, awayAfter, within } = options
    this.#place = place
    this.#spooling = spooling
    this.#withinMs = within
    this.#writing = new Writing(place, { source, now: Date.now, newId: randomUUID })
    this.#delivery = new Delivery({
      ...limits,
      target: place.target,
      spooling,
      awayAfterMs: awayAfter,
      clock: systemClock,
      sizeOf: recordSize,
      trouble,
    })
  }

  async write(name: string, event: object, options: WriteOptions = {}): Promise<RecordPosition> {
    const { entry, made } = await this.#offer(name, event, options, true)
    return answeredWithin(entry.written, options.withinMs ?? this.#withinMs, made)
  }

  async accept(name: string, event: object, options: WriteOptions = {}) {
    const { entry, made } = await this.#offer(name, event, options, false)
    const safety = await answeredWithin(entry.safe, options.withinMs ?? this.#withinMs, made)
    return { ...safety, eventId: made.eventId }
  }

  flush(): Promise<void> {
    return this.#delivery.flush()
  }

  async state(): Promise<ProducerState> {
    const { away, written, refused, waiting } = this.#delivery
    return {
      breaker: away.isAway ? 'open' : 'closed',
      awaySince: away.since,
      written,
      refused,
      waiting,
      setAside: (await this.#spooling?.asideCount()) ?? 0,
    }
  }

  close(withinMs = 10_000): Promise<void> {
    this.#closed ??= this.#delivery.close(withinMs, () => this.#place.close())
    return this.#closed
  }

  /** A type that is written for the first time is waited for; calls that come meanwhile wait behind that one. */
  async #offer(name: string, event: object, options: WriteOptions, wantsPosition: boolean) {
    if (typeof event !== 'object' || event === null)
      throw fatalError('CONFIG_INVALID', `${name}: a record is an object, not ${String(event)}.`)
    if (this.#closed !== undefined) throw closedError()
    const maker = this.#writing.maker(name, options.topic)
    if (!(maker instanceof Promise) && this.#waiting === 0)
      return this.#give(maker, event, options, wantsPosition)
    this.#waiting++
    const call = { isOver: false }
    const turn = this.#turn.then(async () => {
      const ready = await maker
      if (call.isOver) return undefined
      return this.#give(ready, event, options, wantsPosition)
    })
    this.#turn = turn.then(
      () => void this.#waiting--,
      () => void this.#waiting--,
    )
    // One that is never reached must not be "unhandled".
    if (maker instanceof Promise) maker.catch(() => undefined)
    return beganWithin(turn, options.withinMs ?? this.#withinMs, name, call)
  }

  #give(maker: Maker, event: object, { headers }: WriteOptions, wantsPosition: boolean) {
    const made = this.#writing.record(maker, event, headersOf(headers))
    return { entry: this.#take(made, maker.type.name, wantsPosition), made }
  }

  #take({ record, sequence }: MadeRecord, name: string, wantsPosition: boolean): Entry {
    if (sequence !== undefined) this.#sequences.check(sequence.key, sequence.number, name)
    const entry = this.#delivery.offer(record, wantsPosition)
    if (sequence !== undefined) this.#sequences.note(sequence.key, sequence.number)
    return entry
  }
}

function headersOf(headers: WriteOptions['headers']): OutgoingRecord['headers'] {
  if (headers === undefined) return []
  return Object.entries(headers).map(([name, value]) => ({ name, value: Buffer.from(value as string) }))
}
