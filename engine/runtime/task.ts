import type { CommitBackend, RefusedRow, SealedTask, TaskId } from '../component/contracts/commit.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { StateStore } from '../component/contracts/state.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import { asDefect } from './defect.ts'
import { FailurePolicy, limitsOf, type Failure } from './failures.ts'
import type { StageContext } from './lanes.ts'
import type { Share } from './budget.ts'
import type { RunOwner } from './ledger-run.ts'
import { isErrand, LetterGate, stopTelling } from './letter-gate.ts'
import { parkedTopic } from './letters.ts'
import type { ParkedEnds } from './parked-input.ts'
import { noteRefusal } from './note-refusal.ts'
import { Outbox } from './outbox.ts'
import { holdBack, isOwed, OwedEmissions, OwedRun, refuseOwed } from './owed.ts'
import { OpenWork } from './open-work.ts'
import { reach } from '../component/points.ts'
import { InputKinds } from './input-kinds.ts'
import { TaskGraph } from './task-graph.ts'
import { hashes, TaskStores } from './task-stores.ts'
import { taskId, type TaskOptions, type TaskSource } from './task-options.ts'
import { TaskInput } from './task-input.ts'
import { noVerdicts } from './worker-summary.ts'

/**
 * A sub-topology on one partition: its inputs, its nodes, its state. It takes records in, and gives out cuts: what is
 * settled, and exactly the state that belongs to it. It never commits by itself.
 */
export class Task {
  readonly id: TaskId
  readonly epoch: number
  /** Of the budget. */
  readonly share: Share
  readonly inputs: readonly TaskInput[]
  readonly verdicts = noVerdicts()
  readonly #options: TaskOptions
  readonly #stores: TaskStores
  readonly #kinds: InputKinds
  readonly #parked: readonly LetterGate[]
  readonly #graph: TaskGraph
  readonly #byTopic = new Map<string, TaskInput>()
  readonly #outbox: Outbox | undefined
  readonly #owed: OwedEmissions
  readonly #work = new OpenWork()
  #cancelled = false

  /** Restores what was committed, and reads the parked partition: only then may the first record come. */
  static async open(options: TaskOptions): Promise<Task> {
    const group = options.plan.name
    const own = options.sources.map(({ topic }) => ({ topic, partition: options.partition }))
    const parked = own.map(({ topic, partition }) => ({ topic: parkedTopic(group, topic), partition }))
    const ref = { task: taskId(options), partition: options.partition, group }
    const positions = await options.backend.positions(ref, [...own, ...parked])
    const task = new Task(options, own, parked, positions)
    await options.backend.restore(ref, task.#stores.refs, (block) => task.#stores.restore(block))
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
    this.share = options.share
    this.#options = options
    this.#stores = new TaskStores(options.backend.compacts === true)
    this.#kinds = new InputKinds(options)
    const policy = new FailurePolicy(options.plan.errors, this.#failureActions(), options.random)
    this.inputs = options.sources.map((source, n) =>
      this.#input(source, own[n]!, parked[n]!, positions[n], policy),
    )
    for (const input of this.inputs) this.#byTopic.set(input.partition.topic, input)
    this.#parked = this.inputs.map((input, n) =>
      this.#letters(input, n, parked[n]!, positions[own.length + n]),
    )
    if (options.plan.delivery === 'exactly-once') this.#outbox = new Outbox(options.share, options.refusals)
    this.#owed = this.#makeOwed()
    this.#graph = new TaskGraph(options.plan, options.sub, {
      context: (node) => this.#stageContext(node, policy),
      operators: options.operators,
      services: (node) => ({
        fingerprint: hashes,
        ids: (windowMs) => this.#stores.ids(node, windowMs),
        store: (name) =>
          this.#kinds.isTable(node) ? this.#stores.table(node) : this.#stores.byKey(node, name),
        table: (source) => options.globals.get(source) ?? this.#stores.existing(source),
        owe: (owing, emit) => this.#owed.add({ node, owing, emit, count: options.counters.of(node) }),
        ...{ isReleased: isErrand, types: () => this.#kinds.typesFor(node) },
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
    const { plan, clock, trouble, breakers, refusals, counters } = this.#options
    return new TaskInput({
      ...source,
      group: plan.name,
      ...{ partition, parkedPartition, position, clock, policy, trouble },
      breaker: breakers.of(source.node),
      isHeld: () => this.#graph.isHeld(source.node, breakers),
      limits: plan.errors.parking,
      shut: refusals.haltOf(partition),
      count: counters.of(source.node),
      owner: { ...this.#owner(), ...(source.spent && { spent: source.spent }) },
      ...this.#kinds.of(source.node),
      push: (batch) => this.#graph.push(source.node, batch),
    })
  }

  #makeOwed(): OwedEmissions {
    const { partition, plan, clock } = this.#options
    const owner: RunOwner = { ...this.#owner(), settled: () => this.#work.endedOne() }
    return new OwedEmissions({ partition, topology: plan.name, owner, now: () => clock.now() })
  }

  #letters(
    input: TaskInput,
    number: number,
    partition: TopicPartition,
    position: { readonly offset: number; readonly metadata: string } | undefined,
  ): LetterGate {
    const { log, clock, counters, stop } = this.#options
    return new LetterGate({
      of: input,
      group: this.#options.plan.name,
      partition,
      position,
      ...this.#kinds.of(input.node),
      log,
      clock,
      owner: { ...this.#owner(), settled: () => this.#work.endedOne() },
      forget: (offset, run, row) => this.#stores.forget(number, offset, run, row),
      closed: (offset, run, row) => this.#owed.letterClosed(number, offset, run, row),
      count: counters.of(input.node),
      failed: (error) => stop(asDefect(error)),
    })
  }

  /** What a ledger tells about the records of a source. */
  #owner(): RunOwner {
    return {
      admitted: (records) => this.#work.began(records),
      settled: (verdict) => {
        this.verdicts[verdict]++
        this.#work.endedOne()
      },
      pinned: (bytes) => this.#options.share.add(bytes),
      soon: (action) => queueMicrotask(() => this.#guard(action)),
    }
  }

  #failureActions(): ConstructorParameters<typeof FailurePolicy>[1] {
    return {
      park: (batch, i, failure) => this.#park(batch, i, failure),
      stop: (error) => stopTelling(error, this.#parked, this.#options.stop),
      now: () => this.#options.clock.now(),
    }
  }

  #stageContext(node: string, policy: FailurePolicy): StageContext {
    return {
      node,
      policy,
      limits: limitsOf(this.#options.plan.errors, node),
      breaker: () => this.#options.breakers.of(node),
      clock: this.#options.clock,
      anyBlocked: () => this.inputs.some(({ parking }) => parking.keys > 0) || this.#owed.blocksAny,
      blocked: (batch, i) => this.#blocked(batch, i),
      follow: (batch, i) => this.#follow(batch, i),
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

  #blocked(batch: RecordBatch, i: number): boolean {
    const { lineage } = batch.origin
    if (lineage instanceof OwedRun) return lineage.refuses(batch.keyText(i))
    if (isErrand(batch)) return false
    const { parking } = this.#inputOf(batch)
    return parking.keys > 0 && parking.blocks(batch.keyText(i), batch.offset(i))
  }

  #park(batch: RecordBatch, i: number, failure: Failure): void {
    if (isErrand(batch) || isOwed(batch)) {
      if (isOwed(batch)) this.#options.trouble(refuseOwed(batch, i, failure))
      holdBack(batch, i)
    } else this.#inputOf(batch).parking.park(batch, i, failure)
    reach('parked')
  }

  /** What something before it of its key has failed. */
  #follow(batch: RecordBatch, i: number): void {
    if (!isOwed(batch)) return this.#inputOf(batch).parking.follow(batch, i)
    holdBack(batch, i)
  }

  /** What this source gives comes in there. */
  inputFrom(source: string): TaskInput {
    return this.inputs.find(({ node }) => node === source)!
  }

  /** Sends what is owed by what is committed: once when the task is restored, then after each commit by itself. */
  sendOwed(): void {
    if (!this.#cancelled) this.#guard(() => this.#owed.send())
  }

  /** True while nodes owe something, or what became of it is not committed. */
  get owes(): boolean {
    return this.#owed.busy
  }

  /** To be called now and then: where nothing comes in, time goes on all the same. */
  tick(): void {
    if (!this.holds) this.#owed.tick(this.inputs, this.open)
  }

  /** Begins no more work, of letters and of what waits in merges: it is to end soon. With `owed`, sends nothing owed either. */
  stopWaiting(owed = false): void {
    this.#kinds.merges.close()
    if (owed) this.#owed.stop()
    for (const { input } of this.#parked) input.stop()
  }

  /** True while letters of this task are committed, or about to be, and not read back. */
  get awaitsLetters(): boolean {
    return this.inputs.some(({ parking }) => parking.awaits) || this.#parked.some(({ input }) => input.busy)
  }

  /** Where its letters and commands lie. */
  get parkedPartitions(): TopicPartition[] {
    return this.#parked.map(({ input }) => input.partition)
  }

  /** Looks for new letters and commands in the parked partitions; `ends` says where they end, as far as that is known. */
  async pollParked(ends?: ParkedEnds): Promise<void> {
    for (const { input } of this.#parked) await input.poll(ends?.(input.partition))
  }

  /** True while no more is to be read: something holds as much as it may. */
  get saturated(): boolean {
    return this.inputs.some((input) => input.saturated) || this.#owed.saturated
  }

  /** True while records wait for those of other partitions. */
  get holds(): boolean {
    return this.inputs.some((input) => input.holds)
  }

  /** Records under way. */
  get open(): number {
    return this.#work.count
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#work.idle()
  }

  /** Seals a cut; undefined if there is nothing to commit. */
  seal(): SealedTask | undefined {
    if (this.#cancelled) return undefined
    this.#outbox?.holdBack()
    this.#owed.settle()
    const dirty =
      this.inputs.some(({ ledger }) => ledger.dirty) ||
      this.#parked.some(({ ledger }) => ledger.dirty) ||
      this.#owed.dirty
    if (!dirty) return undefined
    this.#owed.seal()
    const positions = [
      ...this.inputs.map((input) => input.seal()),
      ...this.#parked.map((gate) => gate.seal()),
    ]
    const records = this.inputs.flatMap(({ parking }, input) =>
      parking.seal((offset, run, row) => this.#owed.parked(input, offset, run, row)),
    )
    const { blocks, expired } = this.#stores.seal()
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
    this.#stores.committed()
    this.#outbox?.committed()
    for (const { ledger } of [...this.inputs, ...this.#parked]) ledger.committed()
    this.#owed.committed()
    this.sendOwed()
  }

  /** A row of the cut that was sealed last is refused for good: later sessions know. False where none could do without it. */
  refused(row: RefusedRow): boolean {
    return noteRefusal(row, { ...this.#options, outbox: this.#outbox, of: this.inputs, gates: this.#parked })
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
    this.#owed.discard()
    this.#kinds.merges.close()
    this.#graph.close()
    this.#outbox?.discard()
    this.#work.over()
  }

  get cancelled(): boolean {
    return this.#cancelled
  }

  get stores(): Iterable<StateStore> {
    return this.#stores.values()
  }
}
