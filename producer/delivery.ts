import type { Clock } from '../engine/component/contracts/clock.ts'
import type { AppendOutcome, OutgoingRecord } from '../engine/component/contracts/log.ts'
import {
  asMillraceError,
  downstreamError,
  MillraceError,
  permanentError,
  sentenceOf,
} from '../engine/errors.ts'
import { Away } from './away.ts'
import { Entry } from './entry.ts'
import { EntryQueue } from './queue.ts'
import type { Spooling } from './spooling.ts'

/** What records are written to. */
export interface Target {
  /** Answers for each record; what came before in the same partition is written before. Rejects with what concerns all. */
  append(records: readonly OutgoingRecord[]): Promise<readonly AppendOutcome[]>
}

/** Bounds of what waits, and what is done about that. */
export interface DeliveryOptions {
  readonly target: Target
  readonly spooling: Spooling | undefined
  /** Records and bytes that may wait in memory; as many records again may wait to be let in. */
  readonly records: number
  readonly bytes: number
  readonly whenFull: 'wait' | 'refuse'
  readonly whenAway: 'wait' | 'refuse'
  /** After so many milliseconds without an answer the target counts as away. */
  readonly awayAfterMs: number
  readonly clock: Clock
  readonly sizeOf: (record: OutgoingRecord) => number
  /** Problems that pass, a sentence each. */
  readonly trouble: (sentence: string) => void
}

const batchRecords = 5000
const batchBytes = 4 * 1024 * 1024
const shortestPauseMs = 100
const longestPauseMs = 5000

/**
 * Takes records in and writes them, in the order in which they came: one batch at a time, the next being gathered
 * meanwhile. While the target is away they wait in memory; or, where there is a spool, on disk.
 *
 * Invariants: what was let in is written, set aside, or told to have failed, once; records reach the target in the order in
 * which they were offered; with a spool, memory is older than the disk, so memory is written first.
 */
export class Delivery {
  readonly away: Away
  readonly #options: DeliveryOptions
  readonly #spooling: Spooling | undefined
  /** Offered, and not let in yet. */
  readonly #entrance = new EntryQueue()
  readonly #memory = new EntryQueue()
  #flying: readonly Entry[] = []
  /** What comes goes to disk, until that is empty. */
  #isSpooling: boolean
  #running: Promise<void> | undefined
  #closing = false
  #stopped = false
  readonly #wakes = new Set<() => void>()
  written = 0
  refused = 0

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#spooling = options.spooling
    this.#isSpooling = options.spooling?.isEmpty === false
    this.away = new Away(options.awayAfterMs, options.clock, () => this.#startSpooling())
    if (this.#isSpooling) this.#kick()
  }

  /** Records that are neither written nor refused. */
  get waiting(): number {
    const inMemory = this.#memory.length + this.#flying.length
    return this.#entrance.length + (this.#isSpooling ? Math.max(inMemory, this.#spooling!.waiting) : inMemory)
  }

  /**
   * Takes a record in, or has it wait for room.
   *
   * @throws PRODUCER_FULL, KAFKA_AWAY (both downstream), PRODUCER_CLOSED: the record was not taken.
   */
  offer(record: OutgoingRecord, wantsPosition: boolean): Entry {
    const { whenFull, whenAway, records, sizeOf } = this.#options
    if (this.#closing) throw closedError()
    if (whenAway === 'refuse' && this.away.isAway && this.#spooling === undefined) throw this.#awayError()
    const entry = new Entry(record, sizeOf(record), wantsPosition)
    if (this.#entrance.length === 0 && this.#hasRoom(entry)) this.#admit(entry)
    else if (whenFull === 'refuse' || this.#entrance.length >= records) throw this.#fullError()
    else this.#entrance.push(entry)
    return entry
  }

  /** Resolves when nothing waits. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /**
   * Takes nothing more, and goes on writing for at most this long. What is left then stays in the spool, or fails.
   * `end` makes the target give up what it still has.
   */
  async close(withinMs: number, end: () => Promise<void>): Promise<void> {
    this.#closing = true
    await Promise.race([this.flush(), this.#after(withinMs)])
    this.#stopped = true
    if (this.#spooling !== undefined) await this.#spoolAll(this.#spooling)
    const flying = this.#flying
    const left = [...this.#memory.clear(), ...this.#entrance.clear()]
    for (const wake of this.#wakes) wake()
    await end()
    await this.flush()
    for (const entry of flying) entry.fail(leftError(entry, 'may or may not be'))
    for (const entry of left) entry.fail(leftError(entry, 'is not'))
    for (const entry of this.#spooling?.awaiting() ?? []) entry.fail(leftError(entry, 'is not'))
    await this.#spooling?.close()
  }

  /** What is not on disk yet comes there, room or not. */
  async #spoolAll(spooling: Spooling): Promise<void> {
    this.#startSpooling()
    for (const entry of this.#entrance.all()) spooling.addCopy(entry)
    await spooling.settled()
  }

  #hasRoom(entry: Entry): boolean {
    if (this.#isSpooling) return this.#spooling!.hasRoom(entry.bytes)
    const { records, bytes } = this.#options
    const { length, bytes: taken } = this.#memory
    if (length < records && (length === 0 || taken + entry.bytes <= bytes)) return true
    return this.#startSpooling() && this.#spooling!.hasRoom(entry.bytes)
  }

  #admit(entry: Entry): void {
    if (this.#isSpooling) this.#spooling!.add(entry)
    else this.#memory.push(entry)
    this.#kick()
  }

  /** From now on what comes goes to disk, and what is in memory too. True where there is a spool. */
  #startSpooling(): boolean {
    if (this.#spooling === undefined) return false
    if (this.#isSpooling) return true
    this.#isSpooling = true
    for (const entry of [...this.#flying, ...this.#memory.all()]) this.#spooling.addCopy(entry)
    this.#letIn()
    return true
  }

  #letIn(): void {
    for (let first = this.#entrance.peek(); first !== undefined; first = this.#entrance.peek()) {
      if (!this.#hasRoom(first)) return
      this.#entrance.take(1, Infinity)
      this.#admit(first)
    }
  }

  #kick(): void {
    if (this.#stopped) return
    if (this.#running !== undefined) return
    // The process stays while something waits.
    const alive = setInterval(() => undefined, 60_000)
    this.#running = this.#run().finally(() => {
      clearInterval(alive)
      this.#running = undefined
      // What came while the last turn ended.
      if (this.#memory.length > 0 || this.#isSpooling) this.#kick()
    })
  }

  async #run(): Promise<void> {
    // What comes in one turn of the event loop is one batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (!this.#stopped) {
      const batch = await this.#next()
      if (batch.length === 0) return
      this.#flying = batch
      await this.#send(batch)
      this.#letIn()
    }
  }

  async #next(): Promise<readonly Entry[]> {
    const fromMemory = this.#memory.take(batchRecords, batchBytes)
    if (fromMemory.length > 0 || !this.#isSpooling) return fromMemory
    const spooling = this.#spooling!
    for (;;) {
      const found = await spooling.take(batchRecords, batchBytes)
      if (found.length > 0) return found
      await spooling.settled()
      if (spooling.isEmpty) break
    }
    this.#isSpooling = false
    this.#letIn()
    return this.#memory.take(batchRecords, batchBytes)
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    let left = batch
    for (let attempt = 0; left.length > 0 && !this.#stopped; attempt++) {
      const outcomes = await this.away.watch(() => this.#append(left))
      // A copy that is being written to disk must be there before it can be passed.
      await this.#spooling?.settled()
      const again = await this.#settle(left, outcomes)
      if (again.length < left.length) attempt = 0
      left = again
      if (left.length > 0) await this.#pause(attempt)
    }
    if (left.length === 0) await this.#passed(batch)
  }

  async #append(entries: readonly Entry[]): Promise<readonly AppendOutcome[]> {
    try {
      return await this.#options.target.append(entries.map(({ record }) => record))
    } catch (error) {
      const failure = asMillraceError(error, 'SINK_FAILED')
      return entries.map(() => failure)
    }
  }

  /** Tells each what became of it; answers those that are tried again. */
  async #settle(entries: readonly Entry[], outcomes: readonly AppendOutcome[]): Promise<Entry[]> {
    const again: Entry[] = []
    this.#flying = again
    for (const [index, entry] of entries.entries()) {
      const outcome = outcomes[index]!
      if (!(outcome instanceof MillraceError)) {
        this.written++
        entry.arrive(outcome)
      } else if (!this.#isFinal(outcome, entry) || !(await this.#refuse(entry, outcome))) again.push(entry)
    }
    const failure = outcomes.find(
      (outcome) => outcome instanceof MillraceError && outcome.kind !== 'permanent',
    )
    if (failure === undefined) this.away.answered()
    else this.away.failed(failure as MillraceError, this.#options.trouble)
    return again
  }

  /** What is on disk can wait until somebody has mended what is wrong; what is only in memory must not wait for that. */
  #isFinal(error: MillraceError, entry: Entry): boolean {
    return error.kind === 'permanent' || (error.kind === 'fatal' && entry.place === undefined)
  }

  /** False where the record is nobody's any more and the disk does not take it either: it is refused again later. */
  async #refuse(entry: Entry, error: MillraceError): Promise<boolean> {
    try {
      if (await this.#spooling?.setAside(entry, error.message))
        this.#options.trouble(`A record from the spool was set aside: ${error.message}`)
    } catch (failure) {
      this.#options.trouble(`A record cannot be set aside (${error.message}): ${sentenceOf(failure)}`)
      return false
    }
    this.refused++
    entry.fail(error)
    return true
  }

  /** Trouble with the disk loses nothing: what was not passed is written again later, under the same eventId. */
  async #passed(entries: readonly Entry[]): Promise<void> {
    try {
      await this.#spooling?.pass(entries)
    } catch (error) {
      this.#options.trouble(`The spool cannot be written: ${sentenceOf(error)}`)
    }
  }

  async #pause(attempt: number): Promise<void> {
    const longest = Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(attempt, 10))
    await this.#after(longest / 2 + (Math.random() * longest) / 2)
  }

  /** Ends early where the delivery is stopped. */
  async #after(delayMs: number): Promise<void> {
    if (this.#stopped) return
    const { promise, resolve: wake } = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(delayMs, wake)
    this.#wakes.add(wake)
    await promise
    this.#wakes.delete(wake)
    cancel()
  }

  #fullError(): MillraceError {
    const { records, bytes } = this.#options
    const what =
      this.#spooling === undefined
        ? `The producer's memory is full (${this.#memory.length} records of ${records}, ${this.#memory.bytes} bytes of ${bytes})`
        : `The producer's spool is full (${this.#spooling.waiting} records, ${this.#spooling.bytes} bytes)`
    return downstreamError(
      'PRODUCER_FULL',
      `${what}: the record was not taken; write it later, or allow for more.`,
    )
  }

  #awayError(): MillraceError {
    return downstreamError('KAFKA_AWAY', `${this.away.reason}: the record was not taken; write it later.`)
  }
}

/** What is said to those who come too late. */
export function closedError(): MillraceError {
  return permanentError('PRODUCER_CLOSED', 'The producer was closed: the record was not taken.')
}

function leftError({ place }: Entry, written: string): MillraceError {
  if (place === undefined)
    return downstreamError(
      'PRODUCER_CLOSED',
      `The producer was closed before the record was acknowledged: it ${written} in its topic; write it again, with the same eventId.`,
    )
  return downstreamError(
    'PRODUCER_CLOSED',
    'The producer was closed before the record was acknowledged: it is in the spool, and the next producer with that folder writes it.',
  )
}
