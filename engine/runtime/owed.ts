import type { ValueCodec } from '../component/codec.ts'
import type { Due, Owing } from '../component/contracts/owing.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { RecordBatch } from '../component/record-batch.ts'
import { RecordPacker } from '../component/record-packer.ts'
import { permanentError, sentenceOf } from '../errors.ts'
import type { Failure } from './failures.ts'
import { LedgerRun, type RunOwner } from './ledger-run.ts'

/** A node that owes, and the way out of it. */
interface Debtor {
  readonly node: string
  readonly owing: Owing
  readonly emit: (batch: RecordBatch) => void
  readonly count: (what: string, by: number) => void
}

/** Some things that a node owes, under way: a run of its own, in no partition. */
export class OwedRun extends LedgerRun {
  readonly dues: readonly Due[]
  /** True if the node was told at once, and not with the seal. */
  readonly told: boolean
  /** Keys of which a later node refused something: what follows of them is not sent on either. */
  readonly #refused = new Set<string>()

  constructor(
    book: { readonly discarded: boolean },
    records: ConstructorParameters<typeof LedgerRun>[1],
    now: number,
    owner: RunOwner,
    dues: readonly Due[],
    told: boolean,
  ) {
    super(book, records, records.offsets[0]!, now, owner)
    this.dues = dues
    this.told = told
  }

  /** A later node refused something of the key. */
  refuse(key: string | undefined): void {
    if (key !== undefined) this.#refused.add(key)
  }

  refuses(key: string | undefined): boolean {
    return this.#refused.size > 0 && key !== undefined && this.#refused.has(key)
  }

  get refusesAny(): boolean {
    return this.#refused.size > 0
  }
}

/** What time has to know of an input. */
interface TickedInput {
  readonly ledger: { readonly open: number; readonly dirty: boolean }
  /** Since when nothing comes in and there is nothing more; Infinity while there may be. */
  readonly quietSince: number
}

/** What the task says of its surroundings. */
export interface OwedOptions {
  readonly partition: number
  readonly topology: string
  readonly owner: RunOwner
  readonly now: () => number
}

/** The most that a node has under way at once. */
const mostUnderWay = 10_000

/**
 * What the nodes of a task owe, under way. A node is asked after each commit, and after a restore: what it owes follows
 * from what is committed. Each record that it sends has a slot here, in no partition's ledger; it is sealed in the cut in
 * which the node changes its state because of it.
 */
export class OwedEmissions {
  readonly #options: OwedOptions
  readonly #debtors: Debtor[] = []
  /** What nodes know the values of a debtor by. */
  readonly #codecs = new Map<Debtor, ValueCodec>()
  /** Each with whose it is, until all of it is committed. */
  #runs: { readonly run: OwedRun; readonly debtor: Debtor }[] = []
  #next = 0
  #stopped = false
  discarded = false

  constructor(options: OwedOptions) {
    this.#options = options
  }

  add(debtor: Debtor): void {
    const { types } = debtor.owing
    this.#debtors.push(debtor)
    this.#codecs.set(debtor, types === undefined ? derivedOnly : { ...derivedOnly, types })
  }

  /** True while a node owes something, or something of it is not committed. */
  get busy(): boolean {
    return this.#runs.length > 0 || this.#debtors.some(({ owing }) => owing.owes)
  }

  /** True while a node holds as much as it may. */
  get saturated(): boolean {
    return this.#debtors.some(({ owing }) => owing.saturated === true)
  }

  /** True while something under way is held back, since something before it of its key was refused. */
  get blocksAny(): boolean {
    return this.#runs.some(({ run }) => run.refusesAny)
  }

  /** True if there is something to seal. */
  get dirty(): boolean {
    return this.#runs.some(({ run }) => run.settled > 0)
  }

  /** Begins nothing more. */
  stop(): void {
    this.#stopped = true
  }

  /** Sends what is owed by what is committed. */
  send(): void {
    for (const debtor of this.#debtors) {
      if (this.discarded || this.#stopped) return
      const underWay = this.#runs.reduce((sum, one) => sum + (one.debtor === debtor ? one.run.open : 0), 0)
      const dues = debtor.owing.due(Math.max(0, mostUnderWay - underWay))
      if (dues.length > 0) this.#begin(debtor, dues, false)
    }
  }

  /** Where all that came in is settled, and there is nothing more for now: what is due to time alone. `open`: records under way. */
  tick(inputs: readonly TickedInput[], open: number): void {
    if (this.discarded || this.#stopped || inputs.some(({ ledger }) => ledger.open > 0)) return
    const now = this.#options.now()
    const quietMs = Math.min(...inputs.map(({ quietSince }) => now - quietSince))
    const calm = open === 0 && !this.busy && !inputs.some(({ ledger }) => ledger.dirty)
    for (const debtor of this.#debtors) {
      const due = debtor.owing.tick(quietMs, calm)
      if (due === undefined) continue
      due.settle('stored', this.#begin(debtor, [due], true), 0)
    }
  }

  #begin(debtor: Debtor, dues: readonly Due[], told: boolean): OwedRun {
    const { owner, now } = this.#options
    const records = this.#pack(debtor, dues)
    const run = new OwedRun(this, records, now(), owner, dues, told)
    this.#runs.push({ run, debtor })
    owner.admitted(dues.length)
    const sent = new Int32Array(dues.length)
    const rest = new Int32Array(dues.length)
    const values: unknown[] = []
    for (const [row, { emission }] of dues.entries()) {
      if (emission === undefined) rest[row - values.length] = row
      else sent[values.push(emission.value) - 1] = row
    }
    run.releaseAll(rest, dues.length - values.length, 0, 'dropped')
    if (values.length === 0) return run
    const origin = {
      records,
      eventTimes: records.timestamps,
      codec: this.#codecs.get(debtor)!,
      lineage: run,
      lineageBase: 0,
      types: dues.map(({ emission }) => emission?.type),
    }
    debtor.count('emitted', values.length)
    debtor.emit(new RecordBatch(origin, sent, values.length, values))
    return run
  }

  /** The records of what is owed, without their values. */
  #pack({ node }: Debtor, dues: readonly Due[]): PackedRecords {
    const { partition, topology, now } = this.#options
    const packer = new RecordPacker(dues.length)
    for (const { emission } of dues) {
      packer.begin(emission?.timestamp ?? now())
      if (emission === undefined) packer.key(null)
      else packer.keyText(emission.key)
      packer.value(null)
      packer.headers(emission?.headers ?? [])
      packer.end()
    }
    const offsets = new Float64Array(dues.length)
    for (let row = 0; row < dues.length; row++) offsets[row] = this.#next++
    return { topic: `${topology}.${node}`, partition, offsets, ...packer.columns() }
  }

  /** Tells the nodes what became of what they owe: their changes belong to the cut that is sealed next. */
  settle(): void {
    for (const { run, debtor } of this.#runs) {
      if (run.told || run.settled === 0) continue
      for (let row = 0; row < run.count; row++) this.#tell(run, row, debtor)
    }
  }

  #tell(run: OwedRun, row: number, debtor: Debtor): void {
    const verdict = run.isSealed(row) || run.isHeld(row) ? undefined : run.verdict(row)
    if (verdict === undefined) return
    if (verdict === 'parked') debtor.count('emissionsFailed', 1)
    run.dues[row]!.settle(verdict, run, row)
  }

  /** Puts all that ended into the cut. */
  seal(): void {
    for (const { run } of this.#runs) if (run.settled > 0) run.seal(() => true)
  }

  /** The cut that was sealed last is committed. */
  committed(): void {
    this.#runs = this.#runs.filter(({ run }) => run.sealed < run.count)
  }

  /** The record is in the cut that is being sealed, and parked. */
  readonly parked: Owing['parked'] = (...at) => {
    for (const { owing } of this.#debtors) owing.parked(...at)
  }

  /** The letter of the record is closed. */
  readonly letterClosed: Owing['letterClosed'] = (...at) => {
    for (const { owing } of this.#debtors) owing.letterClosed(...at)
  }

  discard(): void {
    this.discarded = true
    for (const { run } of this.#runs) run.unpin()
    this.#runs = []
  }
}

/** True for records that a node sends because it owes them: they are in no partition. */
export function isOwed(batch: RecordBatch): boolean {
  return batch.origin.lineage instanceof OwedRun
}

/** Ends the way of a record that is no letter: it stays owed, or the letter that it is of stays open. */
export function holdBack(batch: RecordBatch, i: number): void {
  const { lineage } = batch.origin
  lineage.judge(batch.lineageRow(i), 'parked')
  lineage.release(batch.lineageRow(i))
}

/** A later node does not take what is owed: what follows of its key is held back. Answers a sentence about it. */
export function refuseOwed(batch: RecordBatch, i: number, { node, error }: Failure): string {
  ;(batch.origin.lineage as OwedRun).refuse(batch.keyText(i))
  return (
    `Node ${node} cannot take what ${batch.topic} sends for a key (${sentenceOf(error)}): ` +
    'it stays owed, and is sent again when the key changes and at the next start.'
  )
}

/** What is sent has a value that no codec made. */
const derivedOnly: ValueCodec = {
  name: 'derived',
  prepare: () => undefined,
  decode: neverEncoded,
  reader: neverEncoded,
}

function neverEncoded(): never {
  throw permanentError('RECORD_INVALID', 'This record was never encoded: its value is one that a node made.')
}
