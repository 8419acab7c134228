import { fatalError } from '../errors.ts'
import type { Lineage, Verdict } from '../component/lineage.ts'
import { keyText, type PackedRecords } from '../component/packed-records.ts'

/** The life of a record in the ledger. */
export const phase = { open: 0, settled: 1, sealed: 2 } as const

// In order of weight: what happened to a record as a whole is the gravest of what happened to its pieces.
const verdicts: readonly (Verdict | undefined)[] = [
  undefined,
  'duplicate',
  'unlisted',
  'dropped',
  'stored',
  'skipped',
  'discarded',
  'parked',
]
const weights: Readonly<Record<Verdict, number>> = {
  duplicate: 1,
  unlisted: 2,
  dropped: 3,
  stored: 4,
  skipped: 5,
  discarded: 6,
  parked: 7,
}
const stored = weights.stored

/** Who is told about settled records and pinned bytes. */
export interface RunOwner {
  /** So many records came in that are to be worked on. */
  admitted(records: number): void
  /** A record was settled. */
  settled(verdict: Verdict): void
  /** Bytes that are held (or, negative, let go) for records under way. */
  pinned(bytes: number): void
  /** Runs `action` soon, after what is going on now. */
  soon(action: () => void): void
  /** So many records in this buffer are committed: nobody looks at them again. */
  spent?(buffer: ArrayBuffer, records: number): void
}

/** The rest of a ledger, as far as a run needs it. */
interface Whole {
  readonly discarded: boolean
}

/** A letter on its way through the topology again: the run of that one record stands for this place. */
export interface Errand {
  readonly run: LedgerRun
  readonly row: number
}

/** The part of a ledger that is about one run of records: tokens, verdicts and phases, a few bytes for each record. */
export class LedgerRun implements Lineage {
  /** The run covers [start, end): its records, and the gaps before them. */
  readonly start: number
  readonly end: number
  readonly count: number
  readonly admittedAt: number
  /** Set for a letter that is processed again. */
  readonly errand: Errand | undefined
  /** Records under way; settled but not sealed; in a cut. */
  open: number
  settled = 0
  sealed = 0
  #held: Set<number> | undefined
  readonly #whole: Whole
  readonly #owner: RunOwner
  readonly #offsets: Float64Array
  readonly #tokens: Int32Array
  readonly #verdicts: Uint8Array
  readonly #phases: Uint8Array
  #records: PackedRecords | undefined
  /** Weakly, since commits may be a long time in coming. */
  readonly #buffer: WeakRef<ArrayBuffer>
  /** Open records that still need the run's buffer. */
  #pins: number
  #pinnedBytes: number
  #copies: Map<number, { readonly key: string | undefined; bytes: number }> | undefined
  #watchers: Map<number, ((verdict: Verdict) => void)[]> | undefined

  constructor(
    whole: Whole,
    records: PackedRecords,
    start: number,
    now: number,
    owner: RunOwner,
    errand?: Errand,
  ) {
    this.errand = errand
    this.#whole = whole
    this.#owner = owner
    this.#records = records
    this.#buffer = new WeakRef(records.bytes.buffer as ArrayBuffer)
    this.count = records.count
    this.start = start
    this.end = records.offsets[records.count - 1]! + 1
    this.admittedAt = now
    this.open = records.count
    this.#offsets = records.offsets
    this.#tokens = new Int32Array(records.count).fill(1)
    this.#verdicts = new Uint8Array(records.count)
    this.#phases = new Uint8Array(records.count)
    this.#pins = records.count
    this.#pinnedBytes = bytesOfRun + records.bytes.length + records.count * bytesOfColumns
    owner.pinned(this.#pinnedBytes)
  }

  /** True for a run of this ledger. */
  isOf(ledger: object): boolean {
    return this.#whole === ledger
  }

  offset(row: number): number {
    return this.#offsets[row]!
  }

  isOpen(row: number): boolean {
    return this.#phases[row] === phase.open
  }

  /** True if the record is in a cut. A released letter is when its place in the parked partition is. */
  isSealed(row: number): boolean {
    if (this.errand !== undefined) return this.errand.run.isSealed(this.errand.row)
    return this.#phases[row] === phase.sealed
  }

  retain(row: number, tokens: number): void {
    if (this.#whole.discarded) return
    if (this.#tokens[row]! <= 0) throw unbalanced('retained', this.#offsets[row]!)
    this.#tokens[row]! += tokens
  }

  release(row: number): void {
    if (this.#whole.discarded) return
    const left = --this.#tokens[row]!
    if (left === 0) this.#settle(row)
    else if (left < 0) throw unbalanced('released', this.#offsets[row]!)
  }

  releaseAll(rows: Int32Array, length: number, base: number, verdict?: Verdict): void {
    if (this.#whole.discarded) return
    const weight = verdict === undefined ? 0 : weights[verdict]
    for (let n = 0; n < length; n++) {
      const row = rows[n]! + base
      if (this.#verdicts[row]! < weight) this.#verdicts[row] = weight
      const left = --this.#tokens[row]!
      if (left === 0) this.#settle(row)
      else if (left < 0) throw unbalanced('released', this.#offsets[row]!)
    }
  }

  judge(row: number, verdict: Verdict): void {
    if (this.#verdicts[row]! < weights[verdict]) this.#verdicts[row] = weights[verdict]
  }

  /** For an errand that failed again, the letter's own end counts when it comes: a discard must free its id. */
  verdict(row: number): Verdict | undefined {
    if (this.#phases[row] === phase.open) return undefined
    return this.errand?.run.verdict(this.errand.row) ?? verdicts[this.#verdicts[row]!]
  }

  /**
   * True for a settled record that was parked, or a release of it that failed: nothing that it made counts, also where another
   * release of its letter, before the next commit, does not fail.
   */
  isParked(row: number): boolean {
    return this.#phases[row] !== phase.open && this.#verdicts[row] === weights.parked
  }

  whenSettled(row: number, callback: (verdict: Verdict) => void): void {
    const known = this.verdict(row)
    if (known !== undefined) {
      return this.#owner.soon(() => {
        if (!this.#whole.discarded) callback(known)
      })
    }
    this.#watchers ??= new Map()
    const others = this.#watchers.get(row)
    if (others === undefined) this.#watchers.set(row, [callback])
    else others.push(callback)
  }

  copied(row: number, bytes: number): void {
    if (this.#whole.discarded || this.#phases[row] !== phase.open) return
    this.#copies ??= new Map()
    const earlier = this.#copies.get(row)
    this.#owner.pinned(bytes)
    if (earlier !== undefined) {
      earlier.bytes += bytes
      return
    }
    this.#copies.set(row, { key: this.keyText(row), bytes })
    this.#unpinOne()
  }

  /** Nobody needs the buffer, nor the keys in it, although records are open: letters are read again when it is their turn. */
  unload(): void {
    this.#records = undefined
    this.#owner.pinned(-this.#pinnedBytes)
    this.#pinnedBytes = 0
  }

  /** The record was settled and committed in an earlier life: there is nothing to do for it. */
  sealRestored(row: number): void {
    this.#tokens[row] = 0
    this.#phases[row] = phase.sealed
    this.open--
    this.sealed++
    this.#letGo(row)
  }

  /** The key of a record under way, as text. */
  keyText(row: number): string | undefined {
    const copy = this.#copies?.get(row)
    if (copy !== undefined) return copy.key
    return this.#records === undefined ? undefined : keyText(this.#records, row)
  }

  #settle(row: number): void {
    this.#phases[row] = phase.settled
    if (this.#verdicts[row] === 0) this.#verdicts[row] = stored
    this.open--
    this.settled++
    this.#letGo(row)
    const verdict = verdicts[this.#verdicts[row]!]!
    this.#owner.settled(verdict)
    if (this.#watchers !== undefined) this.#tellWatchers(row, verdict)
  }

  #tellWatchers(row: number, verdict: Verdict): void {
    const callbacks = this.#watchers!.get(row)
    if (callbacks === undefined) return
    this.#watchers!.delete(row)
    this.#owner.soon(() => {
      if (this.#whole.discarded) return
      for (const callback of callbacks) callback(verdict)
    })
  }

  #letGo(row: number): void {
    const copy = this.#copies?.get(row)
    if (copy === undefined) return this.#unpinOne()
    this.#copies!.delete(row)
    this.#owner.pinned(-copy.bytes)
  }

  #unpinOne(): void {
    if (--this.#pins > 0) return
    this.#records = undefined
    this.#owner.pinned(-this.#pinnedBytes)
    this.#pinnedBytes = 0
  }

  /** Lets go of everything: for a task that is given up. */
  unpin(): void {
    let bytes = this.#pinnedBytes
    for (const copy of this.#copies?.values() ?? []) bytes += copy.bytes
    this.#owner.pinned(-bytes)
    this.#pinnedBytes = 0
    this.#copies?.clear()
    this.#watchers?.clear()
  }

  /** True for a run of the same ledger, whose offsets say which of two records came first. */
  sharesLedger(other: LedgerRun): boolean {
    return this.#whole === other.#whole
  }

  /** Keeps a settled record out of the next cut, until `letGo`: something before it is not settled. */
  hold(row: number): void {
    if (this.errand !== undefined) return this.errand.run.hold(this.errand.row)
    this.#held ??= new Set()
    this.#held.add(row)
  }

  isHeld(row: number): boolean {
    if (this.errand !== undefined) return this.errand.run.isHeld(this.errand.row)
    return this.#held?.has(row) === true
  }

  letGo(): void {
    this.errand?.run.letGo()
    this.#held = undefined
  }

  /** Seals what is settled, with `inOrder` only up to the first record that is not; true if the whole run now is. */
  seal(mayPark: (run: LedgerRun, row: number) => boolean, inOrder = false): boolean {
    for (let row = 0; row < this.count; row++) {
      if (this.#phases[row] === phase.sealed) continue
      const stays =
        this.#phases[row] === phase.open ||
        this.isHeld(row) ||
        (this.#verdicts[row] === weights.parked && !mayPark(this, row))
      if (stays && inOrder) return false
      if (stays) continue
      this.#phases[row] = phase.sealed
      this.settled--
      this.sealed++
    }
    return this.sealed === this.count
  }

  /** True if the first record that is not sealed is settled. */
  get headSettled(): boolean {
    return this.#phases[this.#phases.findIndex((one) => one !== phase.sealed)] === phase.settled
  }

  /** To be called when the whole run is committed. */
  committed(): void {
    const buffer = this.#buffer.deref()
    if (buffer !== undefined) this.#owner.spent?.(buffer, this.count)
  }

  /** The sealed ranges of this run, gaps included. */
  forEachSealed(visit: (start: number, end: number) => void): void {
    let start = -1
    for (let row = 0; row < this.count; row++) {
      const sealed = this.#phases[row] === phase.sealed
      if (sealed && start < 0) start = row === 0 ? this.start : this.#offsets[row - 1]! + 1
      if (sealed || start < 0) continue
      visit(start, this.#offsets[row - 1]! + 1)
      start = -1
    }
    if (start >= 0) visit(start, this.end)
  }

  someOpenBelow(offset: number, visit: (key: string | undefined) => boolean): boolean {
    for (let row = 0; row < this.count && this.#offsets[row]! < offset; row++) {
      if (this.#phases[row] === phase.open && visit(this.keyText(row))) return true
    }
    return false
  }
}

/** What a run takes besides its records, roughly: where each record comes as a run of its own, that is most of it. */
const bytesOfRun = 1024

/** What the columns of PackedRecords take, for each record. */
const bytesOfColumns = 2 * 8 + 6 * 4

function unbalanced(what: string, offset: number): Error {
  return fatalError(
    'CONSERVATION_BROKEN',
    `The record at offset ${offset} was ${what} after it had been settled: a component emitted or dropped it twice.`,
  )
}
