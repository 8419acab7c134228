import type { Clock } from '../component/contracts/clock.ts'
import { nameOf, type TopicPartition } from '../component/contracts/position.ts'
import type { PollRequest, SourceEvent, SourceReader } from '../component/contracts/reader.ts'
import type { PackedRecords } from '../component/packed-records.ts'

/** What the loop tells, one thing at a time: the next one comes when the answer is there. */
export interface SourceHandler {
  /** Bytes that may come in now, of critical topics and of others; 0 while the budget is used up. */
  available(): Pick<Required<PollRequest>, 'maxBytes' | 'firstBytes'>
  /** Answers at once: what has to be restored is restored while polling goes on. */
  assigned(partitions: readonly TopicPartition[], epoch: number): void
  /** Answers when the partitions are drained and committed. `poll` keeps the membership alive meanwhile. */
  revoked(partitions: readonly TopicPartition[], poll: () => Promise<void>): Promise<void>
  lost(partitions: readonly TopicPartition[]): void
  records(records: PackedRecords): void
  /** Nothing comes any more from below `offset`. */
  passed(partition: TopicPartition, offset: number): void
  end(partition: TopicPartition, offset: number): void
  failed(error: unknown): void
  /** After every poll: time to look at pauses. */
  polled(): void
}

/**
 * Polls one reader for as long as the worker lives. It is the only caller of the reader, and the only one that changes
 * what is assigned: rebalances reach the rest of the engine as messages of this loop, in order.
 */
export class SourceLoop {
  readonly #reader: SourceReader
  readonly #handler: SourceHandler
  readonly #clock: Clock
  /** What came while something drained. */
  #later: SourceEvent[] = []
  /** What is to be done between two events. */
  #between: (() => Promise<void>)[] = []
  #intake = true
  #running = true
  #polling: Promise<void> | undefined
  #heartbeat: number

  constructor(reader: SourceReader, handler: SourceHandler, clock: Clock) {
    this.#reader = reader
    this.#handler = handler
    this.#clock = clock
    this.#heartbeat = clock.now()
  }

  /** When the loop last came round, milliseconds since 1970. */
  get heartbeat(): number {
    return this.#heartbeat
  }

  /** Takes no more records; goes on polling. */
  stopIntake(): void {
    this.#intake = false
  }

  /**
   * Does `action` between two events, so that nothing is assigned or taken away while it lasts. Resolves when it is done;
   * rejects with its error; never, if the loop ends first.
   */
  between(action: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#between.push(() => action().then(resolve, reject))
    })
  }

  /** Ends the loop after the poll that is under way. */
  stop(): void {
    this.#running = false
  }

  async run(): Promise<void> {
    while (this.#running) {
      const available = this.#intake ? this.#handler.available() : { maxBytes: 0, firstBytes: 0 }
      const events = await this.#reader.poll({ ...available, waitMs: available.maxBytes > 0 ? 50 : 5 })
      this.#heartbeat = this.#clock.now()
      this.#later.push(...events)
      while (this.#later.length > 0) await this.#handle(this.#later.shift()!)
      for (const action of this.#between.splice(0)) await action()
      this.#handler.polled()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #handle(event: SourceEvent): Promise<void> {
    switch (event.type) {
      case 'records':
        return this.#handler.records(event.records)
      case 'assigned':
        return this.#handler.assigned(event.partitions, event.epoch)
      case 'revoked':
        await this.#whilePolling(this.#handler.revoked(event.partitions, () => this.#pollOnly()))
        return this.#reader.release(event.partitions)
      case 'lost':
        return this.#handler.lost(event.partitions)
      case 'passed':
        return this.#handler.passed(event.partition, event.offset)
      case 'end':
        return this.#handler.end(event.partition, event.offset)
      case 'failed':
        return this.#handler.failed(event.error)
    }
  }

  /** Goes on polling until `work` is through: a last commit may take its time. */
  async #whilePolling(work: Promise<void>): Promise<void> {
    let over = false
    const done = work.finally(() => {
      over = true
    })
    done.catch(() => undefined)
    await Promise.race([done, new Promise((resolve) => setImmediate(resolve))])
    while (!over && this.#running) await Promise.race([done, this.#pollOnly()])
    await this.#polling
    await done
  }

  /** A heartbeat while something drains: takes no records, and hears of what was lost. One at a time. */
  #pollOnly(): Promise<void> {
    this.#polling ??= this.#pollEvents().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  async #pollEvents(): Promise<void> {
    const events = await this.#reader.poll({ maxBytes: 0, waitMs: 20 })
    this.#heartbeat = this.#clock.now()
    for (const event of events) {
      if (event.type === 'lost') this.#lost(event.partitions)
      else if (event.type === 'failed') this.#handler.failed(event.error)
      else this.#later.push(event)
    }
  }

  /** What was told of these partitions before, and is not taken up yet, holds no more. */
  #lost(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(nameOf))
    this.#later = this.#later.flatMap((event) => without(event, gone))
    this.#handler.lost(partitions)
  }
}

/** The event without what it says of these partitions. */
function without(event: SourceEvent, gone: ReadonlySet<string>): SourceEvent[] {
  if (event.type === 'failed') return [event]
  if (event.type === 'records') return gone.has(nameOf(event.records)) ? [] : [event]
  if (event.type === 'end' || event.type === 'passed') return gone.has(nameOf(event.partition)) ? [] : [event]
  const partitions = event.partitions.filter((partition) => !gone.has(nameOf(partition)))
  return partitions.length === 0 ? [] : [{ ...event, partitions }]
}
