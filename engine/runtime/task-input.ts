import type { ValueCodec } from '../component/codec.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { BatchOrigin, RecordBatch } from '../component/record-batch.ts'
import { batchOf } from '../component/record-batch.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { fatalError, sentenceOf } from '../errors.ts'
import type { ErrorSettings } from '../topology/plan-types.ts'
import type { Breaker } from './breaker.ts'
import { EventTime } from './event-time.ts'
import type { FailurePolicy } from './failures.ts'
import { Ledger } from './ledger.ts'
import type { LedgerRun, RunOwner } from './ledger-run.ts'
import { MergeTimes } from './merge-times.ts'
import type { MergeLane, Merger, MergeWait } from './merger.ts'
import { decodeMetadata, fitMetadata, metadataHighMark } from './commit-metadata.ts'
import { Intervals } from './intervals.ts'
import { Parking } from './parking.ts'
import { passesOver } from './other-types.ts'
import type { ParkingHalt } from './parking-limits.ts'
import { SchemaWait } from './schema-wait.ts'

/** What an input needs of its task. */
export interface InputOptions {
  /** Name of the source. */
  readonly node: string
  readonly group: string
  readonly partition: TopicPartition
  readonly parkedPartition: TopicPartition
  readonly position: CommittedPosition | undefined
  readonly codec: ValueCodec
  readonly eventTime: string | undefined
  readonly clock: Clock
  readonly owner: RunOwner
  readonly policy: FailurePolicy
  readonly restoring: RestoredPosition
  /** True: its records are the rows of a table, which is read to its end before anything else begins. */
  readonly isTable: boolean
  /** True: cuts are beginnings of the partition. */
  readonly inOrder: boolean
  /** Set where its records wait for those of other inputs, so as to come in by their event times. */
  readonly merger: Merger | undefined
  /** Sends a batch into the graph. */
  readonly push: (batch: RecordBatch) => void
  /** Of the registry that has its schemas. */
  readonly breaker: Breaker
  /** True while what is behind a node that it feeds is left alone. */
  readonly isHeld: () => boolean
  /** How much may be parked. */
  readonly limits: ErrorSettings['parking']
  /** Counts at the source. */
  readonly count: (what: string, by: number) => void
  /** Set where nothing may be taken in. */
  readonly shut: ParkingHalt | undefined
  /** Something that passes is in the way: for the log. */
  readonly trouble: (sentence: string) => void
}

/** One source partition of a task: its ledger, its parked records, and the way in. */
export class TaskInput {
  readonly node: string
  readonly partition: TopicPartition
  /** Where the source is to go on; undefined = where it begins. */
  readonly position: CommittedPosition | undefined
  readonly ledger: Ledger
  readonly parking: Parking
  readonly #options: InputOptions
  readonly #eventTime: EventTime
  readonly #lane: MergeLane | undefined
  readonly #times: MergeTimes
  readonly #schemas: SchemaWait
  /** Set while something waits for a schema: what comes after it waits too. */
  #queue: Promise<void> | undefined
  /** True once the reader delivers for this task: what came before was meant for the task before it. */
  started = false
  /** Since when nothing comes in and there is nothing more, milliseconds since 1970; Infinity while there may be. */
  quietSince = Number.POSITIVE_INFINITY
  /** Up to where the reader said that it had delivered everything. */
  #readTo = 0
  /** Length of the last commit's metadata. */
  metadataLength = 0
  #paused = false

  constructor(options: InputOptions) {
    this.node = options.node
    this.partition = options.partition
    this.position = options.position
    this.#options = options
    this.#eventTime = new EventTime(options.eventTime)
    this.#times = new MergeTimes(this.#eventTime, options.codec, options.clock)
    this.#lane = options.merger?.lane({
      admit: (records) => {
        let enter: ((from: number, to: number) => void) | undefined
        this.#pastMerge(() => (enter = this.#entrance(records, this.#admit(records))))
        return (from, to) => this.#pastMerge(() => enter?.(from, to))
      },
      passed: (offset) => this.#pastMerge(() => this.ledger.pass(offset)),
    })
    this.#schemas = new SchemaWait({ ...options, over: () => this.ledger.discarded })
    this.ledger = restoredLedger(
      options.partition,
      options.position,
      options.owner,
      options.restoring,
      options.inOrder,
    )
    this.parking = new Parking({
      group: options.group,
      source: options.partition,
      target: options.parkedPartition,
      ledger: this.ledger,
      clock: options.clock,
      limits: options.limits,
      shut: options.shut,
      trouble: options.trouble,
      resume: (batch) => this.#resume(batch),
    })
  }

  /** True while no new work is taken: the map of settled ranges is too long, or too much waits for its turn. */
  get saturated(): boolean {
    if (this.#options.inOrder && this.ledger.waiting > mostWaiting) return true
    return this.metadataLength > metadataHighMark
  }

  /** True while records wait for those of other inputs: they are in no ledger yet. */
  get holds(): boolean {
    return this.#lane !== undefined && (this.#lane.holds || this.#queue !== undefined)
  }

  /** What waits here for other inputs; undefined where nothing is merged. */
  get mergeWait(): MergeWait | undefined {
    return this.#lane?.wait
  }

  /** True while it is to be read no further: something it feeds is away, or so much waits for other inputs. */
  get ahead(): boolean {
    if (this.isHeld || this.parking.halt !== undefined) return true
    return this.#lane !== undefined && (this.#lane.ahead || this.#queue !== undefined)
  }

  /** True while something is away that its records need: a registry, or what is behind a node that it feeds. */
  get isHeld(): boolean {
    return this.#schemas.waits || this.#options.isHeld()
  }

  /** True while nothing is read from its partition. */
  get isPaused(): boolean {
    return this.#paused
  }

  /** It is read no further for now; or it is again. */
  paused(paused: boolean): void {
    this.#paused = paused
    if (paused) this.#lane?.pause()
    else this.#lane?.resume()
  }

  /** True while what comes is not for this task, or must not be taken. */
  get #closed(): boolean {
    return !this.started || this.#options.shut !== undefined
  }

  /**
   * The records come in: into the ledger now, into the graph as soon as their schemas are there. Where they wait for those of
   * other inputs, they are in the ledger when that is over.
   */
  take(records: PackedRecords): void {
    if (this.#closed) return
    this.quietSince = Number.POSITIVE_INFINITY
    this.#options.count('taken', records.count)
    const lane = this.#lane
    if (lane !== undefined) return this.#inTurn(() => lane.take(records, this.#times.of(records)), records)
    const run = this.#admit(records)
    this.#inTurn(() => this.#enter(records, run), records)
  }

  #admit(records: PackedRecords): LedgerRun {
    return this.ledger.admit(records, this.#options.clock.now())
  }

  /** Does it once the schemas of the records are there, behind what came before. */
  #inTurn(action: () => void, records?: PackedRecords): void {
    const preparing = records && this.#schemas.begin(records)
    if (preparing === undefined && this.#queue === undefined) return action()
    const before = this.#queue ?? Promise.resolve()
    const done = before
      .then(() => records && this.#schemas.end(records, preparing))
      .then(action)
      .catch((error: unknown) => this.#tell(error))
      .then(() => {
        if (this.#queue === done) this.#queue = undefined
      })
    this.#queue = done
  }

  /** Others may have let it pass, or a timer. */
  #pastMerge(action: () => void): void {
    try {
      if (!this.ledger.discarded) action()
    } catch (error) {
      this.#tell(error)
    }
  }

  /** What has not come from below `offset` is gone: progress goes over it. */
  pass(offset: number): void {
    if (this.#closed) return
    const lane = this.#lane
    if (lane === undefined) this.ledger.pass(offset)
    else this.#inTurn(() => lane.pass(offset))
  }

  get isTable(): boolean {
    return this.#options.isTable
  }

  /** True once everything below `offset` has come in, and has become what it becomes. */
  isPast(offset: number): boolean {
    return (
      Math.max(this.ledger.end, this.#readTo) >= offset && this.ledger.open === 0 && this.#queue === undefined
    )
  }

  /** The source has delivered all that there is, up to this offset. */
  reachedEnd(offset: number): void {
    if (this.#closed) return
    this.#readTo = Math.max(this.#readTo, offset)
    this.quietSince = Math.min(this.quietSince, this.#options.clock.now())
    const lane = this.#lane
    if (lane !== undefined) this.#inTurn(() => lane.reachedEnd())
  }

  /** An error that no caller waits for: the task stops with it. */
  #tell(error: unknown): void {
    this.#options.owner.soon(() => {
      throw error
    })
  }

  #enter(records: PackedRecords, run: LedgerRun): void {
    if (!this.ledger.discarded) this.#entrance(records, run)(0, records.count)
  }

  /** The way into the graph for the rows of a run, from `from` to before `to`. */
  #entrance(records: PackedRecords, run: LedgerRun): (from: number, to: number) => void {
    const now = this.#options.clock.now()
    const plain =
      this.#options.codec.takes === undefined && this.#eventTime.allFromTopic(records.timestamps, now)
    const batch = batchOf(this.#originOf(records, run, plain))
    return (from, to) => {
      const ready = new Int32Array(to - from)
      let length = 0
      for (let i = from; i < to; i++) if (this.#mayEnter(batch, i, run, plain, now)) ready[length++] = i
      this.#options.policy.saw(length)
      if (this.#options.policy.stopped) return
      if (length > 0) this.#options.push(batch.select(ready, length))
    }
  }

  #mayEnter(batch: RecordBatch, i: number, run: LedgerRun, plain: boolean, now: number): boolean {
    if (!run.isOpen(i)) return false
    if (this.parking.keys > 0 && this.parking.takes(batch, i)) return false
    return plain || this.#isTaken(batch, i, now)
  }

  /** True for a record that goes into the graph; its event time is then known. */
  #isTaken(batch: RecordBatch, i: number, now: number): boolean {
    try {
      if (passesOver(batch, i)) {
        this.#options.count('type', 1)
        return false
      }
      batch.origin.eventTimes[batch.rows[i]!] = this.#eventTime.of(batch, i, now)
      return true
    } catch (error) {
      this.#options.policy.giveUp(batch, i, { node: this.node, error, attempts: 1, firstFailure: now })
      return false
    }
  }

  /** A released letter comes in again, as soon as its schema is there. */
  reenter(records: PackedRecords, errand: LedgerRun): void {
    const batch = batchOf(this.#originOf(records, errand, false))
    const preparing = this.#schemas.begin(records)
    if (preparing === undefined) return this.#resume(batch)
    this.#schemas
      .end(records, preparing)
      .then(() => {
        if (!this.ledger.discarded) this.#resume(batch)
      })
      .catch((error: unknown) => this.#tell(error))
  }

  /** One record that had to wait outside goes into the graph. */
  #resume(batch: RecordBatch): void {
    this.#options.policy.saw(1)
    if (this.#isTaken(batch, 0, this.#options.clock.now())) this.#options.push(batch)
  }

  #originOf(records: PackedRecords, lineage: LedgerRun, plain: boolean): BatchOrigin {
    const eventTimes = plain ? records.timestamps : new Float64Array(records.count)
    return { records, eventTimes, codec: this.#options.codec, lineage, lineageBase: 0 }
  }

  /** Seals the ledger; answers the position for the commit. */
  seal(): TopicPartition & CommittedPosition {
    const { frontier, ranges } = this.ledger.seal((run, row) => this.parking.maySeal(run, row))
    const metadata = fitMetadata(frontier, ranges)
    this.metadataLength = metadata.length
    return { ...this.partition, offset: frontier, metadata }
  }
}

/** Settled records that may wait for an earlier one, where cuts are beginnings of the partition: their state is in memory. */
const mostWaiting = 250_000

/** What is to be done about commit metadata that another program, or a newer Millrace, wrote. */
export interface RestoredPosition {
  readonly foreign: 'stop' | 'ignore'
  readonly trouble: (sentence: string) => void
}

/** A ledger that begins where the last life ended. Throws METADATA_FOREIGN, unless that is to be ignored. */
export function restoredLedger(
  partition: TopicPartition,
  position: CommittedPosition | undefined,
  owner: RunOwner,
  restoring: RestoredPosition,
  inOrder = false,
): Ledger {
  if (position === undefined) return new Ledger(partition, 0, new Intervals(), owner, inOrder)
  return new Ledger(partition, position.offset, rangesOf(partition, position, restoring), owner, inOrder)
}

function rangesOf(
  { topic, partition }: TopicPartition,
  { offset, metadata }: CommittedPosition,
  { foreign, trouble }: RestoredPosition,
): Intervals {
  try {
    return decodeMetadata(offset, metadata)
  } catch (error) {
    const where = `${topic}/${partition} at offset ${offset}`
    if (foreign === 'stop') {
      const remedy = 'Set commit.foreignMetadata to ignore, or run the Millrace that wrote it.'
      throw fatalError('METADATA_FOREIGN', `${where}: ${sentenceOf(error)} ${remedy}`, { cause: error })
    }
    trouble(
      `${where}: what was settled beyond it is not known, and is processed again (${sentenceOf(error)})`,
    )
    return new Intervals()
  }
}
