import type { Due } from '../../contracts/owing.ts'
import type { KeyValueStore } from '../../contracts/state.ts'
import type { Lineage } from '../../lineage.ts'
import { Deadlines } from '../aggregate/deadlines.ts'
import { unstored } from '../aggregate/stored-values.ts'
import type { HeldType, HeldTypes } from '../held-types.ts'
import { LetterMarks } from '../letter-marks.ts'
import { sizeOf } from '../size-of.ts'
import { unstoredHeaders, type StoredHeader } from '../stored-headers.ts'

/** What a set of timers is made with. */
export interface TimersOptions {
  /** How long after it is due, by the time that counts, a timer may still be changed: milliseconds. */
  readonly grace: number
  /** `event`: the times of the records; `wall`: the worker's clock, as far as everything has been read. */
  readonly clock: 'event' | 'wall'
  /** Without records for so long (milliseconds), time goes on with the clock; undefined: it waits for records. */
  readonly idle: number | undefined
  /** Which of two records counts that set the same timer. */
  readonly keep: 'first' | 'last'
  /** The field of what is sent that holds the due time. What an earlier release stored has it already. */
  readonly as?: string | undefined
  readonly now: () => number
  /** By name the timers; and how far time has come. */
  readonly entries: KeyValueStore
  /** Of the records that wait. */
  readonly types: HeldTypes
}

/** A timer, as it is stored. */
export interface Timer extends HeldType {
  /** When it is due (for the first time), milliseconds since 1970. */
  readonly d: number
  /** How often it is due in all, if more than once; and how long after the time before. */
  readonly k?: number
  readonly e?: number
  /** What is sent then. */
  readonly v: unknown
  readonly h?: readonly StoredHeader[]
}

/** A record that sets a timer, or takes it away. */
export interface Setting {
  /** Of the timer: see {@link timerName}. */
  readonly name: string
  /** Event time of the record, milliseconds since 1970. */
  readonly time: number
  /** Position of the record, of which no two have the same. */
  readonly at: string
  /** undefined: the timer that there is goes away. */
  readonly timer: Timer | undefined
}

/** What tells timers apart: the key of their records, as `keyText` has it, and an id within that. */
export function timerName(key: string, id: string | undefined): string {
  return `${key.length}|${key}|${id ?? ''}`
}

// Entries: `t|name` the timer of that name, `u|0/17|name` another one of that name, set while the first was over and not yet
// sent; `@sent|` and one of these how often a timer was sent that is due again; `@time` how far records have moved time, `@clock` how far the clock has; schemas of records; marks of letters.
const TIME = '@time'
const CLOCK = '@clock'
const SENT = '@sent|'
const sentId = (id: string): string => SENT + id
const timerId = (name: string): string => `t|${name}`
const otherId = (name: string, at: string): string => `u|${at}|${name}`
const isTimer = (id: string): boolean => id.startsWith('t|') || id.startsWith('u|')
const nameOf = (id: string): string => id.slice(id.startsWith('t|') ? 2 : id.indexOf('|', 2) + 1)
/** What V8 needs for an entry besides, roughly. */
const entryBytes = 200
/** Timers that are due and that nobody takes: above so many bytes no more is read. */
const mostDueBytes = 64 * 1024 * 1024
/** How often what was refused is tried again then. */
const retryMs = 10_000

/** What an entry says: the key of a timer, its id where it has one, when it is due, and what is sent then; else undefined. */
export function shownTimer(id: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isTimer(id)) return undefined
  const { key, id: own } = partsOf(nameOf(id))
  const { d, k, v } = value as Timer
  const times = k === undefined ? {} : { times: k }
  return { key: key.toString('utf8'), ...(own !== '' && { id: own }), due: d, ...times, value: unstored(v) }
}

/** How often a timer is due in all. */
const timesOf = ({ k = 1 }: Timer): number => k

/** When it is due for the nth time, from 0 on. */
const dueTime = ({ d, e = 0 }: Timer, n: number): number => d + n * e

/** How often it is due up to a time, that time included. */
function timesUpTo(timer: Timer, time: number): number {
  const { d, e } = timer
  if (time < d) return 0
  return e === undefined ? 1 : Math.min(timesOf(timer), Math.floor((time - d) / e) + 1)
}

/** What {@link timerName} was given. */
function partsOf(name: string): { readonly key: Buffer; readonly id: string } {
  const from = name.indexOf('|') + 1
  const to = from + Number(name.slice(0, from - 1))
  return { key: Buffer.from(name.slice(from, to), 'latin1'), id: name.slice(to + 1) }
}

/**
 * The timers of one partition. Each record first moves time on. A timer is over when time has come to its end: nothing
 * changes it any more, and it is owed once that is committed. So what is sent is a matter of the records and their order
 * alone, whenever commits and crashes come, except where the clock moves time.
 *
 * One that is due several times is over when the last time is. Before, a record that takes it away, or sets it anew, leaves of
 * it the times that are over: whether these were sent already is no matter to it. One time is under way at once.
 *
 * Who changes what: records put and delete timers that are not over, and `@time`; the slot of what was sent deletes a timer
 * that is over, and counts how often one was sent that is not; the clock has slots of its own for `@clock`.
 */
export class Timers {
  readonly marks: LetterMarks
  readonly #options: TimersOptions
  readonly #entries: KeyValueStore
  /** By name the timers that are not under `t|name`. */
  readonly #others = new Map<string, Set<string>>()
  /** Committed timers that are not over, with their ends, and the same by their ends (with some that are gone). */
  readonly #ends = new Map<string, number>()
  #ending = new Deadlines()
  /** Timers that are over, and not on their way. */
  readonly #candidates = new Set<string>()
  /** Bytes of timers that are over, and not acknowledged. */
  readonly #over = new Map<string, number>()
  readonly #refused = new Set<string>()
  readonly #underWay = new Set<string>()
  #bytes = 0
  #full = false
  #retryAt = 0
  #time = Number.NEGATIVE_INFINITY
  #committedTime = Number.NEGATIVE_INFINITY

  constructor(options: TimersOptions) {
    this.#options = options
    this.#entries = options.entries
    this.marks = new LetterMarks(options.entries)
    options.entries.watch((id, value) => this.#committed(id, value))
  }

  /** A record moves time on. */
  advance(time: number, lineage: Lineage, row: number): void {
    const { clock, now } = this.#options
    const moved = clock === 'wall' ? Math.min(time, now()) : time
    if (moved <= this.#time) return
    this.#time = moved
    this.#entries.put(TIME, moved, lineage, row)
  }

  /**
   * Sets a timer, or takes it away. What was due by the time of the record stays as it is: the record was not in time. True
   * where the timer is set.
   */
  set({ name, time, at, timer }: Setting, lineage: Lineage, row: number): boolean {
    const before = this.#changeable(name, time)
    if (timer !== undefined && before.length > 0 && this.#options.keep === 'first') return false
    const whole = before.find(({ left }) => left === 0)
    const put = timer === undefined ? undefined : (whole?.id ?? this.#freeId(name, at))
    for (const { id, left } of before) {
      if (left > 0) this.#entries.put(id, { ...this.#timer(id)!, k: left }, lineage, row)
      else if (id !== put) this.#entries.delete(id, lineage, row)
    }
    if (put === undefined) return false
    this.#entries.put(put, timer, lineage, row)
    if (put !== timerId(name)) this.#other(put)
    return true
  }

  #freeId(name: string, at: string): string {
    return this.#timer(timerId(name)) === undefined ? timerId(name) : otherId(name, at)
  }

  #timer(id: string): Timer | undefined {
    return this.#entries.get(id) as Timer | undefined
  }

  /**
   * The timers of that name that a record of that time can change, and how often each is due all the same. It is one, but for
   * what was set while another was within its grace.
   */
  #changeable(name: string, time: number): { readonly id: string; readonly left: number }[] {
    const upTo = Math.max(time, this.#time - this.#options.grace)
    return [timerId(name), ...(this.#others.get(name) ?? [])].flatMap((id) => {
      const timer = this.#timer(id)
      if (timer === undefined) return []
      const left = timesUpTo(timer, upTo)
      return left < timesOf(timer) ? [{ id, left }] : []
    })
  }

  #other(id: string): void {
    const others = this.#others.get(nameOf(id))
    if (others === undefined) this.#others.set(nameOf(id), new Set([id]))
    else others.add(id)
  }

  #forgetOther(id: string): void {
    const others = this.#others.get(nameOf(id))
    others?.delete(id)
    if (others?.size === 0) this.#others.delete(nameOf(id))
  }

  #committed(id: string, value: unknown): void {
    if (id === TIME || id === CLOCK) this.#advanced(value as number)
    else if (isTimer(id)) this.#changed(id, value as Timer | undefined)
    else if (id.startsWith(SENT)) this.#sentAgain(id.slice(SENT.length))
    else if (!this.#options.types.committed(id, value)) this.marks.committed(id, value)
  }

  #advanced(time: number): void {
    this.#committedTime = Math.max(this.#committedTime, time)
    this.#time = Math.max(this.#time, time)
  }

  #changed(id: string, timer: Timer | undefined): void {
    this.#candidates.delete(id)
    this.#refused.delete(id)
    this.#bytes -= this.#over.get(id) ?? 0
    this.#over.delete(id)
    this.#ends.delete(id)
    if (timer === undefined) return this.#forgetOther(id)
    if (id.startsWith('u|')) this.#other(id)
    // What becomes of it is a change too.
    if (!this.#underWay.has(id)) this.#awaits(id, timer, this.#timesSent(id))
  }

  /** It is due for the nth time next. */
  #awaits(id: string, timer: Timer, n: number): void {
    // A record may have left of it what was sent already: its entries are deleted at once.
    const end = n < timesOf(timer) ? dueTime(timer, n) + this.#options.grace : Number.NEGATIVE_INFINITY
    this.#ends.set(id, end)
    this.#ending.add(end, id)
    if (this.#ending.size > 2 * this.#ends.size + 1000) this.#tidy()
  }

  #timesSent(id: string): number {
    return (this.#entries.committedValue(sentId(id)) as number | undefined) ?? 0
  }

  #sentAgain(id: string): void {
    const timer = this.#entries.committedValue(id) as Timer | undefined
    if (timer !== undefined) this.#changed(id, timer)
  }

  /** Most of the ends are of timers that were set anew, or taken away. */
  #tidy(): void {
    this.#ending = new Deadlines()
    for (const [id, end] of this.#ends) this.#ending.add(end, id)
  }

  get owes(): boolean {
    this.#end()
    return this.#candidates.size > 0
  }

  /** True from when too much that is due waits until a fifth of the room is free again. */
  get saturated(): boolean {
    this.#full = this.#bytes > (this.#full ? 0.8 * mostDueBytes : mostDueBytes)
    return this.#full
  }

  /** The next timers that are owed, in the order of their ends; at most `most`. */
  due(most: number): Due[] {
    this.#end()
    const due: Due[] = []
    for (const id of this.#candidates) {
      if (due.length >= most) break
      this.#candidates.delete(id)
      due.push(this.#dueOf(id))
    }
    return due
  }

  /** Timers whose time has come are owed from now on. */
  #end(): void {
    while ((this.#ending.next ?? Number.POSITIVE_INFINITY) <= this.#committedTime) {
      const id = this.#ending.take()!
      // One that a record changes goes its way with that record's commit: the clock has come to its end in between.
      if (
        (this.#ends.get(id) ?? Number.POSITIVE_INFINITY) > this.#committedTime ||
        this.#entries.isPending(id)
      )
        continue
      const { v, h } = this.#entries.committedValue(id) as Timer
      const bytes = entryBytes + id.length + sizeOf(v) + sizeOf(h)
      this.#ends.delete(id)
      this.#over.set(id, bytes)
      this.#bytes += bytes
      this.#candidates.add(id)
    }
  }

  #dueOf(id: string): Due {
    const timer = this.#entries.committedValue(id) as Timer
    const n = this.#timesSent(id)
    const isLast = n >= timesOf(timer) - 1
    this.#underWay.add(id)
    return {
      emission: n < timesOf(timer) ? this.#emission(id, timer, n) : undefined,
      settle: (verdict, lineage, row) => {
        this.#underWay.delete(id)
        // What was refused stays owed: it is sent again when it is due again, and in the next life.
        if (verdict === 'parked') {
          this.#refused.add(id)
          const next = timesUpTo(timer, this.#committedTime - this.#options.grace)
          if (next < timesOf(timer)) this.#awaits(id, timer, next)
        } else if (isLast) {
          this.#entries.delete(id, lineage, row)
          this.#entries.delete(sentId(id), lineage, row)
        } else this.#entries.put(sentId(id), n + 1, lineage, row)
      },
    }
  }

  #emission(id: string, timer: Timer, n: number): Due['emission'] {
    const { key } = partsOf(nameOf(id))
    const { as, types } = this.#options
    const due = dueTime(timer, n)
    const held = unstored(timer.v)
    const value = types.renewed(timer, held)
    return {
      key: key.toString('latin1'),
      timestamp: due,
      value: as === undefined ? value : { ...(value as object), [as]: due },
      headers: unstoredHeaders(timer.h),
      type: types.typeOf(timer, held),
    }
  }

  /** Nothing has come in for so long: where the clock moves time, it does so if a timer waits for that. */
  tick(quietMs: number, calm: boolean): Due | undefined {
    const { idle, clock, now } = this.#options
    if (this.saturated) return this.#retry()
    const next = this.#ending.next
    if (idle === undefined || next === undefined || quietMs < idle || (clock === 'event' && !calm))
      return undefined
    const time = clock === 'wall' ? now() : this.#recordTime + quietMs
    if (time < next || time <= this.#time) return undefined
    return {
      emission: undefined,
      settle: (_verdict, lineage, row) => {
        this.#time = time
        this.#entries.put(CLOCK, time, lineage, row)
      },
    }
  }

  get #recordTime(): number {
    return (this.#entries.get(TIME) as number | undefined) ?? Number.NEGATIVE_INFINITY
  }

  /** What was refused takes all the room: it is tried again, now and then. */
  #retry(): Due | undefined {
    const now = this.#options.now()
    if (now < this.#retryAt || this.#refused.size === 0) return undefined
    this.#retryAt = now + retryMs
    for (const id of this.#refused) this.#candidates.add(id)
    this.#refused.clear()
    return { emission: undefined, settle: () => undefined }
  }

  /** Timers that are set, or on their way out. */
  get size(): number {
    return this.#ends.size + this.#over.size
  }
}
