import type { Clock } from '../component/contracts/clock.ts'
import type { OutgoingRecord } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import { plainRecord, type PlainRecord } from '../component/packed-records.ts'
import { asMillraceError, sentenceOf } from '../errors.ts'
import { encodeDeadLetter } from './dead-letters.ts'
import type { Failure } from './failures.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerRun } from './ledger-run.ts'
import { cutText, LetterFacts, longest, thrown } from './letter-facts.ts'
import { ParkingLimits, sizeOf, type ParkingHalt } from './parking-limits.ts'
import type { ErrorSettings } from '../topology/plan-types.ts'
import { deadLetterTopic, encodeLetter, type LetterInfo } from './letters.ts'

/** A record that was parked, but whose letter is not committed yet. */
interface PendingLetter {
  readonly run: LedgerRun
  readonly row: number
  readonly offset: number
  readonly key: string | undefined
  readonly info: LetterInfo
  readonly record: PlainRecord
  /** For the dead letter alone. */
  readonly stack: string | undefined
}

/** Why a record is parked. */
type Why = Pick<
  LetterInfo,
  | 'node'
  | 'follower'
  | 'kind'
  | 'code'
  | 'message'
  | 'attempts'
  | 'firstFailure'
  | 'lastFailure'
  | 'exception'
>

/** Why a key is blocked. */
interface BlockedKey {
  /** Offset of its first parked record: later ones must wait behind it. */
  from: number
  /** Letters that are not committed yet, and letters in the parked partition that are open. */
  pending: number
  open: number
  /** What the first letter said, for the followers. */
  readonly first: LetterInfo
  /** Set while the key is being released: records that come in now wait for the last letter. */
  waiting: RecordBatch[] | undefined
}

export interface ParkingOptions {
  readonly group: string
  readonly source: TopicPartition
  /** Where the letters go. */
  readonly target: TopicPartition
  readonly ledger: Ledger
  readonly clock: Clock
  /** How much may be parked. */
  readonly limits: ErrorSettings['parking']
  /** Set where nothing may come in at all. */
  readonly shut?: ParkingHalt | undefined
  readonly trouble: (sentence: string) => void
  /** Takes a record that waited for its key to be free. */
  readonly resume: (batch: RecordBatch) => void
}

/**
 * The records of one source partition that were given up, until they are committed as letters; and the keys that they
 * block. Records of a blocked key never reach a sink: they become letters behind the first one.
 *
 * A letter is sealed only when every earlier record of its key that was under way is settled, so that the letters of
 * a key are in the parked partition in the order of their offsets, however they were parked.
 */
export class Parking {
  readonly #group: string
  readonly #source: TopicPartition
  readonly #target: TopicPartition
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #resume: (batch: RecordBatch) => void
  readonly #facts = new LetterFacts()
  readonly #limits: ParkingLimits
  readonly #shut: ParkingHalt | undefined
  readonly #blocked = new Map<string, BlockedKey>()
  readonly #pending = new Map<LedgerRun, Map<number, PendingLetter>>()
  /** Offsets of records whose letters were sealed in this life and not yet read back. */
  readonly #awaited = new Set<number>()
  #open = 0

  constructor(options: ParkingOptions) {
    this.#group = options.group
    this.#source = options.source
    this.#target = options.target
    this.#ledger = options.ledger
    this.#clock = options.clock
    this.#resume = options.resume
    this.#limits = new ParkingLimits(options)
    this.#shut = options.shut
  }

  /** Where the letters go. */
  get target(): TopicPartition {
    return this.#target
  }

  /** Keys that are blocked now. */
  get keys(): number {
    return this.#blocked.size
  }

  /** Letters that are committed and open. */
  get letters(): number {
    return this.#open
  }

  /** Bytes of letters, committed or not. */
  get bytes(): number {
    return this.#limits.bytes
  }

  /** Set while so much is parked that nothing more is to come in. */
  get halt(): ParkingHalt | undefined {
    return this.#shut ?? this.#limits.halt
  }

  /** True if an earlier record of its key is parked. */
  blocks(key: string | undefined, offset: number): boolean {
    if (key === undefined || this.#blocked.size === 0) return false
    const blocked = this.#blocked.get(key)
    return blocked !== undefined && offset > blocked.from
  }

  /** Parks a record that failed. Takes its token. */
  park(batch: RecordBatch, i: number, failure: Failure): void {
    const error = asMillraceError(failure.error, 'PROCESSOR_FAILED')
    const { stack, exception } = thrown(failure.error)
    const why: Why = {
      node: failure.node,
      follower: false,
      kind: error.kind,
      code: error.code,
      message: cutText(sentenceOf(error), longest.message),
      attempts: failure.attempts,
      firstFailure: failure.firstFailure,
      lastFailure: this.#clock.now(),
      exception,
    }
    this.#add(batch, i, why, stack)
  }

  /** Parks a record because an earlier one of its key is. Takes its token. */
  follow(batch: RecordBatch, i: number): void {
    const first = this.#blocked.get(batch.keyText(i) ?? '')?.first
    const now = this.#clock.now()
    this.#add(batch, i, {
      node: first?.node ?? '',
      follower: true,
      kind: first?.kind ?? 'record',
      code: first?.code ?? 'RECORD_INVALID',
      message: cutText(`An earlier record of this key is parked: ${first?.message ?? ''}`, longest.message),
      attempts: 0,
      firstFailure: now,
    })
  }

  #add(batch: RecordBatch, i: number, why: Why, stack?: string): void {
    const { records, lineage, codec } = batch.origin
    const row = batch.lineageRow(i)
    const offset = batch.offset(i)
    const key = batch.keyText(i)
    const run = lineage as LedgerRun
    // A record of which several pieces failed is one letter: the first failure is the one that is told.
    if (this.#pending.get(run)?.has(row) !== true) {
      const record = copyOf(plainRecord(records, batch.rows[i]!))
      const info: LetterInfo = {
        ...this.#source,
        ...why,
        ...this.#facts.of(record, codec),
        offset,
        group: this.#group,
        timestamp: record.timestamp,
        parkedAt: this.#clock.now(),
      }
      this.#remember({ run, row, offset, key, info, record, stack })
      this.#block(key, offset, info)
      this.#limits.added(key, sizeOf(record))
    }
    lineage.judge(row, 'parked')
    lineage.release(row)
  }

  #remember(letter: PendingLetter): void {
    const rows = this.#pending.get(letter.run)
    if (rows === undefined) this.#pending.set(letter.run, new Map([[letter.row, letter]]))
    else rows.set(letter.row, letter)
  }

  #block(key: string | undefined, offset: number, info: LetterInfo): void {
    if (key === undefined) return
    const blocked = this.#blocked.get(key)
    if (blocked === undefined) {
      this.#blocked.set(key, { from: offset, pending: 1, open: 0, first: info, waiting: undefined })
      return
    }
    blocked.pending++
    blocked.from = Math.min(blocked.from, offset)
  }

  /** Whether the letter of this parked record may be in the cut now. */
  maySeal(run: LedgerRun, row: number): boolean {
    const letter = this.#pending.get(run)?.get(row)
    if (letter?.key === undefined) return true
    const { key, offset } = letter
    return !this.#ledger.someOpenBelow(offset, (other) => other === key)
  }

  /** The letters of the cut that was just sealed, in the order of their offsets. `visit` is told of each of them. */
  seal(visit?: (offset: number, run: LedgerRun, row: number) => void): OutgoingRecord[] {
    const sealed: PendingLetter[] = []
    for (const [run, rows] of this.#pending) {
      for (const [row, letter] of rows) {
        if (!run.isSealed(row)) continue
        sealed.push(letter)
        rows.delete(row)
        this.#awaited.add(letter.offset)
        visit?.(letter.offset, run, row)
      }
      if (rows.size === 0) this.#pending.delete(run)
    }
    sealed.sort((a, b) => a.offset - b.offset)
    return sealed.flatMap((letter) => this.#outgoing(letter))
  }

  #outgoing(letter: PendingLetter): OutgoingRecord[] {
    const record = encodeLetter(letter.info, letter.record)
    const parked = { ...record, ...this.#target }
    if (letter.info.follower) return [parked]
    const dead = encodeDeadLetter(letter.info, letter.record, letter.stack)
    return [parked, { ...dead, topic: deadLetterTopic(this.#source.topic) }]
  }

  /** A letter of so many bytes was read from the parked partition: it is open. */
  opened(key: string | undefined, info: LetterInfo, bytes: number): void {
    this.#open++
    const known = this.#awaited.delete(info.offset)
    if (!known) this.#limits.added(key, bytes)
    if (key === undefined) return
    const blocked = this.#blocked.get(key)
    if (blocked === undefined) {
      this.#blocked.set(key, { from: info.offset, pending: 0, open: 1, first: info, waiting: undefined })
      return
    }
    blocked.open++
    if (known) blocked.pending--
    blocked.from = Math.min(blocked.from, info.offset)
  }

  /** A letter is closed: processed or discarded. The key is free when none is left. */
  closed(key: string | undefined, bytes: number): void {
    this.#open--
    this.#limits.removed(key, bytes)
    const blocked = key === undefined ? undefined : this.#blocked.get(key)
    if (blocked === undefined) return
    blocked.open--
    this.#freeIfEmpty(key!, blocked)
  }

  #freeIfEmpty(key: string, blocked: BlockedKey): void {
    if (blocked.open > 0 || blocked.pending > 0) return
    this.#blocked.delete(key)
    for (const batch of blocked.waiting ?? []) this.#resume(batch)
  }

  /** True while letters that were sealed in this life are not read back. */
  get awaits(): boolean {
    return this.#awaited.size > 0
  }

  /** True while the key has letters, committed or not. */
  holds(key: string | undefined): boolean {
    return key !== undefined && this.#blocked.has(key)
  }

  /** The key is being released: records of it that come in from now on wait, instead of being parked. */
  releasing(key: string): void {
    const blocked = this.#blocked.get(key)
    if (blocked !== undefined) blocked.waiting ??= []
  }

  /** The release came to an end before the last letter: what waited for it is parked. */
  releaseEnded(key: string): void {
    const blocked = this.#blocked.get(key)
    const waiting = blocked?.waiting ?? []
    if (blocked !== undefined) blocked.waiting = undefined
    for (const batch of waiting) this.follow(batch, 0)
  }

  /** For a record that comes in: takes it if its key is blocked. */
  takes(batch: RecordBatch, i: number): boolean {
    const key = batch.keyText(i)
    if (!this.blocks(key, batch.offset(i))) return false
    const { waiting } = this.#blocked.get(key!)!
    if (waiting === undefined) this.follow(batch, i)
    else waiting.push(batch.detached(i))
    return true
  }
}

/** The record with its own bytes, since its batch may go. */
function copyOf(record: PlainRecord): PlainRecord {
  return {
    key: record.key === null ? null : Buffer.from(record.key),
    value: record.value === null ? null : Buffer.from(record.value),
    headers: record.headers.map(({ name, value }) => ({
      name,
      value: value === null ? null : Buffer.from(value),
    })),
    timestamp: record.timestamp,
  }
}
