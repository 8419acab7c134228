import type { PackedRecords } from '../component/packed-records.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { Intervals } from './intervals.ts'
import { LedgerRun, type Errand, type RunOwner } from './ledger-run.ts'

/** What a cut says about one partition: where to go on, and what is settled beyond that. */
export interface LedgerPosition {
  readonly frontier: number
  readonly ranges: Intervals
}

/**
 * The ledger of one partition: which records are under way, which are settled, and which are in a sealed cut.
 *
 * Records are admitted in the order of their offsets, settle in any order, and are sealed in cuts. The frontier is the
 * lowest offset that is not sealed; sealed ranges above it are remembered. Gaps between offsets count as settled.
 * Invariants (test/engine/runtime/ledger.test.ts): a position never covers a record that is not settled; the frontier
 * never goes back; after a drain every record is settled exactly once.
 */
export class Ledger {
  readonly partition: TopicPartition
  readonly #owner: RunOwner
  readonly #sealed = new Intervals()
  #runs: LedgerRun[] = []
  /** Runs that are in the cut as a whole. */
  #leaving: LedgerRun[] = []
  readonly #errands = new Set<LedgerRun>()
  #frontier: number
  #end: number
  readonly #restored: Intervals
  discarded = false

  /** `frontier` is the next offset to read; `restored` are the ranges beyond it that were settled in an earlier life. */
  constructor(partition: TopicPartition, frontier: number, restored: Intervals, owner: RunOwner) {
    this.partition = partition
    this.#frontier = frontier
    this.#end = frontier
    this.#restored = restored
    this.#owner = owner
    for (let n = 0; n < restored.size; n++) this.#sealed.add(restored.start(n), restored.end(n))
  }

  /** The lowest offset that is not in a sealed cut. */
  get frontier(): number {
    return this.#frontier
  }

  /** The offset after the last admitted record. */
  get end(): number {
    return this.#end
  }

  /** Records that are under way. */
  get open(): number {
    let open = 0
    for (const run of this.#runs) open += run.open
    return open
  }

  /** True while a settled record is not sealed yet. */
  get dirty(): boolean {
    return this.#runs.some((run) => run.settled > 0)
  }

  /** When the oldest record that is under way was admitted, on the clock of the caller; undefined if there is none. */
  get oldest(): number | undefined {
    return this.#runs.find((run) => run.open > 0)?.admittedAt
  }

  /** Takes in the next records. Those that were settled in an earlier life are not open: `run.isOpen(row)` says. */
  admit(records: PackedRecords, now: number): LedgerRun {
    const run = new LedgerRun(this, records, this.#end, now, this.#owner)
    this.#end = run.end
    if (this.#restored.size > 0) {
      for (let row = 0; row < run.count; row++) {
        if (this.#restored.has(run.offset(row))) run.sealRestored(row)
      }
      this.#restored.dropBelow(run.end)
    }
    if (run.sealed === run.count) this.#sealed.add(run.start, run.end)
    else this.#runs.push(run)
    this.#owner.admitted(run.open)
    return run
  }

  /**
   * Puts every settled record into the cut, except parked ones that `mayPark` holds back. Answers the position of the
   * cut. Nothing is undone if the commit fails: the same cut is sent again.
   */
  seal(mayPark: (run: LedgerRun, row: number) => boolean): LedgerPosition {
    for (const run of this.#runs) {
      if (run.settled > 0 && run.seal(mayPark)) {
        this.#sealed.add(run.start, run.end)
        this.#leaving.push(run)
      }
    }
    if (this.#leaving.length > 0) this.#runs = this.#runs.filter((run) => run.sealed < run.count)
    return this.#position()
  }

  /** The cut that was sealed last is committed. */
  committed(): void {
    for (const run of this.#leaving) run.committed()
    this.#leaving = []
  }

  #position(): LedgerPosition {
    const ranges = this.#sealed.copy()
    for (const run of this.#runs) {
      if (run.sealed > 0) run.forEachSealed((start, end) => ranges.add(start, end))
    }
    // All below the frontier stays sealed, also a gap that only a restored range told of.
    ranges.add(0, this.#frontier)
    if (ranges.size > 0 && ranges.start(0) <= this.#frontier) this.#frontier = ranges.end(0)
    ranges.dropBelow(this.#frontier)
    this.#sealed.dropBelow(this.#frontier)
    return { frontier: this.#frontier, ranges }
  }

  /** The keys of the records below `offset` that are not settled. Stops when `visit` answers true. */
  someOpenBelow(offset: number, visit: (key: string | undefined) => boolean): boolean {
    for (const run of this.#runs) {
      if (run.start >= offset) return false
      if (run.open > 0 && run.someOpenBelow(offset, visit)) return true
    }
    return false
  }

  /** A letter of this partition goes through the topology again: the run of its record alone, for its place here. */
  errand(records: PackedRecords, now: number, owner: RunOwner, place: Errand): LedgerRun {
    const run = new LedgerRun(this, records, records.offsets[0]!, now, owner, place)
    this.#errands.add(run)
    run.whenSettled(0, () => this.#errands.delete(run))
    owner.admitted(1)
    return run
  }

  /** The task was lost or cancelled: nothing counts any more, and what still comes back is ignored. */
  discard(): void {
    this.discarded = true
    for (const run of [...this.#runs, ...this.#errands]) run.unpin()
    this.#runs = []
    this.#leaving = []
    this.#errands.clear()
  }
}
