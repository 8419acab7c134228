import type { Due, Emission } from '../../contracts/owing.ts'
import type { KeyValueStore } from '../../contracts/state.ts'
import { LetterMarks } from '../letter-marks.ts'
import type { Lineage, Verdict } from '../../lineage.ts'
import { Deadlines } from './deadlines.ts'
import { fromOfEntry, isEntry, keyOfEntry, timeOfEntry, type Entry } from './entry.ts'
import type { Fold } from './folds.ts'
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
  readonly #closing = new Deadlines()
  /** Entries that are in `#closing`. */
  readonly #timed = new Set<string>()
  /** Entries that may owe something. */
  readonly #candidates = new Set<string>()
  readonly #underWay = new Set<string>()
  /** The times by which the windows of each key are named, as the last changes left them: made when first asked for. */
  #names: Map<string, Set<number>> | undefined
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
  }

  #sessionUpdates(): SessionUpdates | undefined {
    const { window, emit, entries, sent } = this.#options
    if (window.kind !== 'session' || emit !== 'update') return undefined
    return new SessionUpdates({
      entries,
      sent: sent as KeyValueStore<readonly SentWindow[]>,
      emission: (id, entry) => this.#emission(id, entry),
      again: (id) => this.#candidates.add(id),
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
    if (value === undefined) {
      if (this.#sessions === undefined) this.#candidates.delete(id)
      else this.#candidates.add(id)
      return
    }
    const { t, u } = value as Entry
    this.#advanced(t)
    const at = u === null ? Number.POSITIVE_INFINITY : closesAt(this.#options.window, u)
    // An entry that ends with what this commit says of the time is found by its deadline.
    if (this.#options.emit === 'update' || at <= this.#committedTime) this.#candidates.add(id)
    if (u === null || this.#timed.has(id)) return
    this.#timed.add(id)
    this.#closing.add(at, id)
  }

  #advanced(time: number): void {
    if (time > this.#committedTime) this.#committedTime = time
    if (time > this.#time) this.#time = this.#recordTime = time
  }

  get owes(): boolean {
    this.#close()
    return this.#candidates.size > 0
  }

  due(most: number): Due[] {
    this.#close()
    const due: Due[] = []
    for (const id of this.#candidates) {
      if (due.length >= most) break
      this.#candidates.delete(id)
      if (this.#sessions !== undefined) {
        due.push(...this.#sessions.due(id, this.#isOver))
        continue
      }
      const one = this.#underWay.has(id) ? undefined : this.#dueOf(id)
      if (one === undefined) continue
      this.#underWay.add(id)
      due.push(one)
    }
    return due
  }

  /** Windows whose time has come may owe something now. */
  #close(): void {
    while ((this.#closing.next ?? Number.POSITIVE_INFINITY) <= this.#committedTime) {
      const id = this.#closing.take()!
      const entry = this.#entries.committedValue(id) as Entry | undefined
      this.#timed.delete(id)
      if (entry === undefined) continue
      const at = closesAt(this.#options.window, entry.u!)
      if (at <= this.#committedTime) this.#candidates.add(id)
      else {
        this.#timed.add(id)
        this.#closing.add(at, id)
      }
    }
  }

  /** What is owed for an entry. What waits for a commit comes again when that has taken effect. */
  #dueOf(id: string): Due | undefined {
    const entry = this.#entries.committedValue(id) as Entry | undefined
    if (entry === undefined) return undefined
    const { emit, sent } = this.#options
    const final = this.#isOver(entry) && !this.#entries.isPending(id)
    const owed = emit === 'close' ? final : entry.n > ((sent!.get(id) as number | undefined) ?? 0)
    if (!owed && !final) return undefined
    return {
      emission: owed ? this.#emission(id, entry) : undefined,
      settle: (verdict, lineage, row) => this.#settle(id, entry.n, final, verdict, lineage, row),
    }
  }

  readonly #isOver = ({ u }: Entry): boolean =>
    u !== null && closesAt(this.#options.window, u) <= this.#committedTime

  #emission(id: string, entry: Entry): Emission {
    const { folds, names } = this.#options
    const key = Buffer.from(keyOfEntry(id), 'latin1')
    const from = fromOfEntry(id, entry)
    const results = folds.map((fold, at) => [names[at]!, fold.result(entry.a[at])] as const)
    const value = {
      key: key.toString('utf8'),
      ...(from !== undefined && { from, to: entry.u }),
      version: entry.n,
      ...Object.fromEntries(results),
    }
    return { key, timestamp: entry.t, value }
  }

  #settle(
    id: string,
    version: number,
    final: boolean,
    verdict: Verdict,
    lineage: Lineage,
    row: number,
  ): void {
    this.#underWay.delete(id)
    // What failed stays owed: it is looked at again when its entry changes, and in the next life.
    if (verdict === 'parked') {
      if ((this.#entries.committedValue(id) as Entry | undefined)?.n !== version) this.#candidates.add(id)
      return
    }
    const { sent } = this.#options
    if (final) {
      this.#entries.delete(id, lineage, row)
      sent?.delete(id, lineage, row)
      this.#forget(id)
      return
    }
    sent!.put(id, version, lineage, row)
    this.#candidates.add(id)
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
