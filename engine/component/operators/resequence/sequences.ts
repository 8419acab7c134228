import type { Due, Emission } from '../../contracts/owing.ts'
import type { KeyValueStore } from '../../contracts/state.ts'
import type { Lineage } from '../../lineage.ts'
import { Deadlines } from '../aggregate/deadlines.ts'
import { unstored } from '../aggregate/stored-values.ts'
import type { HeldType, HeldTypes } from '../held-types.ts'
import { LetterMarks } from '../letter-marks.ts'
import { sizeOf } from '../size-of.ts'
import { unstoredHeaders, type StoredHeader } from '../stored-headers.ts'
import { Held } from './held.ts'
import { IdleKeys } from './idle-keys.ts'

/** What a re-sequencing is made with. */
export interface SequencesOptions {
  /** How long a record waits for those before it, milliseconds of the clock. */
  readonly within: number
  /** The number that a key begins with; undefined: with the lowest that came within the wait. */
  readonly first: number | undefined
  /** So many records of a key wait at most: with one more, the gap before the lowest is given up at once. */
  readonly most: number
  /** Bytes of records that wait, about; above that nothing more is read, and gaps are given up, the oldest first. */
  readonly memory: number
  /** The next number of a key is forgotten when nothing of it came for so long (milliseconds); undefined: never. */
  readonly forget: number | undefined
  readonly now: () => number
  /** By key and number the records that wait; by key the next number. */
  readonly entries: KeyValueStore
  /** Of the records that wait. */
  readonly types: HeldTypes
}

/** What an entry says: of a record that waits its key and number, of a key its next number; undefined for what is neither. */
export function shownSequence(id: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
  const key = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')
  if (id.startsWith('n|')) return { key: key(id.slice(2)), next: (value as Next)[0] }
  const at = id.indexOf('|', 2)
  return id.startsWith('r|') ? { key: key(id.slice(at + 1)), waits: Number(id.slice(2, at)) } : undefined
}

/** A record that waits, as it is stored. */
export interface HeldRecord extends HeldType {
  /** When it came, milliseconds since 1970 by the worker's clock. */
  readonly a: number
  /** Event time, milliseconds since 1970. */
  readonly t: number
  readonly v: unknown
  readonly h?: readonly StoredHeader[]
}

/** The number that is sent next, and when the one before it was acknowledged. */
type Next = readonly [number: number, at: number]

/** Numbers that did not come in time: `from` to `to`, both inclusive. */
export interface Gap {
  readonly from: number
  readonly to: number
}

/** What is sent on: a record in its turn, or a gap. */
export type Sent = { readonly record: unknown } | { readonly gap: Gap }

// Entries: `r|17|key` a record that waits, `n|key` the next number of a key; schemas of records; marks of letters.
const recordId = (key: string, number: number): string => `r|${number}|${key}`
const nextId = (key: string): string => `n|${key}`
/** What V8 needs for an entry besides, roughly. */
const entryBytes = 200
/** How often what was refused is tried again where too much waits. */
const retryMs = 10_000

/**
 * The records of one partition that wait for their turn, and what is owed by those whose turn has come. Records put
 * themselves into the open layer; what is sent follows from the committed layer, the clock, and what was sent before.
 *
 * Who changes what: records their own entry, once; the slot of what was sent deletes it, and sets the next number. So the
 * main output has ascending numbers for each key whatever crashes: the next number is committed with the
 * acknowledgement, and what was sent and not acknowledged is sent again, from there on.
 */
export class Sequences {
  readonly marks: LetterMarks
  readonly #options: SequencesOptions
  readonly #entries: KeyValueStore
  readonly #keys = new Map<string, Held>()
  /** Keys that may owe something. */
  readonly #candidates = new Set<string>()
  /** When the record that waits longest in a key is to be given up on. */
  readonly #deadlines = new Deadlines()
  readonly #idle: IdleKeys
  /** Bytes of what waits or is under way, about. */
  #bytes = 0
  #full = false
  /** Things that are sent and not acknowledged. */
  #underWay = 0
  /** When what was refused may be tried again for want of room. */
  #retryAt = 0

  constructor(options: SequencesOptions) {
    this.#options = options
    this.#entries = options.entries
    this.#idle = new IdleKeys(options.forget)
    this.marks = new LetterMarks(options.entries)
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
    return held?.promised ?? this.#storedNext(key)?.[0] ?? this.#options.first
  }

  #storedNext(key: string): Next | undefined {
    return this.#entries.get(nextId(key)) as Next | undefined
  }

  #committed(id: string, value: unknown): void {
    if (id.startsWith('r|')) return this.#changed(id, value as HeldRecord | undefined)
    if (id.startsWith('n|') && value !== undefined) return this.#idle.saw(id.slice(2), (value as Next)[1])
    if (!this.#options.types.committed(id, value)) this.marks.committed(id, value)
  }

  #changed(id: string, record: HeldRecord | undefined): void {
    const at = id.indexOf('|', 2)
    const number = Number(id.slice(2, at))
    const key = id.slice(at + 1)
    if (record === undefined) {
      const held = this.#keys.get(key)
      this.#bytes -= held?.remove(number) ?? 0
      if (held?.idle === true) this.#keys.delete(key)
      return
    }
    const held = this.#heldOf(key)
    const bytes = entryBytes + 2 * key.length + sizeOf(record.v) + sizeOf(record.h)
    this.#bytes += bytes
    held.add(number, record.a, bytes)
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

  /** True from when too much waits until a fifth of the room is free again. */
  get saturated(): boolean {
    const { memory } = this.#options
    this.#full = this.#bytes > (this.#full ? 0.8 * memory : memory)
    return this.#full
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
    this.#forget(most, due)
    return due
  }

  /** Keys of which nothing came for long. */
  #forget(most: number, due: Due[]): void {
    const now = this.#options.now()
    while (due.length < most) {
      const key = this.#idle.take(now)
      if (key === undefined) return
      const next = this.#entries.committedValue(nextId(key)) as Next | undefined
      if (next === undefined) continue
      if (this.#idle.isOver(next[1], now) && !this.#keys.has(key)) due.push(this.#forgetting(key, next))
      else this.#idle.saw(key, this.#keys.has(key) ? now : next[1])
    }
  }

  #forgetting(key: string, next: Next): Due {
    return {
      emission: undefined,
      settle: (_verdict, lineage, row) => {
        // A record of it may have come meanwhile.
        if (this.#keys.has(key)) this.#idle.saw(key, this.#options.now())
        else if (this.#storedNext(key) === next) this.#entries.delete(nextId(key), lineage, row)
      },
    }
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
    return this.#makeRoom() || some
  }

  /** Where too much waits and nothing of it is on its way out, the gaps that were waited for longest are given up. */
  #makeRoom(): boolean {
    if (!this.saturated || this.#underWay > 0 || this.#candidates.size > 0) return false
    const { memory, within } = this.#options
    let excess = this.#bytes - 0.8 * memory
    const forced = new Map<string, Held>()
    while (excess > 0 && this.#deadlines.size > 0) {
      const key = this.#deadlines.take()!
      const held = this.#keys.get(key)
      if (held === undefined || held.stuck || held.waiting === 0 || forced.has(key)) continue
      forced.set(key, held)
      excess -= held.bytes
    }
    for (const [key, held] of forced) {
      held.forced = true
      this.#candidates.add(key)
      this.#deadlines.add(held.oldest! + within, key)
    }
    return forced.size > 0 || this.#retry()
  }

  /** No record comes any more that would have what was refused sent again: it is, now and then. */
  #retry(): boolean {
    const now = this.#options.now()
    if (now < this.#retryAt) return false
    this.#retryAt = now + retryMs
    for (const [key, held] of this.#keys) {
      if (!held.stuck) continue
      held.stuck = false
      this.#candidates.add(key)
    }
    return this.#candidates.size > 0
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
    return held.forced || held.waiting > most || (held.oldest ?? Number.POSITIVE_INFINITY) + within <= now()
  }

  #record(key: string, held: Held, number: number): Due {
    const id = recordId(key, number)
    const record = this.#entries.committedValue(id) as HeldRecord
    held.send(number)
    held.promised = number + 1
    held.forced = false
    this.#underWay++
    return {
      emission: this.#emission(key, record),
      settle: (verdict, lineage, row) => {
        this.#underWay--
        if (verdict === 'parked') {
          held.refused(number)
          return this.#failed(key, held, number)
        }
        held.done(number)
        this.#entries.delete(id, lineage, row)
        this.#advance(key, held, number + 1, lineage, row)
      },
    }
  }

  #emission(key: string, record: HeldRecord): Emission {
    const { types } = this.#options
    const held = unstored(record.v)
    const value: Sent = { record: types.renewed(record, held) }
    const headers = unstoredHeaders(record.h)
    return { key, timestamp: record.t, value, headers, type: types.typeOf(record, held) }
  }

  /** The gap has the time of the record that waits behind it. */
  #gap(key: string, held: Held, gap: Gap, behind: number): Due {
    const { t } = this.#entries.committedValue(recordId(key, behind)) as HeldRecord
    held.gapUnderWay = true
    this.#underWay++
    held.promised = gap.to + 1
    const value: Sent = { gap }
    return {
      emission: { key, timestamp: t, value },
      settle: (verdict, lineage, row) => {
        held.gapUnderWay = false
        this.#underWay--
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
    const known = this.#storedNext(key)?.[0] ?? Number.NEGATIVE_INFINITY
    if (known < next) this.#entries.put(nextId(key), [next, this.#options.now()], lineage, row)
    // What waits behind it is looked at after the commit.
    if (held.waiting > 0) this.#candidates.add(key)
  }

  /**
   * The wait of some records is over, or a key is to be forgotten, and no commit is under way that would show it: something
   * without a record, whose commit does.
   */
  tick(): Due | undefined {
    if (!this.#expire() && !this.#idle.some(this.#options.now())) return undefined
    return { emission: undefined, settle: () => undefined }
  }

  /** Records that wait or are on their way out. */
  get size(): number {
    let size = 0
    for (const held of this.#keys.values()) size += held.waiting + held.underWay
    return size
  }
}
