import type { Due } from '../../contracts/owing.ts'
import type { KeyValueStore } from '../../contracts/state.ts'
import type { Lineage } from '../../lineage.ts'
import { Deadlines } from '../aggregate/deadlines.ts'
import { Held } from './held.ts'

/** What a re-sequencing is made with. */
export interface SequencesOptions {
  /** How long a record waits for those before it, milliseconds of the clock. */
  readonly within: number
  /** The number that a key begins with; undefined: with the lowest that came within the wait. */
  readonly first: number | undefined
  /** So many records of a key wait at most: with one more, the gap before the lowest is given up at once. */
  readonly most: number
  readonly now: () => number
  /** By key and number the records that wait; by key the next number. */
  readonly entries: KeyValueStore
}

/** A record that waits, as it is stored. */
export interface HeldRecord {
  /** When it came, milliseconds since 1970 by the worker's clock. */
  readonly a: number
  /** Event time, milliseconds since 1970. */
  readonly t: number
  readonly v: unknown
}

/** Numbers that did not come in time: `from` to `to`, both inclusive. */
export interface Gap {
  readonly from: number
  readonly to: number
}

/** What is sent on: a record in its turn, or a gap. */
export type Sent = { readonly record: unknown } | { readonly gap: Gap }

// Entries: `r|17|key` a record that waits, `n|key` the next number of a key, `@applied/0/17` a position whose letter is open.
const recordId = (key: string, number: number): string => `r|${number}|${key}`
const nextId = (key: string): string => `n|${key}`
const MARK = '@applied/'
const markId = (input: number, offset: number): string => `${MARK}${input}/${offset}`

/**
 * The records of one partition that wait for their turn, and what is owed by those whose turn has come. Records put
 * themselves into the open layer; what is sent follows from the committed layer, the clock, and what was sent before.
 *
 * Who changes what: records their own entry, once; the slot of what was sent deletes it, and sets the next number. So the
 * main output has ascending numbers for each key whatever crashes: the next number is committed with the
 * acknowledgement, and what was sent and not acknowledged is sent again, from there on.
 */
export class Sequences {
  readonly #options: SequencesOptions
  readonly #entries: KeyValueStore
  readonly #keys = new Map<string, Held>()
  /** Keys that may owe something. */
  readonly #candidates = new Set<string>()
  /** When the record that waits longest in a key is to be given up on. */
  readonly #deadlines = new Deadlines()
  readonly #marks = new Set<string>()

  constructor(options: SequencesOptions) {
    this.#options = options
    this.#entries = options.entries
    options.entries.watch((id, value) => this.#committed(id, value))
  }

  /**
   * Takes a record in. False where its turn is over (a number that was sent, was given up, or is held by a twin): nothing
   * has changed then.
   */
  apply(key: string, number: number, record: HeldRecord, lineage: Lineage, row: number): boolean {
    const id = recordId(key, number)
    if (number < (this.#nextOf(key) ?? Number.NEGATIVE_INFINITY) || this.#entries.get(id) !== undefined)
      return false
    this.#entries.put(id, record, lineage, row)
    this.#heldOf(key).take(number)
    return true
  }

  /** The number below which nothing of the key is sent any more. */
  #nextOf(key: string): number | undefined {
    const held = this.#keys.get(key)
    const stored = this.#entries.get(nextId(key)) as number | undefined
    return held?.promised ?? stored ?? this.#options.first
  }

  wasApplied(input: number, offset: number): boolean {
    return this.#marks.size > 0 && this.#marks.has(markId(input, offset))
  }

  /** Notes that a record was taken in whose letter is, or may be, still there. */
  mark(input: number, offset: number, lineage: Lineage, row: number): void {
    this.#marks.add(markId(input, offset))
    this.#entries.put(markId(input, offset), true, lineage, row)
  }

  letterClosed(input: number, offset: number, lineage: Lineage, row: number): void {
    if (!this.#marks.delete(markId(input, offset))) return
    this.#entries.delete(markId(input, offset), lineage, row)
  }

  #committed(id: string, value: unknown): void {
    if (id.startsWith('r|')) return this.#changed(id, value as HeldRecord | undefined)
    if (id.startsWith(MARK) && value !== undefined && this.#entries.get(id) !== undefined) this.#marks.add(id)
  }

  #changed(id: string, record: HeldRecord | undefined): void {
    const at = id.indexOf('|', 2)
    const number = Number(id.slice(2, at))
    const key = id.slice(at + 1)
    if (record === undefined) {
      const held = this.#keys.get(key)
      held?.remove(number)
      if (held?.idle === true) this.#keys.delete(key)
      return
    }
    const held = this.#heldOf(key)
    held.add(number, record.a)
    held.stuck = false
    this.#candidates.add(key)
    this.#deadlines.add(record.a + this.#options.within, key)
  }

  #heldOf(key: string): Held {
    let held = this.#keys.get(key)
    if (held === undefined) this.#keys.set(key, (held = new Held()))
    return held
  }

  /** True while something may be due that was not asked for yet. */
  get owes(): boolean {
    return this.#candidates.size > 0
  }

  /** The next things that are owed, those of a key in their order; at most `most`. */
  due(most: number): Due[] {
    this.#expire()
    const due: Due[] = []
    for (const key of this.#candidates) {
      if (due.length >= most) break
      const held = this.#keys.get(key)
      if (held !== undefined) due.push(...this.#dueOf(key, held, most - due.length))
      // What is left waits for other records, for its time, or for what is under way.
      if (due.length < most) this.#candidates.delete(key)
    }
    return due
  }

  /** Keys whose oldest record has waited long enough may owe something now. */
  #expire(): boolean {
    const now = this.#options.now()
    let some = false
    while ((this.#deadlines.next ?? Number.POSITIVE_INFINITY) <= now) {
      const key = this.#deadlines.take()!
      const held = this.#keys.get(key)
      if (held === undefined || held.stuck || held.waiting === 0) continue
      this.#candidates.add(key)
      some = true
    }
    return some
  }

  #dueOf(key: string, held: Held, most: number): Due[] {
    const due: Due[] = []
    // What is under way of a key is one run: where a sink refuses one of them, those behind it are held back.
    if (held.stuck || held.gapUnderWay || held.underWay > 0) return due
    held.promised ??= this.#nextOf(key)
    while (due.length < most) {
      const number = held.lowest
      if (number === undefined) break
      const next = held.promised
      if (next === undefined || number > next) {
        // What is before the gap comes first; then the gap is told, and when that is known what is behind it.
        if (due.length > 0 || !this.#isOver(held)) break
        // Numbers that came meanwhile are no gap, and have their turn when they are committed.
        const lowest = Math.min(number, held.lowestTaken)
        if (next !== undefined && lowest > next)
          due.push(this.#gap(key, held, { from: next, to: lowest - 1 }, number))
        if (next !== undefined || lowest < number) break
      }
      due.push(this.#record(key, held, number))
    }
    return due
  }

  /** Whether the wait for what is missing is over. */
  #isOver(held: Held): boolean {
    const { within, most, now } = this.#options
    return held.waiting > most || (held.oldest ?? Number.POSITIVE_INFINITY) + within <= now()
  }

  #record(key: string, held: Held, number: number): Due {
    const id = recordId(key, number)
    const { t, v } = this.#entries.committedValue(id) as HeldRecord
    held.send(number)
    held.promised = number + 1
    const value: Sent = { record: v }
    return {
      emission: { key: Buffer.from(key, 'latin1'), timestamp: t, value },
      settle: (verdict, lineage, row) => {
        if (verdict === 'parked') {
          held.refused(number)
          return this.#failed(key, held, number)
        }
        held.remove(number)
        this.#entries.delete(id, lineage, row)
        this.#advance(key, held, number + 1, lineage, row)
      },
    }
  }

  /** The gap has the time of the record that waits behind it. */
  #gap(key: string, held: Held, gap: Gap, behind: number): Due {
    const { t } = this.#entries.committedValue(recordId(key, behind)) as HeldRecord
    held.gapUnderWay = true
    held.promised = gap.to + 1
    const value: Sent = { gap }
    return {
      emission: { key: Buffer.from(key, 'latin1'), timestamp: t, value },
      settle: (verdict, lineage, row) => {
        held.gapUnderWay = false
        if (verdict === 'parked') return this.#failed(key, held, gap.from)
        this.#advance(key, held, gap.to + 1, lineage, row)
      },
    }
  }

  /** What failed stays owed, and all of its key behind it: until a record of the key comes, and in the next life. */
  #failed(key: string, held: Held, number: number): void {
    if (held.promised === undefined || number < held.promised) {
      held.stuck = true
      held.promised = number
    } else if (!held.stuck) {
      // It was held back, and a record came meanwhile.
      this.#candidates.add(key)
    }
  }

  #advance(key: string, held: Held, next: number, lineage: Lineage, row: number): void {
    const known = this.#entries.get(nextId(key)) as number | undefined
    if (known === undefined || known < next) this.#entries.put(nextId(key), next, lineage, row)
    // What waits behind it is looked at after the commit.
    if (held.waiting > 0) this.#candidates.add(key)
  }

  /**
   * The wait of some records is over, and no commit is under way that would show it: something without a record, whose
   * commit does.
   */
  tick(): Due | undefined {
    if (!this.#expire()) return undefined
    return { emission: undefined, settle: () => undefined }
  }

  /** Records that wait or are on their way out. */
  get size(): number {
    let size = 0
    for (const held of this.#keys.values()) size += held.waiting + held.underWay
    return size
  }
}
