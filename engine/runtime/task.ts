import type { CommitBackend, SealedTask, TaskId } from '../component/contracts/commit.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { Cut, IdStore, StateStore } from '../component/contracts/state.ts'
import type { Fingerprint } from '../component/fingerprint.ts'
import type { Verdict } from '../component/lineage.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { fatalError, MillraceError, sentenceOf } from '../errors.ts'
import { createIdStore } from '../state/id-store.ts'
import { bodyHash, fingerprint } from '../state/fingerprint.ts'
import { FailurePolicy, type Failure } from './failures.ts'
import type { StageContext } from './lanes.ts'
import type { Share } from './budget.ts'
import type { Ledger } from './ledger.ts'
import { type LedgerRun, type RunOwner } from './ledger-run.ts'
import { fitMetadata } from './commit-metadata.ts'
import { parkedTopic } from './letters.ts'
import { Outbox } from './outbox.ts'
import { ParkedInput } from './parked-input.ts'
import { reach } from '../component/points.ts'
import { TaskGraph } from './task-graph.ts'
import type { TaskOptions, TaskSource } from './task-options.ts'
import { restoredLedger, type RestoredPosition, TaskInput } from './task-input.ts'

/**
 * A sub-topology on one partition: its inputs, its nodes, its state. It takes records in, and gives out cuts: what is
 * settled, and exactly the state that belongs to it. It never commits by itself.
 */
export class Task {
  readonly id: TaskId
  readonly epoch: number
  readonly inputs: readonly TaskInput[]
  readonly verdicts: Record<Verdict, number> = { stored: 0, dropped: 0, parked: 0, skipped: 0, discarded: 0 }
  readonly #options: TaskOptions
  readonly #stores = new Map<string, StateStore>()
  readonly #parked: readonly { readonly ledger: Ledger; readonly input: ParkedInput }[]
  readonly #graph: TaskGraph
  readonly #byTopic = new Map<string, TaskInput>()
  readonly #outbox: Outbox | undefined
  readonly #idle: (() => void)[] = []
  #open = 0
  #cancelled = false

  /** Restores what was committed, and reads the parked partition: only then may the first record come. */
  static async open(options: TaskOptions): Promise<Task> {
    const group = options.plan.name
    const own = options.sources.map(({ topic }) => ({ topic, partition: options.partition }))
    const parked = own.map(({ topic, partition }) => ({ topic: parkedTopic(group, topic), partition }))
    const ref = { task: taskId(options), partition: options.partition, group }
    const positions = await options.backend.positions(ref, [...own, ...parked])
    const task = new Task(options, own, parked, positions)
    const stores = [...task.#stores.values()].map(({ name, kind }) => ({ name, kind }))
    await options.backend.restore(ref, stores, (block) => task.#stores.get(block.store)!.restore(block))
    await task.pollParked()
    return task
  }

  private constructor(
    options: TaskOptions,
    own: readonly TopicPartition[],
    parked: readonly TopicPartition[],
    positions: Awaited<ReturnType<CommitBackend['positions']>>,
  ) {
    this.id = taskId(options)
    this.epoch = options.epoch
    this.#options = options
    const policy = new FailurePolicy(options.plan.errors, this.#failureActions(), options.random)
    this.inputs = options.sources.map((source, n) =>
      this.#input(source, own[n]!, parked[n]!, positions[n], policy),
    )
    for (const input of this.inputs) this.#byTopic.set(input.partition.topic, input)
    this.#parked = this.inputs.map((input, n) =>
      this.#parkedInput(input, parked[n]!, positions[own.length + n]),
    )
    if (options.plan.delivery === 'exactly-once') this.#outbox = new Outbox(options.share)
    this.#graph = new TaskGraph(options.plan, options.sub, {
      context: (node) => this.#stageContext(node, policy),
      operators: options.operators,
      services: (node) => ({
        fingerprint: hashes,
        ids: (windowMs) => this.#ids(node, windowMs),
        inputOf: (batch) => this.inputs.indexOf(this.#inputOf(batch)),
      }),
      writer: (node) => options.writers.get(node)!,
      outbox: this.#outbox,
    })
  }

  #input(
    source: TaskSource,
    partition: TopicPartition,
    parkedPartition: TopicPartition,
    position: { readonly offset: number; readonly metadata: string } | undefined,
    policy: FailurePolicy,
  ): TaskInput {
    const { plan, clock, trouble } = this.#options
    return new TaskInput({
      ...source,
      group: plan.name,
      partition,
      parkedPartition,
      position,
      clock,
      policy,
      trouble,
      owner: { ...this.#owner(), ...(source.spent && { spent: source.spent }) },
      restoring: this.#restoring(),
      push: (batch) => this.#graph.push(source.node, batch),
    })
  }

  #restoring(): RestoredPosition {
    return { foreign: this.#options.plan.foreignMetadata, trouble: this.#options.trouble }
  }

  #parkedInput(
    input: TaskInput,
    partition: TopicPartition,
    position: { readonly offset: number; readonly metadata: string } | undefined,
  ): { readonly ledger: Ledger; readonly input: ParkedInput } {
    const { log, clock } = this.#options
    const ledger = restoredLedger(partition, position, lettersOwner, this.#restoring())
    const errands: RunOwner = { ...this.#owner(), settled: () => this.#settledOne() }
    const parkedInput = new ParkedInput(log, ledger, input.parking, errands, clock, {
      inject: (records, errand) => input.reenter(records, errand),
      forget: (offset, run, row) => this.#forget(offset, this.inputs.indexOf(input), run, row),
      count: this.#options.counters.of(input.node),
      failed: (error) => this.#options.stop(asDefect(error)),
    })
    return { ledger, input: parkedInput }
  }

  /** What a ledger tells about the records of a source. */
  #owner(): RunOwner {
    return {
      admitted: (records) => {
        this.#open += records
      },
      settled: (verdict) => {
        this.verdicts[verdict]++
        this.#settledOne()
      },
      pinned: (bytes) => this.#options.share.add(bytes),
      soon: (action) => queueMicrotask(() => this.#guard(action)),
    }
  }

  #settledOne(): void {
    if (--this.#open === 0) this.#becameIdle()
  }

  #failureActions(): ConstructorParameters<typeof FailurePolicy>[1] {
    return {
      park: (batch, i, failure) => this.#park(batch, i, failure),
      stop: (error) => this.#options.stop(error),
      now: () => this.#options.clock.now(),
    }
  }

  #stageContext(node: string, policy: FailurePolicy): StageContext {
    return {
      node,
      policy,
      clock: this.#options.clock,
      anyBlocked: () => this.inputs.some(({ parking }) => parking.keys > 0),
      blocked: (batch, i) => this.#blocked(batch, i),
      follow: (batch, i) => this.#inputOf(batch).parking.follow(batch, i),
      cancelled: () => this.#cancelled || policy.stopped,
      count: this.#options.counters.of(node),
      guard: (action) => this.#guard(action),
      trouble: this.#options.trouble,
    }
  }

  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#options.stop(asDefect(error))
    }
  }

  #inputOf(batch: RecordBatch): TaskInput {
    return this.#byTopic.get(batch.topic)!
  }

  #ids(node: string, windowMs: number): IdStore {
    const ids = createIdStore({ name: node, windowMs })
    this.#stores.set(ids.name, ids)
    return ids
  }

  #blocked(batch: RecordBatch, i: number): boolean {
    const { parking } = this.#inputOf(batch)
    if (parking.keys === 0 || isErrand(batch)) return false
    return parking.blocks(batch.keyText(i), batch.offset(i))
  }

  #park(batch: RecordBatch, i: number, failure: Failure): void {
    if (isErrand(batch)) {
      batch.origin.lineage.judge(batch.lineageRow(i), 'parked')
      batch.origin.lineage.release(batch.lineageRow(i))
    } else this.#inputOf(batch).parking.park(batch, i, failure)
    reach('parked')
  }

  #forget(offset: number, input: number, run: LedgerRun, row: number): void {
    for (const store of this.#stores.values()) {
      if ('forget' in store) (store as IdStore).forget(input, offset, run, row)
    }
  }

  /** The next records of a source. */
  take(source: string, records: PackedRecords): void {
    this.inputs.find(({ node }) => node === source)!.take(records)
  }

  /** Begins no more work with letters: the task is to end soon. */
  stopLetters(): void {
    for (const { input } of this.#parked) input.stop()
  }

  /** True while letters of this task are committed, or about to be, and not read back. */
  get awaitsLetters(): boolean {
    return this.inputs.some(({ parking }) => parking.awaits) || this.#parked.some(({ input }) => input.busy)
  }

  /** Looks for new letters and commands in the parked partitions. */
  async pollParked(): Promise<void> {
    for (const { input } of this.#parked) await input.poll()
  }

  /** Its share of the budget. */
  get share(): Share {
    return this.#options.share
  }

  /** Records under way. */
  get open(): number {
    return this.#open
  }

  #becameIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#open === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Seals a cut; undefined if there is nothing to commit. */
  seal(): SealedTask | undefined {
    if (this.#cancelled) return undefined
    const dirty =
      this.inputs.some(({ ledger }) => ledger.dirty) || this.#parked.some(({ ledger }) => ledger.dirty)
    if (!dirty) return undefined
    const positions = [
      ...this.inputs.map((input) => input.seal()),
      ...this.#parked.map(({ ledger }) => sealed(ledger)),
    ]
    const records = this.inputs.flatMap(({ parking }) => parking.seal())
    const blocks: SealedTask['blocks'][number][] = []
    const expired: SealedTask['expired'][number][] = []
    for (const store of this.#stores.values()) {
      const change = store.seal(cut)
      blocks.push(...change.blocks)
      if (change.expiredBelow !== undefined) expired.push({ store: store.name, below: change.expiredBelow })
    }
    const outputs = this.#outbox?.seal() ?? []
    reach('sealed')
    return {
      task: this.id,
      partition: this.#options.partition,
      epoch: this.epoch,
      group: this.#options.plan.name,
      positions,
      blocks,
      expired,
      records,
      outputs,
    }
  }

  /** The cut that was sealed last is committed. */
  committed(): void {
    for (const store of this.#stores.values()) store.committed()
    this.#outbox?.committed()
    for (const { ledger } of [...this.inputs, ...this.#parked]) ledger.committed()
  }

  /** Throws if a node lost a record. To be asked when the task is idle. */
  checkConservation(): void {
    this.#graph.checkConservation()
  }

  /** Gives the task up: nothing of it counts any more. */
  discard(): void {
    if (this.#cancelled) return
    this.#cancelled = true
    for (const { ledger } of [...this.inputs, ...this.#parked]) ledger.discard()
    this.#graph.close()
    this.#outbox?.discard()
    this.#becameIdle()
  }

  get cancelled(): boolean {
    return this.#cancelled
  }

  /** Letters that are open, and keys that they hold. */
  get parked(): { readonly letters: number; readonly keys: number } {
    return {
      letters: this.#parked.reduce((sum, { input }) => sum + input.size, 0),
      keys: this.inputs.reduce((sum, { parking }) => sum + parking.keys, 0),
    }
  }

  get stores(): Iterable<StateStore> {
    return this.#stores.values()
  }
}

const hashes: Fingerprint = { id: fingerprint, body: bodyHash }

/** Letters wait in their partition for as long as they like: they are not under way, and pin nothing. */
const lettersOwner: RunOwner = {
  admitted: () => undefined,
  settled: () => undefined,
  pinned: () => undefined,
  soon: queueMicrotask,
}

const cut: Cut = { has: (lineage, row) => (lineage as LedgerRun).isSealed(row) }

function sealed(ledger: Ledger): SealedTask['positions'][number] {
  const { frontier, ranges } = ledger.seal(() => true)
  return { ...ledger.partition, offset: frontier, metadata: fitMetadata(frontier, ranges) }
}

function isErrand(batch: RecordBatch): boolean {
  return (batch.origin.lineage as LedgerRun).errand !== undefined
}

function asDefect(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return fatalError('CONSERVATION_BROKEN', `A defect stopped the task: ${sentenceOf(error)}`, {
    cause: error,
  })
}

function taskId(options: TaskOptions): TaskId {
  return `${options.plan.name}/${options.sub.number}/${options.partition}`
}
