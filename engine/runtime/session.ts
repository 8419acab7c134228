import type { TopicPartition } from '../component/contracts/position.ts'
import type { SourceReader } from '../component/contracts/reader.ts'
import type { Verdict } from '../component/lineage.ts'
import { kindOf, MillraceError, sentenceOf } from '../errors.ts'
import { drivesOf, isStateful } from '../topology/plan-facts.ts'
import { stagesOf } from '../topology/stages.ts'
import type { SubTopology } from '../topology/plan-types.ts'
import { Assignments, type SourcePartition } from './assignments.ts'
import { checkPartitions } from './check-partitions.ts'
import { checkTables } from './check-tables.ts'
import { CommitCycle } from './commit-cycle.ts'
import { drain, inTime, settleAll, type DrainOptions } from './drain.ts'
import { EndWatch } from './end-watch.ts'
import { insist } from './insist.ts'
import { Intake } from './intake.ts'
import { OwnTopics } from './own-topics.ts'
import { ParkedPolls } from './parked-polls.ts'
import { Pauses } from './pauses.ts'
import { openSessionParts, sourceDefect, type OpenSource, type SessionParts } from './session-parts.ts'
import { reach } from '../component/points.ts'
import { type SourceHandler, SourceLoop } from './source-loop.ts'
import { Task } from './task.ts'
import type { TaskInput } from './task-input.ts'
import { TaskOpener } from './task-opener.ts'
import type { SessionEnd, SessionOptions } from './session-options.ts'
import type { Membership } from './worker-options.ts'

/** One membership in the consumer group: from joining to leaving, or to being fenced. */
export class Session {
  readonly #options: SessionOptions
  readonly #intake: Intake
  readonly #assignments = new Assignments()
  readonly #readerOf = (node: string): SourceReader => this.#parts!.source(node).reader
  readonly #pauses = new Pauses(this.#readerOf)
  readonly #verdicts: Readonly<Record<Verdict, number>>[]
  readonly #opener: TaskOpener
  readonly #ends: EndWatch
  readonly #ended = Promise.withResolvers<SessionEnd>()
  #membership: Membership | undefined
  #cycle: CommitCycle | undefined
  #ownTopics: OwnTopics | undefined
  #parts: SessionParts | undefined
  /** One loop for each reader, in the same order. */
  #readers: SourceReader[] = []
  #loops: SourceLoop[] = []
  readonly #parkedPolls: ParkedPolls
  #stopAsked = false
  #over = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#verdicts = options.before?.verdicts() ?? []
    this.#intake = new Intake(options.plan, options.besideCritical === true)
    this.#opener = this.#makeOpener()
    this.#parkedPolls = new ParkedPolls(options.environment.clock)
    this.#ends = new EndWatch({
      clock: options.environment.clock,
      fetch: (partition, offset, limit) => this.#membership!.log.fetch(partition, offset, limit),
      trouble: options.trouble,
      over: () => this.#over,
      stages: stagesOf(options.plan),
    })
  }

  get tasks(): Iterable<Task> {
    return this.#assignments.tasks
  }

  get heartbeat(): number | undefined {
    return this.#loops.length === 0 ? undefined : Math.min(...this.#loops.map(({ heartbeat }) => heartbeat))
  }

  /** True when every source has had its partitions assigned, and their state is restored. */
  get assigned(): boolean {
    const { subTopologies } = this.#options.plan
    return (
      this.#loops.length > 0 &&
      !this.#opener.busy &&
      subTopologies.every((sub) => this.#ends.knows(sub.sources))
    )
  }

  get pinned(): { readonly now: number; readonly highest: number } {
    return this.#intake.pinned
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
  async run(): Promise<SessionEnd> {
    const ended = this.#ended.promise
    ended.catch(() => undefined)
    try {
      const { environment, trouble } = this.#options
      const wanted = (): boolean => !this.#stopAsked
      const insistence = { clock: environment.clock, what: 'opening', wanted, trouble }
      if (!(await insist(insistence, () => this.#open()))) return await ended
      const running = this.#startLoops()
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

  async #open(): Promise<void> {
    const { plan, environment, committed, trouble } = this.#options
    await checkTables(plan, environment, trouble)
    const request = { group: plan.name, drives: drivesOf(plan), stateful: isStateful(plan) }
    this.#membership ??= await environment.join(request)
    await checkPartitions(plan, this.#membership.log)
    this.#cycle ??= new CommitCycle({
      backend: this.#membership.backend,
      clock: environment.clock,
      tasks: () => this.#assignments.tasks,
      lost: (tasks) => this.#discard(tasks),
      over: (how) => this.#ended.resolve(how),
      failed: (error) => this.#ended.reject(error),
      done: (outcome, seconds) => committed?.(outcome, seconds),
    })
    const failed = (error: unknown): void => this.#sourceFailed(['of a global table'], error)
    this.#ownTopics ??= new OwnTopics({ plan, clock: environment.clock, log: this.#membership.log, trouble })
    this.#parts = await openSessionParts({ plan, environment, log: this.#membership.log, trouble, failed })
  }

  /** A loop for each reader: several sources may have one, which tells of them in one order. */
  #startLoops(): Promise<unknown> {
    const byReader = Map.groupBy(this.#parts!.sources, ({ reader }) => reader)
    this.#readers = [...byReader.keys()]
    this.#loops = [...byReader].map(([reader, sources]) => this.#makeLoop(reader, sources))
    return Promise.all(this.#loops.map((loop) => loop.run()))
  }

  #makeLoop(reader: SourceReader, sources: readonly OpenSource[]): SourceLoop {
    const nodes = new Map(sources.map(({ topic, node }) => [topic, node]))
    const nodeOf = ({ topic }: TopicPartition): string => nodes.get(topic)!
    const critical = sources.every(({ node }) => this.#subOf(node).critical)
    const told = (partitions: readonly TopicPartition[]): SourcePartition[] =>
      partitions.map((one) => ({ node: nodeOf(one), partition: one.partition }))
    const handler: SourceHandler = {
      available: () => this.#intake.available(critical),
      assigned: (partitions, epoch) => this.#assigned([...nodes.values()], told(partitions), epoch),
      revoked: (partitions, poll) => this.#revoked(told(partitions), poll),
      lost: (partitions) => this.#withdraw(told(partitions)),
      records: (records) => this.#inputOf(nodeOf(records), records)?.take(records),
      passed: (partition, offset) => this.#inputOf(nodeOf(partition), partition)?.pass(offset),
      end: (partition, offset) => {
        this.#ends.reached(nodeOf(partition), partition.partition, offset)
        this.#inputOf(nodeOf(partition), partition)?.reachedEnd(offset)
      },
      failed: (error) => this.#sourceFailed([...nodes.values()], error),
      polled: () => this.#pauses.balance(this.#assignments.tasks),
    }
    return new SourceLoop(reader, handler, this.#options.environment.clock)
  }

  /** Commits, looks at the parked partitions, and sees whether the end is reached, about every commit interval. */
  async #tick(): Promise<SessionEnd> {
    const { clock } = this.#options.environment
    while (!this.#over && !this.#stopAsked) {
      await new Promise<void>((resolve) => clock.after(this.#options.plan.commitInterval, resolve))
      for (const task of this.#assignments.tasks) task.tick()
      await this.#cycle!.run()
      await this.#parkedPolls.poll(this.#assignments.tasks, this.#membership!.log)
      await this.#ownTopics?.tick(this.#partitions())
      if (await this.#atEnd()) return 'stopped'
    }
    return this.#ended.promise
  }

  *#partitions(): Iterable<TopicPartition> {
    for (const { inputs } of this.#assignments.tasks) for (const { partition } of inputs) yield partition
  }

  #atEnd(): Promise<boolean> {
    if (!this.#ends.wanted || !this.assigned) return Promise.resolve(false)
    return this.#ends.isReached(this.#assignments.tasks, this.#readers, this.#readerOf)
  }

  #assigned(nodes: readonly string[], partitions: readonly SourcePartition[], epoch: number): void {
    for (const { node, partition } of partitions) this.#assignments.assign(node, partition, epoch)
    this.#ends.begun(partitions)
    void this.#opener.assigned(partitions).then(() => {
      for (const node of nodes) this.#ends.assigned(node)
    })
  }

  #makeOpener(): TaskOpener {
    const { clock } = this.#options.environment
    return new TaskOpener({
      assignments: this.#assignments,
      clock,
      subOf: (node) => this.#subOf(node),
      open: (sub, partition, epoch) => this.#openTask(sub, partition, epoch),
      opened: (sub, partition, task) => {
        this.#assignments.add(sub, partition, task)
        task.sendOwed()
        this.#verdicts.push(task.verdicts)
      },
      abandoned: (task) => this.#abandon(task),
      between: (node, action) => this.#loopOf(node).between(action),
      start: ({ node, partition, position }) => this.#readerOf(node).start(partition, position),
      endOf: async ({ node, partition }) => (await this.#readerOf(node).bounds(partition)).end,
      over: () => this.#over || this.#stopAsked,
      failed: (error) => this.#ended.reject(sourceDefect('of a task', error)),
      trouble: this.#options.trouble,
    })
  }

  async #openTask(sub: SubTopology, partition: number, epoch: number): Promise<Task> {
    const parts = this.#parts!
    const { plan, environment, counters, breakers, refusals, trouble, random } = this.#options
    const { backend, log } = this.#membership!
    await parts.prepareParking(sub, partition)
    return Task.open({
      plan,
      sub,
      partition,
      share: this.#intake.share(),
      epoch,
      sources: sub.sources.map((node) => parts.source(node)),
      operators: (node) => parts.operators(node),
      writers: parts.writers,
      globals: parts.globals,
      log,
      backend,
      clock: environment.clock,
      counters,
      breakers,
      refusals,
      stop: (error) => this.#ended.reject(error),
      trouble,
      ...(random !== undefined && { random }),
    })
  }

  #loopOf(node: string): SourceLoop {
    return this.#loops[this.#readers.indexOf(this.#readerOf(node))]!
  }

  #abandon(task: Task): void {
    task.discard()
    this.#membership?.backend.release(task.id)
  }

  async #revoked(partitions: readonly SourcePartition[], poll: () => Promise<void>): Promise<void> {
    const tasks = this.#tasksOf(partitions)
    for (const task of tasks) task.stopWaiting(true)
    reach('draining')
    const drained = this.#draining(poll)
    await drain(tasks, drained)
    await inTime(drained, () => this.#cycle!.run())
    this.#withdraw(partitions)
  }

  #withdraw(partitions: readonly SourcePartition[]): void {
    this.#discard(this.#tasksOf(partitions))
    for (const { node, partition } of partitions) this.#assignments.withdraw(node, partition)
  }

  #discard(tasks: readonly Task[]): void {
    for (const task of tasks) {
      this.#assignments.remove(task)
      this.#pauses.forget(task)
      this.#membership?.backend.release(task.id)
    }
  }

  #inputOf(node: string, { partition }: { readonly partition: number }): TaskInput | undefined {
    return this.#taskOf({ node, partition })?.inputFrom(node)
  }

  #taskOf({ node, partition }: SourcePartition): Task | undefined {
    return this.#assignments.task(this.#subOf(node), partition)
  }

  #sourceFailed(sources: readonly string[], error: unknown): void {
    const source = sources.join(', ')
    if (kindOf(error) === 'downstream') return this.#options.trouble(`Source ${source}: ${sentenceOf(error)}`)
    this.#ended.reject(sourceDefect(source, error))
  }

  #draining(poll = (): Promise<void> => Promise.resolve()): DrainOptions {
    const { clock } = this.#options.environment
    return { clock, mostMs: this.#options.drainMs ?? 10_000, poll }
  }

  /** Leaves in order: nothing more comes in, what is under way ends, and one last commit covers it. */
  async #leave(inOrder: boolean): Promise<void> {
    for (const loop of this.#loops) loop.stopIntake()
    if (!inOrder) return
    const { clock } = this.#options.environment
    await settleAll([...this.#assignments.tasks], {
      drained: this.#draining(() => new Promise((resolve) => clock.after(20, resolve))),
      commit: () => this.#cycle!.run(),
      tidy: () => this.#ownTopics!.trim(this.#partitions()),
    })
  }

  /** After a fatal error: what is settled is still committed, unless it is the books that are wrong. */
  async #leaveAfter(error: unknown): Promise<void> {
    for (const loop of this.#loops) loop.stopIntake()
    const code = error instanceof MillraceError ? error.code : undefined
    if (code !== 'HALTED' && code !== 'FAILURE_FLOOD') return
    await inTime(this.#draining(), () => this.#cycle!.run())
  }

  async #close(): Promise<void> {
    this.#cycle?.stop()
    for (const loop of this.#loops) loop.stop()
    this.#discard([...this.#assignments.tasks])
    await this.#parts?.close()
    await this.#membership?.close()
  }

  #subOf(source: string): SubTopology {
    return this.#options.plan.subTopologies.find((sub) => sub.sources.includes(source))!
  }

  /** The tasks that have one of these partitions. */
  #tasksOf(partitions: readonly SourcePartition[]): Task[] {
    return [...new Set(partitions.flatMap((one) => this.#taskOf(one) ?? []))]
  }
}
