// A reader that is polled in the background, as a process would do it, and what it was told.

import { Reader, type PollRequest } from '../../../native/reader.ts'
import { KafkaError } from '../../../native/errors.ts'
import type { ReaderEvent } from '../../../native/reader-events.ts'
import type { StartOffset, TopicPartition } from '../../../native/positions.ts'
import { plainRecord } from '../../../native/records.ts'
import type { Settings } from '../../../native/settings.ts'

/** A record as a test wants to see it. */
export interface Seen extends TopicPartition {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

export interface PolledOptions {
  /** Called for each event, in order; the next poll waits for it. */
  readonly onEvent?: (event: ReaderEvent, reader: PolledReader) => Promise<void> | void
  /** Answers assignments and revocations at once, from this offset; false: `onEvent` does. */
  readonly answer?: StartOffset | false
  readonly maxBytes?: number
  readonly batchBytes?: number
  /** Whether values and keys are kept; without, only offsets are. */
  readonly contents?: boolean
}

/** The events of a type. */
type EventOf<T extends ReaderEvent['type'], E extends ReaderEvent = ReaderEvent> = E extends ReaderEvent
  ? T extends E['type']
    ? E
    : never
  : never

// More than the session of 45 s after which a group gives up a member whose farewell got lost.
const patienceMs = 90_000

const open = new Set<PolledReader>()

/** Closes all that were opened and are not closed yet: for `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((reader) => reader.close()))
}

export class PolledReader {
  readonly reader: Reader
  readonly events: ReaderEvent[] = []
  readonly seen: Seen[] = []
  /** What the group gave and did not take back, as `topic/partition`. */
  readonly owned = new Set<string>()
  /** Bytes per poll; 0 = events only. */
  maxBytes: number
  polls = 0
  #stopped = false
  #polling: Promise<void> = Promise.resolve()
  #changed = Promise.withResolvers<void>()
  #failure: Error | undefined
  readonly #options: PolledOptions

  private constructor(reader: Reader, options: PolledOptions) {
    this.reader = reader
    this.#options = options
    this.maxBytes = options.maxBytes ?? 1 << 20
  }

  static async open(settings: Settings, options: PolledOptions = {}): Promise<PolledReader> {
    const reader = await Reader.open({
      settings: { 'auto.offset.reset': 'earliest', ...settings },
      ...(options.batchBytes !== undefined && { batchBytes: options.batchBytes }),
    })
    const polled = new PolledReader(reader, options)
    open.add(polled)
    polled.start()
    return polled
  }

  /** Polls a reader that is open already, and is closed by whoever opened it. */
  static over(reader: Reader, options: PolledOptions = {}): PolledReader {
    const polled = new PolledReader(reader, options)
    polled.start()
    return polled
  }

  /** Goes on polling after `stop`. */
  start(): void {
    this.#stopped = false
    this.#polling = this.#loop()
  }

  /** Polls no more; resolves when the last poll is answered. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#polling
  }

  async close(limitMs?: number): Promise<void> {
    open.delete(this)
    this.#stopped = true
    await this.reader.close(limitMs === undefined ? {} : { limitMs })
    await this.#polling
  }

  /** Resolves when `done` holds, which is looked at after each poll. */
  async until(done: () => boolean, what: string | (() => string)): Promise<void> {
    const deadline = Date.now() + patienceMs
    while (!done()) {
      if (this.#failure !== undefined) throw this.#failure
      const left = deadline - Date.now()
      if (left <= 0)
        throw new Error(
          `It did not come to: ${typeof what === 'string' ? what : what()}. Events: ${this.summary()}`,
        )
      let timer: NodeJS.Timeout | undefined
      await Promise.race([
        this.#changed.promise,
        new Promise((resolve) => (timer = setTimeout(resolve, left))),
      ])
      clearTimeout(timer)
    }
  }

  /** The first event of a type, once it is there. */
  async event<T extends ReaderEvent['type']>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    const find = () =>
      this.events.find((event): event is EventOf<T> => event.type === type && fits(event as EventOf<T>))
    await this.until(() => find() !== undefined, `an event ${type}`)
    return find()!
  }

  /** Resolves after so many more polls: whatever was there to be told has been told. */
  async morePolls(count: number): Promise<void> {
    const from = this.polls
    await this.until(() => this.polls >= from + count, `${count} more polls`)
  }

  offsetsOf(topic: string, partition: number): number[] {
    return this.seen
      .filter((one) => one.topic === topic && one.partition === partition)
      .map((one) => one.offset)
  }

  /** The last events, for the sentence of a failure. */
  summary(): string {
    return this.events
      .slice(-30)
      .map((event) => {
        if (event.type === 'records')
          return `records ${event.records.partition}:${event.records.offsets[0]}+${event.records.count}`
        if ('partitions' in event) return `${event.type} ${event.partitions.map(nameOf).join(' ')}`
        if (event.type === 'failed') return `failed ${event.error.code} (${event.error.message})`
        return event.type === 'log' ? `log ${event.message}` : event.type
      })
      .join(', ')
  }

  async #loop(): Promise<void> {
    try {
      while (!this.#stopped) {
        const request: PollRequest = { maxBytes: this.maxBytes, waitMs: 100 }
        for (const event of await this.reader.poll(request)) await this.#take(event)
        this.polls += 1
        this.#tell()
      }
    } catch (error) {
      if (!this.#stopped) this.#failure = error as Error
      this.#tell()
    }
  }

  #tell(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers<void>()
    resolve()
  }

  async #take(event: ReaderEvent): Promise<void> {
    this.events.push(event)
    if (event.type === 'records') {
      const { records } = event
      const { topic, partition } = records
      const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())
      for (let row = 0; row < records.count; row++) {
        const offset = records.offsets[row]!
        const { key = null, value = null } = this.#options.contents === false ? {} : plainRecord(records, row)
        this.seen.push({ topic, partition, offset, key: text(key), value: text(value) })
      }
    }
    if (event.type === 'assigned') for (const one of event.partitions) this.owned.add(nameOf(one))
    await this.#options.onEvent?.(event, this)
    const { answer = 'committed' } = this.#options
    if (answer !== false && event.type === 'assigned')
      await unlessLost(this.reader.assign(event.partitions.map((one) => ({ ...one, offset: answer }))))
    if (answer !== false && event.type === 'revoked') await this.reader.unassign(event.partitions)
    if (event.type === 'revoked' || event.type === 'lost')
      for (const one of event.partitions) this.owned.delete(nameOf(one))
  }
}

/** Waits for an assign; what the group has asked back meanwhile is told by the next events. */
export async function unlessLost(assigned: Promise<void>): Promise<void> {
  await assigned.catch((error: unknown) => {
    if (!(error instanceof KafkaError) || error.class !== 'lost') throw error
  })
}

/** topic/partition */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
