import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { Verdict } from '../component/lineage.ts'
import { keyText, packRecords, plainRecord, type PackedRecords } from '../component/packed-records.ts'
import { kindOf } from '../errors.ts'
import type { HaltNotices } from './halt-notices.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerRun, RunOwner } from './ledger-run.ts'
import { editedRecord, LetterEdits } from './letter-edits.ts'
import { decodeParked, isParkedEntry, type LetterCommand, type ParkedEntry } from './letters.ts'
import type { Parking } from './parking.ts'
import { sizeOf } from './parking-limits.ts'
import { reach } from '../component/points.ts'

/** A letter in the parked partition that is neither processed nor discarded. */
interface OpenLetter {
  readonly run: LedgerRun
  readonly row: number
  readonly parkedOffset: number
  readonly key: string | undefined
  /** Of the record, in its own partition. */
  readonly offset: number
  /** Its size, by which it counts. */
  readonly bytes: number
}

/** Where parked partitions end; undefined for one of which it is not known. */
export type ParkedEnds = (partition: TopicPartition) => number | undefined

/** What the task does for its parked partition. */
export interface LetterActions {
  /** Sends a letter's record through the topology again, under its original position. */
  inject(records: PackedRecords, errand: LedgerRun): void
  /** Frees what was remembered of the discarded record at this offset, as a change of `run`, `row`. */
  forget(offset: number, run: LedgerRun, row: number): void
  /** The letter of the record at this offset comes to its end, as a change of `run`, `row`. */
  closed(offset: number, run: LedgerRun, row: number): void
  count(what: string, by: number): void
  /** A command could not be carried out, through no fault of a record. */
  failed(error: unknown): void
  /** Of this partition. */
  readonly halts: HaltNotices
}

/**
 * The parked partition as the second input of a task. Its ledger's frontier is the lowest open letter; letters stay
 * open in it, holding their key, until a command releases or discards them. A released letter goes through the topology
 * under its original position, one letter of a key after the other, as it is or as it was edited last; one that fails
 * again stays open.
 */
export class ParkedInput {
  readonly #log: Log
  readonly #ledger: Ledger
  readonly #parking: Parking
  /** Is told of letters that go through the topology again. */
  readonly #owner: RunOwner
  readonly #clock: Clock
  readonly #actions: LetterActions
  readonly #letters = new Map<number, OpenLetter>()
  readonly #edits = new LetterEdits()
  readonly #readers: (() => void)[] = []
  #commands: Promise<void> = Promise.resolve()
  #polling = false
  /** Where to read on: beyond the ledger's end where the log has gaps. */
  #next = 0
  /** True once all that there was at the beginning has been read. */
  #begun = false
  #stopping = false

  constructor(
    log: Log,
    ledger: Ledger,
    parking: Parking,
    owner: RunOwner,
    clock: Clock,
    actions: LetterActions,
  ) {
    this.#log = log
    this.#ledger = ledger
    this.#parking = parking
    this.#owner = owner
    this.#clock = clock
    this.#actions = actions
  }

  get partition(): TopicPartition {
    return this.#ledger.partition
  }

  /** Letters that are open. */
  get size(): number {
    return this.#letters.size
  }

  /** True while a command waits for letters that are on their way into the partition. */
  get busy(): boolean {
    return this.#readers.length > 0
  }

  /** Begins nothing more: a command that is under way ends after its letter, and is carried on in the next life. */
  stop(): void {
    this.#stopping = true
    this.#tellReaders()
  }

  /**
   * Reads what is new in the parked partition. The first time, before the first record of the source, it reads all
   * there is, however long the log may be away; later it then leaves it to the next call.
   *
   * @param end  where the partition ends, if the caller knows
   */
  async poll(end?: number): Promise<void> {
    if (this.#polling || this.#ledger.discarded) return
    this.#polling = true
    try {
      if (this.#begun) await this.#readOn(end)
      else await this.#insist(() => this.#readOn())
      this.#begun = true
      if (!this.#ledger.discarded) await this.#actions.halts.keep(this.#parking.halt)
    } catch (error) {
      if (kindOf(error) !== 'downstream') throw error
    } finally {
      this.#polling = false
    }
  }

  async #readOn(known?: number): Promise<void> {
    const end = known ?? (await this.#log.bounds(this.#ledger.partition)).end
    this.#next = Math.max(this.#next, this.#ledger.end)
    while (this.#next < end && !this.#ledger.discarded) {
      const { records, next } = await this.#log.fetch(this.#ledger.partition, this.#next, 1000)
      if (next <= this.#next) break
      this.#next = next
      if (records.count === 0) continue
      this.#read(records)
      this.#tellReaders()
    }
  }

  /** Does `work`, again and again while the log is away; undefined if the end came first. */
  async #insist<Answer>(work: () => Promise<Answer>): Promise<Answer | undefined> {
    for (let tries = 0; !this.#ledger.discarded && !this.#stopping; tries++) {
      try {
        return await work()
      } catch (error) {
        if (kindOf(error) !== 'downstream') throw error
        await new Promise<void>((resolve) => this.#clock.after(Math.min(10_000, 100 * 2 ** tries), resolve))
      }
    }
    return undefined
  }

  #tellReaders(): void {
    for (const resolve of this.#readers.splice(0)) resolve()
  }

  #read(records: PackedRecords): void {
    const run = this.#ledger.admit(records, this.#clock.now())
    for (let row = 0; row < records.count; row++) {
      if (!run.isOpen(row)) continue
      const key = keyText(records, row)
      const record = plainRecord(records, row)
      if (!isParkedEntry(record)) {
        this.#actions.count('strays', 1)
        run.judge(row, 'dropped')
        run.release(row)
        continue
      }
      const entry = decodeParked(record)
      if (entry.type === 'halt') {
        this.#actions.halts.read(entry.notice, run, row)
        continue
      }
      if (entry.type === 'command') {
        this.#enqueue(entry.command, key, run, row)
        continue
      }
      const parkedOffset = records.offsets[row]!
      if (entry.type === 'edit') {
        this.#edits.take(entry.edit.letter, { run, row, parkedOffset }, this.#letters.has(entry.edit.letter))
        continue
      }
      const bytes = sizeOf(entry.record)
      this.#letters.set(parkedOffset, { run, row, parkedOffset, key, offset: entry.info.offset, bytes })
      this.#parking.opened(key, entry.info, bytes)
    }
    run.unload()
  }

  /** A command is work under way: the task is not idle before it is through. */
  #enqueue(command: LetterCommand, key: string | undefined, run: LedgerRun, row: number): void {
    this.#owner.admitted(1)
    const carriedOut = this.#commands.then(() => this.#carryOut(command, key, run, row))
    this.#commands = carriedOut.then(
      () => this.#owner.settled('dropped'),
      (error: unknown) => this.#actions.failed(error),
    )
  }

  /** Carries a command out. It is settled when it is through, whether or not every letter is. */
  async #carryOut(
    command: LetterCommand,
    key: string | undefined,
    run: LedgerRun,
    row: number,
  ): Promise<void> {
    const whole = command.letters === undefined && key !== undefined
    // Letters that failed again, and keys that are blocked by them.
    const failed = new Set<string | number>()
    if (whole) this.#parking.releasing(key)
    while (!this.#ledger.discarded && !this.#stopping) {
      const letter = this.#nextFor(command, key, failed)
      if (letter !== undefined) {
        const closed = command.act === 'discard' ? this.#discard(letter) : await this.#release(letter)
        if (!closed) failed.add(letter.key ?? letter.parkedOffset)
        if (!closed && whole) break
      } else if (whole && this.#parking.holds(key)) {
        await this.#nextRead()
      } else break
    }
    if (this.#ledger.discarded) return
    if (whole) this.#parking.releaseEnded(key)
    if (this.#stopping) return
    run.judge(row, 'dropped')
    run.release(row)
  }

  /** Letters of the key are on their way into the partition: waits until something was read from it. */
  #nextRead(): Promise<void> {
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  /** The first letter that the command is about and that is still open. Map order is the order of the partition. */
  #nextFor(
    command: LetterCommand,
    key: string | undefined,
    failed: ReadonlySet<string | number>,
  ): OpenLetter | undefined {
    for (const letter of this.#letters.values()) {
      if (failed.has(letter.key ?? letter.parkedOffset)) continue
      if (command.letters === undefined ? letter.key === key : command.letters.includes(letter.parkedOffset))
        return letter
    }
    return undefined
  }

  #discard(letter: OpenLetter): boolean {
    this.#actions.forget(letter.offset, letter.run, letter.row)
    this.#actions.count('discarded', 1)
    this.#close(letter, 'discarded')
    return true
  }

  /** True when the letter was processed; false when it failed again, and with it all behind it. */
  async #release(letter: OpenLetter): Promise<boolean> {
    const records = await this.#recordOf(letter)
    if (records === undefined) return false
    const errand = this.#ledger.errand(records, this.#clock.now(), this.#owner, letter)
    const verdict = await new Promise<Verdict>((resolve) => {
      errand.whenSettled(0, resolve)
      this.#actions.inject(records, errand)
    })
    reach('released')
    if (verdict === 'parked') {
      this.#actions.count('failedAgain', 1)
      return false
    }
    if (verdict === 'skipped') this.#actions.forget(letter.offset, letter.run, letter.row)
    this.#actions.count('released', 1)
    this.#close(letter, verdict)
    return true
  }

  /** The record of a letter, or of its edit, under its original position. */
  async #recordOf({ parkedOffset }: OpenLetter): Promise<PackedRecords | undefined> {
    const letter = await this.#entryAt(parkedOffset)
    if (letter?.type !== 'letter') return undefined
    const { info, record } = letter
    const { topic, partition } = this.#ledger.partition
    const place = this.#edits.of(parkedOffset)
    const edit = place && (await this.#entryAt(place.parkedOffset))
    if (place !== undefined && edit?.type !== 'edit') return undefined
    const from = `${topic}/${partition}@${parkedOffset}`
    const told = edit?.type === 'edit' ? editedRecord(record, edit.edit, edit.value, from) : record
    return packRecords(info.topic, info.partition, [told], info.offset)
  }

  async #entryAt(parkedOffset: number): Promise<ParkedEntry | undefined> {
    const stored = await this.#insist(() => this.#log.fetch(this.#ledger.partition, parkedOffset, 1))
    return stored && decodeParked(plainRecord(stored.records, 0))
  }

  #close(letter: OpenLetter, verdict: Verdict): void {
    this.#letters.delete(letter.parkedOffset)
    this.#edits.closed(letter.parkedOffset)
    this.#actions.closed(letter.offset, letter.run, letter.row)
    letter.run.judge(letter.row, verdict)
    letter.run.release(letter.row)
    this.#parking.closed(letter.key, letter.bytes)
  }
}
