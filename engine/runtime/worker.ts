import type { TablesLoad } from '../component/contracts/tables.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'
import { Breaker, Breakers } from './breaker.ts'
import { Counters } from './counters.ts'
import { limitsOf } from './failures.ts'
import { Refusals } from './refusals.ts'
import { Session } from './session.ts'
import type { Task } from './task.ts'
import type { WorkerOptions } from './worker-options.ts'
import { summarize, type WorkerSummary } from './worker-summary.ts'

/** The state of a worker: each leads to the next, and FAILED is where a fatal error leads from any of them. */
export type WorkerState = 'INITIALIZED' | 'RUNNING' | 'DRAINING' | 'STOPPED' | 'FAILED'

/**
 * Runs a topology: one or more tasks in one event loop, as a member of the topology's consumer group. `run` resolves
 * when the worker was stopped (or is at the end, where that was asked for), with everything settled and committed that
 * could be, and rejects with the fatal error that stopped it.
 */
export class Worker {
  readonly plan: TopologyPlan
  readonly counters = new Counters()
  /** Of what is behind its nodes. */
  readonly breakers: Breakers
  readonly #options: WorkerOptions
  readonly #started: number
  #session: Session | undefined
  #state: WorkerState = 'INITIALIZED'
  #stopping = false
  #atEnd = false

  constructor(options: WorkerOptions) {
    this.plan = options.plan
    this.#options = options
    this.breakers = new Breakers((node) => makeBreaker(node, options))
    this.#started = performance.now()
  }

  get state(): WorkerState {
    return this.#state
  }

  /** The tasks that run now. */
  get tasks(): Iterable<Task> {
    return this.#session?.tasks ?? []
  }

  /** When the slowest poll loop last came round, milliseconds since 1970; undefined before it runs. */
  get heartbeat(): number | undefined {
    return this.#session?.heartbeat
  }

  /** True when every source has had its partitions assigned, and their state is restored. */
  get ready(): boolean {
    return this.#state === 'RUNNING' && this.#session?.assigned === true
  }

  /** Bytes of records under way, now and at most. */
  get pinned(): { readonly now: number; readonly highest: number } {
    return this.#session?.pinned ?? { now: 0, highest: 0 }
  }

  /** Requests of writes to tables; undefined where nothing ever waits. */
  get tableLoad(): TablesLoad | undefined {
    return this.#options.environment.tables.load?.(this.plan.name)
  }

  async run(): Promise<WorkerSummary> {
    this.#state = 'RUNNING'
    const { counters, breakers } = this
    const refusals = new Refusals()
    try {
      while (!this.#stopping) {
        this.#session = new Session({ ...this.#options, counters, breakers, refusals, before: this.#session })
        if (this.#atEnd) this.#session.stopAtEnd()
        const ended = await this.#session.run()
        if (ended === 'stopped') break
        const why =
          ended === 'fenced' ? 'was fenced by another one' : 'has a record that its topic does not take'
        this.#options.trouble(`The worker of ${this.plan.name} ${why}, and joins the group again.`)
      }
      this.#state = 'STOPPED'
      return this.summary()
    } catch (error) {
      this.#state = 'FAILED'
      throw error
    }
  }

  /** Stops: takes nothing more in, drains, commits, leaves. May be called twice. */
  stop(): void {
    this.#stopping = true
    if (this.#state === 'RUNNING') this.#state = 'DRAINING'
    this.#session?.stop()
  }

  /** Stops as soon as everything that is in the sources now is settled. */
  stopAtEnd(): void {
    this.#atEnd = true
    this.#session?.stopAtEnd()
  }

  /** What was done so far. */
  summary(): WorkerSummary {
    const elapsed = Math.round(performance.now() - this.#started)
    return summarize(this.#session?.verdicts() ?? [], this.counters, elapsed)
  }
}

function makeBreaker(node: string, { plan, environment, random, trouble }: WorkerOptions): Breaker {
  const kind = { source: 'Source', processor: 'Node', sink: 'Sink' }[plan.nodes.get(node)!.kind]
  const { after } = plan.errors.breaker
  const { backoff } = limitsOf(plan.errors, node)
  const subject = `${kind} ${node}`
  return new Breaker({ subject, after, backoff, clock: environment.clock, random, trouble })
}
