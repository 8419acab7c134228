import type { Due, Emission } from '../../contracts/owing.ts'
import type { KeyValueStore } from '../../contracts/state.ts'
import { LetterMarks } from '../letter-marks.ts'
import type { Lineage, Verdict } from '../../lineage.ts'
import { Deadlines } from './deadlines.ts'
import { entryId, fromOfEntry, isEntry, keyOfEntry, timeOfEntry, type Entry } from './entry.ts'
import type { Fold } from './folds.ts'
import { KnownEntry } from './known-entry.ts'
import { place, type Placed, type Seen, type Windows } from './placement.ts'
import { SessionUpdates, type SentWindow } from './session-updates.ts'
import { closesAt, type WindowSpec } from './windows.ts'

/** What an aggregate is made with. */
export interface AggregatesOptions {
  readonly window: WindowSpec
  readonly folds: readonly Fold[]
  /** The names of the folds in what is sent on. */
  readonly names: readonly string[]
  /** `update`: each key sends its newest value after a commit; `close`: each window sends one value when it is closed. */
  readonly emit: 'update' | 'close'
  /** Without records for so long (milliseconds), stream time goes on with the clock; undefined: it waits. */
  readonly idle: number | undefined
  /** By key and window. Changed by the records, and by the end of a window. */
  readonly entries: KeyValueStore
  /** By key and window: the version that was sent (of sessions the windows). Changed only when something was sent. */
  readonly sent: KeyValueStore<number | readonly SentWindow[]> | undefined
}

// What is in the store beside the entries: how far the clock has moved stream time, the records that sliding windows
// remember, and the positions that were applied and have open letters. Entries begin with a number or "|".
const TIME = '@time'
/** Of so many keys. */
const mostNames = 100_000
const seenId = (key: string): string => `@seen|${key}`

/**
 * The aggregates of one partition, and what they owe. Records change the open layer; what is sent follows from the
 * committed layer alone. A window closes by the stream time that is committed.
 *
 * Who changes what: records (and letters) their entries, and the records that are remembered; the slot of what was sent
 * the version that was sent, or, with its window closed, the entry's deletion. A closed window gets no more records, so
 * that its deletion comes after all of them. Stream time is the latest time in the entries: a record's own windows end
 * after it, so that the entry which holds the latest time is there. Only what the clock adds has to be kept.
 */
export class Aggregates implements Windows {
  readonly #options: AggregatesOptions
  readonly #entries: KeyValueStore
  readonly #known = new Map<string, KnownEntry>()
  readonly #closing = new Deadlines<KnownEntry>()
  /** Those that may owe something, as long as they are wanted. */
  #candidates: KnownEntry[] = []
  #wanted = 0
  /** The times by which the windows of each key are named, as the last changes left them: made when first asked for. */
  #names: Map<string, Set<number>> | undefined
  /** What the window is called that a key was in last: to make the name of each record's window takes longer. */
  readonly #lastNames = new Map<string, { readonly from: number; readonly id: string }>()
  #time = Number.NEGATIVE_INFINITY
  #committedTime = Number.NEGATIVE_INFINITY
  /** Stream time as records left it. */
  #recordTime = Number.NEGATIVE_INFINITY
  readonly marks: LetterMarks
  /** What sessions owe that are sent as they change; undefined in all other modes. */
  readonly #sessions: SessionUpdates | undefined

  constructor(options: AggregatesOptions) {
    this.#options = options
    this.#entries = options.entries
    this.marks = new LetterMarks(options.entries)
    this.#sessions = this.#sessionUpdates()
    options.entries.watch((id, value) => this.#committed(id, value))
    if (this.#sessions === undefined)
      options.sent?.watch((id, version) => this.#sentBefore(id, version as number | undefined))
  }

  #sessionUpdates(): SessionUpdates | undefined {
    const { window, emit, entries, sent } = this.#options
    if (window.kind !== 'session' || emit !== 'update') return undefined
    return new SessionUpdates({
      entries,
      sent: sent as KeyValueStore<readonly SentWindow[]>,
      emission: (id, entry) => this.#emission(id, entry),
      again: (id) => this.#want(this.#know(id)),
      end: (id, lineage, row) => {
        entries.delete(id, lineage, row)
        this.#forget(id)
      },
    })
  }

  /** Applies a record. False if it is late: nothing has changed then. Throws what a fold throws, nothing changed either. */
  apply(
    key: string,
    time: number,
    values: readonly unknown[],
    released: boolean,
    lineage: Lineage,
    row: number,
  ): boolean {
    const streamTime = released && Number.isFinite(this.#time) ? this.#time : Math.max(this.#time, time)
    const moves = Math.min(time, streamTime)
    const { window, folds } = this.#options
    const placed = place(window, this, { key, time, moves, streamTime, values }, folds)
    if (placed === undefined) return false
    this.#apply(placed, key, lineage, row)
    if (streamTime > this.#time) {
      this.#time = streamTime
      this.#recordTime = streamTime
    }
    return true
  }

  #apply({ put, gone, seen }: Placed, key: string, lineage: Lineage, row: number): void {
    for (const id of gone) {
      this.#entries.delete(id, lineage, row)
      this.#forget(id)
    }
    for (const [id, entry] of put) {
      this.#entries.put(id, entry, lineage, row)
      this.#remember(id, key)
    }
    if (seen === undefined) return
    if (seen.length === 0) this.#entries.delete(seenId(key), lineage, row)
    else this.#entries.put(seenId(key), seen, lineage, row)
  }

  entry(id: string): Entry | undefined {
    return this.#entries.get(id) as Entry | undefined
  }

  nameOf(from: number, key: string): string {
    const last = this.#lastNames.get(key)
    if (last?.from === from) return last.id
    const id = entryId(from, key)
    if (this.#lastNames.size >= mostNames) this.#lastNames.clear()
    this.#lastNames.set(key, { from, id })
    return id
  }

  names(key: string): readonly number[] {
    if (this.#names === undefined) {
      this.#names = new Map()
      for (const [id] of this.#entries.entries()) if (isEntry(id)) this.#remember(id, keyOfEntry(id))
    }
    return [...(this.#names.get(key) ?? [])]
  }

  seen(key: string): readonly Seen[] {
    return (this.#entries.get(seenId(key)) ?? []) as readonly Seen[]
  }

  #remember(id: string, key: string): void {
    const names = this.#names?.get(key)
    if (names === undefined) this.#names?.set(key, new Set([timeOfEntry(id)!]))
    else names.add(timeOfEntry(id)!)
  }

  #forget(id: string): void {
    const names = this.#names?.get(keyOfEntry(id))
    names?.delete(timeOfEntry(id)!)
    if (names?.size === 0) this.#names!.delete(keyOfEntry(id))
  }

  #committed(id: string, value: unknown): void {
    if (id === TIME) return this.#advanced(value as number)
    if (!isEntry(id)) return this.marks.committed(id, value)
    if (value === undefined) return this.#gone(id)
    const entry = value as Entry
    const { t, u } = entry
    this.#advanced(t)
    const known = this.#know(id)
    known.entry = entry
    const at = u === null ? Number.POSITIVE_INFINITY : closesAt(this.#options.window, u)
    // An entry that ends with what this commit says of the time is found by its deadline.
    if (this.#options.emit === 'update' || at <= this.#committedTime) this.#want(known)
    if (u === null || known.timed) return
    known.timed = true
    this.#closing.add(at, known)
  }

  #gone(id: string): void {
    const known = this.#known.get(id)
    if (known === undefined) return
    known.entry = undefined
    // The windows of a session that were sent are taken back.
    if (this.#sessions !== undefined) return this.#want(known)
    if (known.wanted) this.#wanted--
    known.wanted = false
    if (!known.matters) this.#known.delete(id)
  }

  /** A version that was sent, in this life or an earlier one; undefined: the entry ended. */
  #sentBefore(id: string, version: number | undefined): void {
    if (version !== undefined) {
      const known = this.#know(id)
      known.sent = Math.max(known.sent, version)
      return
    }
    const known = this.#known.get(id)
    if (known === undefined) return
    known.sent = 0
    if (!known.matters) this.#known.delete(id)
  }

  #know(id: string): KnownEntry {
    let known = this.#known.get(id)
    if (known === undefined) this.#known.set(id, (known = new KnownEntry(id, this)))
    return known
  }

  #want(known: KnownEntry): void {
    if (known.wanted) return
    known.wanted = true
    this.#wanted++
    this.#candidates.push(known)
  }

  #advanced(time: number): void {
    if (time > this.#committedTime) this.#committedTime = time
    if (time > this.#time) this.#time = this.#recordTime = time
  }

  get owes(): boolean {
    this.#close()
    return this.#wanted > 0
  }

  due(most: number): Due[] {
    this.#close()
    const due: Due[] = []
    const candidates = this.#candidates
    let seen = 0
    for (; seen < candidates.length && due.length < most; seen++) {
      const known = candidates[seen]!
      if (!known.wanted) continue
      known.wanted = false
      this.#wanted--
      if (this.#sessions !== undefined) {
        due.push(...this.#sessions.due(known.id, this.#isOver))
        if (!known.matters) this.#known.delete(known.id)
      } else if (!known.underWay && this.#isDue(known)) due.push(known)
    }
    this.#candidates = seen === candidates.length ? [] : candidates.slice(seen)
    return due
  }

  /** Windows whose time has come may owe something now. */
  #close(): void {
    while ((this.#closing.next ?? Number.POSITIVE_INFINITY) <= this.#committedTime) {
      const known = this.#closing.take()!
      const { entry } = known
      known.timed = false
      if (entry === undefined) {
        if (!known.matters) this.#known.delete(known.id)
        continue
      }
      const at = closesAt(this.#options.window, entry.u!)
      if (at <= this.#committedTime) this.#want(known)
      else {
        known.timed = true
        this.#closing.add(at, known)
      }
    }
  }

  /** Puts what is owed for an entry under way, if anything is. What waits for a commit comes again when that has taken effect. */
  #isDue(known: KnownEntry): boolean {
    const { entry } = known
    if (entry === undefined) return false
    const final = this.#isOver(entry) && !this.#entries.isPending(known.id)
    const owed = this.#options.emit === 'close' ? final : entry.n > known.sent
    if (!owed && !final) return false
    known.emission = owed ? this.#emission(known.id, entry) : undefined
    known.version = entry.n
    known.final = final
    known.underWay = true
    return true
  }

  readonly #isOver = ({ u }: Entry): boolean =>
    u !== null && closesAt(this.#options.window, u) <= this.#committedTime

  #emission(id: string, entry: Entry): Emission {
    const { folds, names } = this.#options
    const key = keyOfEntry(id)
    const from = fromOfEntry(id, entry)
    const text = utf8Text(key)
    const value: Record<string, unknown> =
      from === undefined
        ? { key: text, version: entry.n }
        : { key: text, from, to: entry.u, version: entry.n }
    for (let at = 0; at < folds.length; at++) value[names[at]!] = folds[at]!.result(entry.a[at])
    return { key, timestamp: entry.t, value }
  }

  settled(known: KnownEntry, verdict: Verdict, lineage: Lineage, row: number): void {
    const { id, version } = known
    known.underWay = false
    known.emission = undefined
    // What failed stays owed: it is looked at again when its entry changes, and in the next life.
    if (verdict === 'parked') {
      if (known.entry !== undefined && known.entry.n !== version) this.#want(known)
      return
    }
    const { sent } = this.#options
    if (known.final) {
      this.#entries.delete(id, lineage, row)
      sent?.delete(id, lineage, row)
      this.#forget(id)
      return
    }
    sent!.put(id, version, lineage, row)
    known.sent = version
    this.#want(known)
  }

  tick(quietMs: number): Due | undefined {
    const { idle } = this.#options
    const next = this.#closing.next
    if (idle === undefined || next === undefined || quietMs < idle) return undefined
    const time = this.#recordTime + quietMs
    if (time < next || time <= this.#time) return undefined
    return {
      emission: undefined,
      settle: (_verdict, lineage, row) => {
        this.#time = time
        this.#entries.put(TIME, time, lineage, row)
      },
    }
  }

  /** Windows (or keys, without windows) that are held, roughly: what is on its way out counts. */
  get size(): number {
    return this.#entries.size
  }
}

/** The text of a key whose bytes are the characters of `key`. */
function utf8Text(key: string): string {
  for (let at = 0; at < key.length; at++) {
    if (key.charCodeAt(at) > 127) return Buffer.from(key, 'latin1').toString('utf8')
  }
  return key
}
