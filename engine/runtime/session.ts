import type { PackedRecords } from '../component/packed-records.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { Verdict } from '../component/lineage.ts'
import { fatalError, kindOf, MillraceError, sentenceOf } from '../errors.ts'
import type { SubTopology } from '../topology/plan-types.ts'
import { Assignments } from './assignments.ts'
import { Budget, type Share } from './budget.ts'
import { CommitCycle } from './commit-cycle.ts'
import type { Counters } from './counters.ts'
import { EndWatch } from './end-watch.ts'
import { openSessionParts, type SessionParts } from './session-parts.ts'
import { reach } from './points.ts'
import { SourceLoop } from './source-loop.ts'
import { Task } from './task.ts'
import type { WorkerOptions } from './worker-options.ts'

export interface SessionOptions extends WorkerOptions {
  readonly counters: Counters
  /** The session before this one, whose counts go on. */
  readonly before: Session | undefined
}

/** One membership in the consumer group: from joining to leaving, or to being fenced. */
export class Session {
  readonly #options: SessionOptions
  readonly #budget: Budget
  readonly #assignments = new Assignments()
  readonly #shares = new Map<Task, Share>()
  readonly #paused = new Set<Task>()
  readonly #verdicts: Readonly<Record<Verdict, number>>[]
  readonly #cycle: CommitCycle
  readonly #ends = new EndWatch()
  readonly #ended = Promise.withResolvers<'stopped' | 'fenced'>()
  #parts: SessionParts | undefined
  #loops: SourceLoop[] = []
  #stopAsked = false
  #over = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#verdicts = options.before?.verdicts() ?? []
    this.#budget = new Budget(options.plan.budget.partitionBytes, options.plan.budget.totalBytes)
    this.#cycle = new CommitCycle({
      backend: options.environment.openBackend(),
      clock: options.environment.clock,
      tasks: () => this.#assignments.tasks,
      lost: (tasks) => this.#discard(tasks),
      fenced: () => this.#ended.resolve('fenced'),
      failed: (error) => this.#ended.reject(error),
      done: (outcome, seconds) => options.committed?.(outcome, seconds),
    })
  }

  get tasks(): Iterable<Task> {
    return this.#assignments.tasks
  }

  get heartbeat(): number | undefined {
    return this.#loops.length === 0 ? undefined : Math.min(...this.#loops.map(({ heartbeat }) => heartbeat))
  }

  /** True when every source has had its partitions assigned. */
  get assigned(): boolean {
    return (
      this.#loops.length > 0 && this.#options.plan.subTopologies.every((sub) => this.#ends.knows(sub.sources))
    )
  }

  get pinned(): { readonly now: number; readonly highest: number } {
    return { now: this.#budget.pinned, highest: this.#budget.highest }
  }

  verdicts(): Readonly<Record<Verdict, number>>[] {
    return this.#verdicts
  }

  stop(): void {
    this.#stopAsked = true
    this.#ended.resolve('stopped')
  }

  stopAtEnd(): void {
    this.#ends.wanted = true
  }

  /** Runs until it is stopped, at its end, or fenced. Rejects with the fatal error that ended it. */
  async run(): Promise<'stopped' | 'fenced'> {
    const ended = this.#ended.promise
    ended.catch(() => undefined)
    try {
      this.#parts = await openSessionParts(this.#options.plan, this.#options.environment)
      const running = this.#startLoops(this.#parts)
      const how = await Promise.race([ended, running.then(() => ended), this.#tick()])
      await this.#leave(how === 'stopped')
      return how
    } catch (error) {
      await this.#leaveAfter(error)
      throw error
    } finally {
      this.#over = true
      await this.#close()
    }
  }

  #startLoops(parts: SessionParts): Promise<unknown> {
    this.#loops = parts.sources.map(
      ({ node, reader }) =>
        new SourceLoop(
          reader,
          {
            available: () => this.#budget.available,
            assigned: (partitions, epoch) => this.#assigned(node, partitions, epoch),
            revoked: (partitions, poll) => this.#revoked(node, partitions, poll),
            lost: (partitions) => this.#lost(node, partitions),
            records: (records) => this.#records(node, records),
            end: (partition, offset) => this.#ends.reached(node, partition.partition, offset),
            failed: (error) => this.#sourceFailed(node, error),
            polled: () => this.#balancePauses(),
          },
          this.#options.environment.clock,
        ),
    )
    return Promise.all(this.#loops.map((loop) => loop.run()))
  }

  /** Commits, looks at the parked partitions, and sees whether the end is reached, about every commit interval. */
  async #tick(): Promise<'stopped' | 'fenced'> {
    const { clock } = this.#options.environment
    while (!this.#over && !this.#stopAsked) {
      await new Promise<void>((resolve) => clock.after(this.#options.plan.commitInterval, resolve))
      await this.#cycle.run()
      for (const task of [...this.#assignments.tasks]) await task.pollParked()
      if (await this.#atEnd()) return 'stopped'
    }
    return this.#ended.promise
  }

  #atEnd(): Promise<boolean> {
    if (!this.#ends.wanted || !this.assigned) return Promise.resolve(false)
    const inputs = [...this.#assignments.tasks].flatMap(({ inputs, open }) =>
      inputs.map((input) => ({ input, open })),
    )
    return this.#ends.allReached(
      inputs.map(({ input, open }) => ({
        node: input.node,
        partition: input.partition,
        end: input.ledger.end,
        idle: open === 0,
        reader: this.#parts!.source(input.node).reader,
      })),
    )
  }

  async #assigned(source: string, partitions: readonly TopicPartition[], epoch: number): Promise<void> {
    const sub = this.#subOf(source)
    for (const { partition } of partitions) {
      this.#assignments.assign(source, partition, epoch)
      if (this.#assignments.complete(sub, partition)) await this.#openTask(sub, partition)
    }
    this.#ends.assigned(source)
  }

  async #openTask(sub: SubTopology, partition: number): Promise<void> {
    const parts = this.#parts!
    const share = this.#budget.share()
    const epoch = this.#assignments.epoch(sub, partition)!
    await parts.prepareParking(sub, partition)
    const task = await Task.open({
      plan: this.#options.plan,
      sub,
      partition,
      share,
      epoch,
      sources: sub.sources.map((node) => parts.source(node)),
      operators: (node) => parts.operators(node),
      writers: parts.writers,
      log: this.#options.environment.log,
      backend: this.#cycle.backend,
      clock: this.#options.environment.clock,
      counters: this.#options.counters,
      stop: (error) => this.#ended.reject(error),
      trouble: this.#options.trouble,
      ...(this.#options.random !== undefined && { random: this.#options.random }),
    })
    // It may have been lost while it was restored, and come back under another epoch.
    if (this.#over || this.#assignments.epoch(sub, partition) !== epoch) return task.discard()
    this.#assignments.add(sub, partition, task)
    this.#shares.set(task, share)
    this.#verdicts.push(task.verdicts)
    for (const input of task.inputs)
      await parts.source(input.node).reader.start(input.partition, input.position)
  }

  async #revoked(
    source: string,
    partitions: readonly TopicPartition[],
    poll: () => Promise<void>,
  ): Promise<void> {
    const tasks = this.#tasksOf(source, partitions)
    for (const task of tasks) task.stopLetters()
    reach('draining')
    await this.#drain(tasks, poll)
    await this.#inTime(() => this.#cycle.run())
    this.#withdraw(source, partitions)
  }

  #lost(source: string, partitions: readonly TopicPartition[]): void {
    this.#withdraw(source, partitions)
  }

  #withdraw(source: string, partitions: readonly TopicPartition[]): void {
    this.#discard(this.#tasksOf(source, partitions))
    for (const { partition } of partitions) this.#assignments.withdraw(source, partition)
  }

  #discard(tasks: readonly Task[]): void {
    for (const task of tasks) {
      this.#assignments.remove(task)
      this.#shares.delete(task)
      this.#paused.delete(task)
    }
  }

  #records(source: string, records: PackedRecords): void {
    this.#assignments.task(this.#subOf(source), records.partition)?.take(source, records)
  }

  #sourceFailed(source: string, error: unknown): void {
    if (kindOf(error) === 'downstream') return this.#options.trouble(`Source ${source}: ${sentenceOf(error)}`)
    const fatal = error instanceof MillraceError ? error : sourceDefect(source, error)
    this.#ended.reject(fatal)
  }

  /** Pauses the partitions whose share of the budget is used up, or whose map of settled ranges is full. */
  #balancePauses(): void {
    for (const [task, share] of this.#shares) {
      const saturated = task.inputs.some((input) => input.saturated)
      const paused = this.#paused.has(task)
      if (!paused && (share.exhausted || saturated)) this.#pause(task)
      else if (paused && share.relaxed && !saturated) this.#resume(task)
    }
  }

  #pause(task: Task): void {
    this.#paused.add(task)
    for (const input of task.inputs) this.#parts!.source(input.node).reader.pause(input.partition)
  }

  #resume(task: Task): void {
    this.#paused.delete(task)
    for (const input of task.inputs) this.#parts!.source(input.node).reader.resume(input.partition)
  }

  /** Waits until nothing of these tasks is under way, or the time is up. */
  async #drain(tasks: readonly Task[], poll: () => Promise<void>): Promise<void> {
    const { clock } = this.#options.environment
    const deadline = clock.now() + (this.#options.drainMs ?? 10_000)
    let idle = false
    const drained = Promise.all(tasks.map((task) => task.idle())).then(() => {
      idle = true
    })
    while (!idle && clock.now() < deadline) await Promise.race([drained, poll()])
  }

  /** Leaves in order: nothing more comes in, what is under way ends, and one last commit covers it. */
  async #leave(drain: boolean): Promise<void> {
    const { clock } = this.#options.environment
    for (const loop of this.#loops) loop.stopIntake()
    const tasks = [...this.#assignments.tasks]
    if (!drain) return
    for (const task of tasks) task.stopLetters()
    reach('draining')
    await this.#drain(tasks, () => new Promise((resolve) => clock.after(20, resolve)))
    // A letter may have to wait for a cycle until the records before it are in one.
    await this.#inTime(async () => {
      for (let cycles = 0; cycles < 3; cycles++) await this.#cycle.run()
    })
    for (const task of tasks) if (task.open === 0) task.checkConservation()
  }

  /** After a fatal error: what is settled is still committed, unless it is the books that are wrong. */
  async #leaveAfter(error: unknown): Promise<void> {
    for (const loop of this.#loops) loop.stopIntake()
    const code = error instanceof MillraceError ? error.code : undefined
    if (code === 'HALTED' || code === 'FAILURE_FLOOD') await this.#inTime(() => this.#cycle.run())
  }

  /** A commit that does not come to its end keeps nobody from leaving: the next life asks what became of it. */
  async #inTime(work: () => Promise<void>): Promise<void> {
    const { clock } = this.#options.environment
    const late = new Promise<void>((resolve) => clock.after(this.#options.drainMs ?? 10_000, resolve))
    await Promise.race([work(), late])
  }

  async #close(): Promise<void> {
    this.#cycle.stop()
    for (const loop of this.#loops) loop.stop()
    this.#discard([...this.#assignments.tasks])
    await this.#parts?.close()
  }

  #subOf(source: string): SubTopology {
    return this.#options.plan.subTopologies.find((sub) => sub.sources.includes(source))!
  }

  #tasksOf(source: string, partitions: readonly TopicPartition[]): Task[] {
    const sub = this.#subOf(source)
    return partitions.flatMap(({ partition }) => this.#assignments.task(sub, partition) ?? [])
  }
}

function sourceDefect(source: string, error: unknown): MillraceError {
  return fatalError('SOURCE_FAILED', `Source ${source} cannot be read: ${sentenceOf(error)}`, {
    cause: error,
  })
}
