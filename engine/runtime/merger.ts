import type { Clock } from '../component/contracts/clock.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { sliceRecords } from './slice-records.ts'

/** What passes on from a lane, in the order in which it came in. */
export interface LaneOutlet {
  /** These come next from this lane: answers what lets the rows from `from` to before `to` through. */
  readonly admit: (records: PackedRecords) => (from: number, to: number) => void
  /** Nothing comes any more from below `offset`. */
  readonly passed: (offset: number) => void
}

/** What a merge is made with. */
export interface MergerOptions {
  readonly clock: Clock
  /** How long a lane at its end is waited for, milliseconds. */
  readonly waitMs: number
  /** A lane that holds more is ahead, and is to be read no further for now. */
  readonly limitBytes: number
  /** So many records passed behind later ones. */
  readonly outOfOrder: (records: number) => void
}

/** Records that wait, with their event times: those before `next` have been let through. */
interface HeldRecords {
  readonly records: PackedRecords
  readonly times: Float64Array
  next: number
}

/** Or an offset up to which nothing comes. */
type Held = HeldRecords | { readonly passed: number }

/** One step of what passes at once: rows of a run, or an offset. */
interface Step {
  readonly outlet: LaneOutlet
  readonly held: Held
  readonly from: number
  readonly to: number
}

/**
 * Lets the records of several partitions pass in the order of their event times, those of a partition in its order. A record
 * waits until every other lane has a later one to show, or has been at its end for `waitMs`: a lane that has more to give is
 * waited for however long that takes. So, where the times of each partition ascend, only a record that comes in more than
 * `waitMs` after its partition had come to its end can come too late. Of equal times the earlier lane goes first.
 *
 * What waits is in no ledger yet: it may be forgotten at any time, and is read again.
 */
export class Merger {
  readonly #clock: Clock
  readonly #waitMs: number
  readonly #limitBytes: number
  readonly #outOfOrder: (records: number) => void
  readonly #lanes: MergeLane[] = []
  /** The latest time that passed. */
  #latest = Number.NEGATIVE_INFINITY
  #cancelTimer: (() => void) | undefined
  #passing = false
  #closed = false

  constructor({ clock, waitMs, limitBytes, outOfOrder }: MergerOptions) {
    this.#clock = clock
    this.#waitMs = waitMs
    this.#limitBytes = limitBytes
    this.#outOfOrder = outOfOrder
  }

  /** One more partition; all lanes are there before the first record. */
  lane(outlet: LaneOutlet): MergeLane {
    const lane = new MergeLane(outlet, this.#limitBytes, this.#clock, () => this.#pass())
    this.#lanes.push(lane)
    return lane
  }

  /** Forgets what waits: nothing passes any more. */
  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    for (const lane of this.#lanes) lane.close()
  }

  #pass(): void {
    // What passes may bring news of its own lane.
    if (this.#passing || this.#closed) return
    this.#passing = true
    try {
      for (let steps = this.#take(); steps.length > 0; steps = this.#take()) this.#letThrough(steps)
    } finally {
      this.#passing = false
    }
  }

  /** Takes all that need not wait. */
  #take(): readonly Step[] {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const steps: Step[] = []
    while (this.#takeOne(steps)) continue
    return steps
  }

  /** What passes of a run at once is taken in at once, and goes through piece by piece, between those of other runs. */
  #letThrough(steps: readonly Step[]): void {
    const bounds = new Map<Held, { from: number; to: number }>()
    for (const { held, from, to } of steps) bounds.set(held, { from: bounds.get(held)?.from ?? from, to })
    const ways = new Map<Held, (from: number, to: number) => void>()
    for (const { outlet, held, from, to } of steps) {
      if (this.#closed) return
      if ('passed' in held) {
        outlet.passed(held.passed)
        continue
      }
      const all = bounds.get(held)!
      const way = ways.get(held) ?? outlet.admit(sliceRecords(held.records, all.from, all.to))
      ways.set(held, way)
      way(from - all.from, to - all.from)
      this.#count(held.times.subarray(from, to))
    }
  }

  /** Takes the records of the earliest lane that are before all others; false if they have to wait. */
  #takeOne(steps: Step[]): boolean {
    for (const lane of this.#lanes) lane.takePassed(steps)
    let first: MergeLane | undefined
    let waits = Number.NEGATIVE_INFINITY
    for (const lane of this.#lanes) {
      const time = lane.headTime
      if (time === undefined) waits = Math.max(waits, lane.quietSince + this.#waitMs)
      else if (first === undefined || time < first.headTime!) first = lane
    }
    if (first === undefined) return false
    const now = this.#clock.now()
    if (waits > now) {
      if (Number.isFinite(waits)) this.#cancelTimer = this.#clock.after(waits - now, () => this.#pass())
      return false
    }
    steps.push(first.takeWhile(this.#mayPass(first)))
    return true
  }

  #count(times: Float64Array): void {
    let behind = 0
    for (const time of times) {
      if (time < this.#latest) behind++
      else this.#latest = time
    }
    if (behind > 0) this.#outOfOrder(behind)
  }

  /** Says of which times the records of a lane pass before those of the others: of equal times the earlier lane's. */
  #mayPass(first: MergeLane): (time: number) => boolean {
    let [before, after] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    let isBefore = true
    for (const lane of this.#lanes) {
      const time = lane.headTime ?? Number.POSITIVE_INFINITY
      if (lane === first) isBefore = false
      else if (isBefore) before = Math.min(before, time)
      else after = Math.min(after, time)
    }
    return (time) => time < before && time <= after
  }
}

/** What an operator wants to know of a partition of a merge. */
export interface MergeWait {
  /** Records that wait for those of other partitions. */
  readonly records: number
  /** Since when none of them could pass on, milliseconds since 1970; undefined where none waits. */
  readonly since: number | undefined
  /** True where the others wait for this one: it has nothing to show, and is not known to be at its end. */
  readonly isAwaited: boolean
}

/** One partition of a merge. */
export class MergeLane {
  readonly #outlet: LaneOutlet
  readonly #limitBytes: number
  readonly #clock: Clock
  readonly #changed: () => void
  #held: Held[] = []
  #bytes = 0
  #ahead = false
  #paused = false
  #closed = false
  #quietSince = Number.POSITIVE_INFINITY
  #records = 0
  #stoodSince = 0

  constructor(outlet: LaneOutlet, limitBytes: number, clock: Clock, changed: () => void) {
    this.#outlet = outlet
    this.#limitBytes = limitBytes
    this.#clock = clock
    this.#changed = changed
  }

  /** True while something waits here. */
  get holds(): boolean {
    return this.#held.length > 0
  }

  /** True while the partition is to be read no further. */
  get ahead(): boolean {
    return this.#ahead
  }

  /** Since when the partition is at its end and nothing comes in, milliseconds since 1970; Infinity while there may be more. */
  get quietSince(): number {
    return this.#paused ? Number.POSITIVE_INFINITY : this.#quietSince
  }

  get wait(): MergeWait {
    return {
      records: this.#records,
      since: this.#records === 0 ? undefined : this.#stoodSince,
      isAwaited: this.headTime === undefined && !Number.isFinite(this.quietSince),
    }
  }

  /** The event time of the next record; undefined if there is none. */
  get headTime(): number | undefined {
    const head = this.#held[0]
    return head !== undefined && 'records' in head ? head.times[head.next] : undefined
  }

  /** Records came in, with their event times. */
  take(records: PackedRecords, times: Float64Array): void {
    if (records.count === 0 || this.#closed) return
    this.#quietSince = Number.POSITIVE_INFINITY
    if (this.#records === 0) this.#stoodSince = this.#clock.now()
    this.#records += records.count
    this.#held.push({ records, times, next: 0 })
    this.#hold(records.bytes.length)
    this.#changed()
  }

  /** Nothing comes any more from below `offset`. */
  pass(offset: number): void {
    if (this.#closed) return
    this.#held.push({ passed: offset })
    this.#changed()
  }

  /** The partition has given all that there is. */
  reachedEnd(): void {
    this.#quietSince = Math.min(this.#quietSince, this.#clock.now())
    this.#changed()
  }

  /** It is not read for now: nobody knows what there is, and it is waited for. */
  pause(): void {
    this.#paused = true
  }

  /** It is read again: a wait begins anew. */
  resume(): void {
    this.#paused = false
    if (Number.isFinite(this.#quietSince)) this.#quietSince = this.#clock.now()
    this.#changed()
  }

  /** Where nothing comes, nothing waits. */
  takePassed(steps: Step[]): void {
    for (let head = this.#held[0]; head !== undefined && 'passed' in head; head = this.#held[0]) {
      this.#held.shift()
      steps.push({ outlet: this.#outlet, held: head, from: 0, to: 0 })
    }
  }

  /** Takes the next record, and those of its run behind it whose times may pass. To be called where there is one. */
  takeWhile(mayPass: (time: number) => boolean): Step {
    const head = this.#held[0] as HeldRecords
    const { records, times, next } = head
    let to = next + 1
    while (to < records.count && mayPass(times[to]!)) to++
    head.next = to
    this.#records -= to - next
    this.#stoodSince = this.#clock.now()
    if (to === records.count) {
      this.#held.shift()
      this.#hold(-records.bytes.length)
    }
    return { outlet: this.#outlet, held: head, from: next, to }
  }

  close(): void {
    this.#closed = true
    this.#held = []
    this.#records = 0
    this.#bytes = 0
    this.#ahead = false
  }

  #hold(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#limitBytes) this.#ahead = true
    else if (this.#bytes <= this.#limitBytes / 2) this.#ahead = false
  }
}
