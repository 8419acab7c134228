import type { OutgoingBatch } from '../component/contracts/log.ts'
import type { PreparedWrite, WriteResult } from '../component/contracts/sink.ts'
import { selectRows } from '../component/outgoing.ts'
import { keyOf } from '../component/packed-records.ts'
import type { WriteBatch } from '../component/write-batch.ts'
import type { Share } from './budget.ts'
import type { LedgerRun } from './ledger-run.ts'
import { withoutRefused } from './refused-outputs.ts'
import type { Refusals } from './refusals.ts'

/** Outputs that wait for the cut that their records are in. Row n was made of row `rows[n]` of `runs[n]`. */
interface Waiting {
  readonly output: OutgoingBatch
  readonly runs: LedgerRun | readonly LedgerRun[]
  readonly rows: Int32Array
}

/** What an output takes beside its bytes, roughly. */
const bytesOfRow = 48

/**
 * What the topic sinks of a task have written in an exactly-once topology. It goes into the commit that covers the
 * records that it was made of: neither earlier, nor without them. What a record put here before it was parked is dropped:
 * it will be made again when the record is released.
 *
 * Outputs of a key leave in the order in which their records came in, where they came in it. Records may settle in another one,
 * where they have other outputs besides that take their time: then the later record is held back (`holdBack`).
 */
export class Outbox {
  readonly #share: Share
  readonly #refusals: Refusals
  #waiting: Waiting[] = []
  /** What was sealed last, by its place in the cut. */
  #sealed: readonly Waiting[] = []
  #waitingBytes = 0
  #sealedBytes = 0

  constructor(share: Share, refusals: Refusals) {
    this.#share = share
    this.#refusals = refusals
  }

  /** Takes what a sink would append; answers what became of the records of `batch`. */
  add(batch: WriteBatch, prepared: PreparedWrite): WriteResult {
    const { output, sources, outcomes } = this.#refusals.none
      ? prepared
      : withoutRefused(batch, prepared, this.#refusals)
    if (output.count > 0) {
      const bytes = sizeOf(output)
      this.#share.add(bytes)
      this.#waitingBytes += bytes
      this.#waiting.push({ output, ...originsOf(batch, sources, output.count) })
    }
    return outcomes
  }

  /**
   * To be called before a cut is sealed: a settled record that has an output behind one of the same topic and key, whose record
   * came in earlier and is not settled, waits for it. A record that waits holds up later ones behind all of its outputs.
   *
   * Nobody waits for ever: a record waits for records alone that came in no later than itself. Those are known when it comes,
   * and what comes afterwards makes them no more, however fast a key goes on. Invariant (test/engine/runtime/outbox.test.ts): a
   * settled record is in the next cut when all that came in no later are settled.
   */
  holdBack(): void {
    let open = false
    for (const { runs, rows } of this.#waiting) {
      for (let n = 0; n < rows.length; n++) {
        const run = runOf(runs, n)
        run.letGo()
        open ||= run.isOpen(rows[n]!)
      }
    }
    while (open && this.#holdMore());
  }

  /** True if another record is held. */
  #holdMore(): boolean {
    const waiting = new Map<string, Map<string, Unsettled>>()
    let more = false
    for (const { output, runs, rows } of this.#waiting) {
      const keys = waiting.get(output.topic) ?? new Map<string, Unsettled>()
      waiting.set(output.topic, keys)
      for (let n = 0; n < rows.length; n++) {
        const [run, row] = [runOf(runs, n), rows[n]!]
        const key = run.isParked(row) ? undefined : keyOf(output, n)?.toString('latin1')
        if (key === undefined) continue
        const before = keys.get(key)
        if (before?.holds(run, row) === true && !run.isOpen(row) && !run.isHeld(row)) {
          run.hold(row)
          more = true
        }
        if (!run.isOpen(row) && !run.isHeld(row)) continue
        if (before === undefined) keys.set(key, new Unsettled(run, row))
        else before.add(run, row)
      }
    }
    return more
  }

  /** The outputs of all records that are in a cut by now. */
  seal(): OutgoingBatch[] {
    const sealed: Waiting[] = []
    const left: Waiting[] = []
    for (const one of this.#waiting) {
      const { leaves, stays } = part(one)
      if (leaves.output.count > 0) sealed.push(leaves)
      if (stays !== undefined) left.push(stays)
    }
    this.#waiting = left
    const waiting = left.reduce((sum, { output }) => sum + sizeOf(output), 0)
    this.#sealedBytes += this.#waitingBytes - waiting
    this.#waitingBytes = waiting
    this.#sealed = sealed
    return sealed.map(({ output }) => output)
  }

  /** Of which record a row was made that was sealed last. */
  originOf(
    output: number,
    row: number,
  ): { readonly run: LedgerRun; readonly offset: number; readonly to: string } {
    const {
      runs,
      rows,
      output: { topic },
    } = this.#sealed[output]!
    const run = runOf(runs, row)
    return { run, offset: run.offset(rows[row]!), to: topic }
  }

  /** What was sealed last is written. */
  committed(): void {
    this.#share.add(-this.#sealedBytes)
    this.#sealedBytes = 0
    this.#sealed = []
  }

  /** The task is given up. */
  discard(): void {
    this.#share.add(-this.#sealedBytes - this.#waitingBytes)
    this.#waiting = []
    this.#sealedBytes = 0
    this.#waitingBytes = 0
  }
}

/** Records that are not settled, or held, and have an output of one key: the earliest of each ledger. */
class Unsettled {
  readonly #first: { run: LedgerRun; offset: number; admittedAt: number }[] = []

  constructor(run: LedgerRun, row: number) {
    this.add(run, row)
  }

  add(run: LedgerRun, row: number): void {
    const offset = run.offset(row)
    const same = this.#first.find((one) => one.run.sharesLedger(run))
    if (same === undefined) this.#first.push({ run, offset, admittedAt: run.admittedAt })
    else {
      same.offset = Math.min(same.offset, offset)
      same.admittedAt = Math.min(same.admittedAt, run.admittedAt)
    }
  }

  /** True if one of them came in before this record: of one ledger by their offsets, of several by their times. */
  holds(run: LedgerRun, row: number): boolean {
    return this.#first.some((one) =>
      one.run.sharesLedger(run) ? one.offset < run.offset(row) : one.admittedAt <= run.admittedAt,
    )
  }
}

function originsOf(
  batch: WriteBatch,
  sources: Int32Array | undefined,
  count: number,
): Pick<Waiting, 'runs' | 'rows'> {
  const rows = new Int32Array(count)
  const { whole } = batch
  if (whole !== undefined) {
    for (let n = 0; n < count; n++) rows[n] = whole.lineageRow(sources === undefined ? n : sources[n]!)
    return { runs: whole.origin.lineage as LedgerRun, rows }
  }
  const runs = new Array<LedgerRun>(count)
  for (let n = 0; n < count; n++) {
    const source = sources === undefined ? n : sources[n]!
    const from = batch.batchOf(source)
    runs[n] = from.origin.lineage as LedgerRun
    rows[n] = from.lineageRow(batch.indexOf(source))
  }
  return { runs, rows }
}

function runOf(runs: Waiting['runs'], n: number): LedgerRun {
  return Array.isArray(runs) ? (runs as readonly LedgerRun[])[n]! : (runs as LedgerRun)
}

/** Parts what is in a cut from what waits for one. */
function part(waiting: Waiting): { readonly leaves: Waiting; readonly stays: Waiting | undefined } {
  const { output, runs, rows } = waiting
  const leaving = new Int32Array(output.count)
  const staying = new Int32Array(output.count)
  let leave = 0
  let stay = 0
  for (let n = 0; n < output.count; n++) {
    const run = runOf(runs, n)
    const row = rows[n]!
    if (run.isParked(row)) continue
    if (run.isSealed(row)) leaving[leave++] = n
    else staying[stay++] = n
  }
  if (leave === output.count) return { leaves: waiting, stays: undefined }
  return {
    leaves: pick(waiting, leaving.subarray(0, leave)),
    stays: stay === 0 ? undefined : pick(waiting, staying.subarray(0, stay)),
  }
}

function pick({ output, runs, rows }: Waiting, picked: Int32Array): Waiting {
  return {
    output: selectRows(output, picked),
    runs: Array.isArray(runs) ? Array.from(picked, (n) => (runs as readonly LedgerRun[])[n]!) : runs,
    rows: picked.map((n) => rows[n]!),
  }
}

function sizeOf({ count, keyStarts, keyEnds, valueStarts, valueEnds }: OutgoingBatch): number {
  let bytes = count * bytesOfRow
  for (let n = 0; n < count; n++) bytes += keyEnds[n]! - keyStarts[n]! + valueEnds[n]! - valueStarts[n]!
  return bytes
}
