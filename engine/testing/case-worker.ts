import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { SourceReader } from '../component/contracts/reader.ts'
import type { Passed, Point } from '../component/points.ts'
import { asMillraceError } from '../errors.ts'
import type { BreakerState } from '../runtime/breaker.ts'
import type { ParkingHalt } from '../runtime/parking-limits.ts'
import { Worker } from '../runtime/worker.ts'
import type { WorkerSummary } from '../runtime/worker-summary.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'
import type { FaultRun } from './fault-run.ts'
import { hangingPlan } from './hanging-nodes.ts'
import { faultyEnvironment } from './faulty-environment.ts'
import { Life } from './life.ts'
import type { Place } from './place.ts'
import { turns, type VirtualClock } from './virtual-clock.ts'

/** What the worker of a case works with. */
export interface CaseWorkerOptions {
  readonly plan: TopologyPlan
  readonly place: Place
  readonly clock: VirtualClock
  readonly faults: () => FaultRun
  /** The nodes of which calls hang, in some step. */
  readonly hanging: ReadonlySet<string>
  readonly print: (line: string) => void
  readonly passed: (passed: Passed) => void
}

/** What became of a circuit breaker. */
export interface BreakerFacts {
  readonly openings: number
  readonly state: BreakerState
}

/** A partition that halts, and at which limit. */
export interface HaltFacts extends TopicPartition {
  readonly limit: ParkingHalt['measure']
}

/** So many turns of the event loop, and nothing waits but for time. */
const turnsOfOneMoment = 8

/** For so many real milliseconds at most does time stand still while something is read or written. */
const longestWork = 2000

/** And for so many, once that was not enough. */
const shortWork = 200

/** The worker of a case, in all its lives. It dies where the faults say so, and another one goes on. */
export class CaseWorker {
  readonly #options: CaseWorkerOptions
  readonly #lives: Worker[] = []
  readonly #readers: SourceReader[] = []
  #life: Life
  #over = false
  #patience: number
  #error: unknown
  readonly #point = (message: unknown): void => this.#reached((message as { readonly point: Point }).point)
  readonly #passing = (message: unknown): void => this.#options.passed(message as Passed)

  constructor(options: CaseWorkerOptions) {
    this.#options = options
    this.#patience = options.place.patienceMs ?? longestWork
    this.#life = new Life(options.clock)
    subscribe('millrace.point', this.#point)
    subscribe('millrace.passed', this.#passing)
  }

  /** Begins a life. */
  async start(): Promise<void> {
    const { place, clock, faults, hanging, print } = this.#options
    const plan = hangingPlan(this.#options.plan, hanging, (...call) => faults().hangs(...call))
    for (const reader of this.#readers.splice(0)) await reader.close()
    await place.begins?.()
    const life = new Life(clock)
    const opened = (reader: SourceReader): void => {
      this.#readers.push(reader)
    }
    const { environment: outside, pollMs = 0 } = place
    const environment = faultyEnvironment({ environment: outside, pollMs, life, faults, print, opened })
    // Waits between attempts are as long as they may be, so that a case always takes the same course.
    const worker = new Worker({ plan, environment, random: () => 1, trouble: () => undefined })
    this.#life = life
    this.#lives.push(worker)
    this.#over = false
    this.#error = undefined
    worker.run().then(
      () => this.#ended(life, undefined),
      (error: unknown) => this.#ended(life, error),
    )
  }

  #ended(life: Life, error: unknown): void {
    if (!life.alive) return
    this.#over = true
    this.#error = error
  }

  #reached(point: Point): void {
    if (this.#life.alive && this.#options.faults().crashes(point)) this.#life.alive = false
  }

  /** True when it ended, in order or with an error. */
  get over(): boolean {
    return this.#over
  }

  /** What it failed with. */
  get error(): unknown {
    return this.#error
  }

  /** True when nothing of it is under way, and nothing is owed. */
  get idle(): boolean {
    const worker = this.#lives.at(-1)!
    return worker.ready && [...worker.tasks].every((task) => task.open === 0 && !task.owes)
  }

  /** True when it died, so that another life is to begin. */
  get dead(): boolean {
    return !this.#life.alive
  }

  /**
   * Lets everything happen that happens now, then moves to the next moment at which something is due. False where that is
   * later than `last`: the clock then stays.
   */
  async moment(last = Infinity): Promise<boolean> {
    await turns(turnsOfOneMoment)
    const { clock } = this.#options
    const until = performance.now() + this.#patience
    while (await this.#waits()) {
      // What does not come now is not waited for at each moment.
      if (performance.now() >= until) this.#patience = Math.min(this.#patience, shortWork)
      if (performance.now() >= until) break
      await new Promise((resolve) => setTimeout(resolve, 1))
      await turns(turnsOfOneMoment)
    }
    if ((clock.next ?? 0) > last) return false
    if (this.#life.alive) clock.runNext()
    return true
  }

  /** True while something is under way outside, which takes real time. */
  async #waits(): Promise<boolean> {
    if (this.#life.waits) return true
    if (!this.#life.alive || this.#over) return false
    return (await this.#options.place.behind?.()) ?? false
  }

  /** Stops in order, or dies on the way. Rejects with what the worker failed with. */
  async stop(): Promise<void> {
    this.#lives.at(-1)!.stop()
    for (let moments = 0; !this.#over && moments < 2000; moments++) {
      await this.moment()
      if (this.dead) return
    }
    if (this.#error !== undefined) throw asMillraceError(this.#error, 'PROCESSOR_FAILED')
    if (!this.#over) throw new Error('The worker does not stop.')
  }

  /** What became of the records, over all lives. */
  counts(): Readonly<Record<string, number>> {
    const sum: Record<string, number> = {}
    for (const worker of this.#lives) {
      const summary: WorkerSummary = worker.summary()
      for (const [name, count] of Object.entries(summary)) sum[name] = (sum[name] ?? 0) + Number(count)
    }
    return sum
  }

  /** Its circuit breakers by node: openings in all lives, and the state in the last one. */
  breakers(): Readonly<Record<string, BreakerFacts>> {
    const found: Record<string, BreakerFacts> = {}
    for (const { breakers } of this.#lives) {
      for (const [node, { openings, state }] of breakers.entries())
        found[node] = { openings: openings + (found[node]?.openings ?? 0), state }
    }
    return found
  }

  /** The partitions that halt, in order. */
  halted(): readonly HaltFacts[] {
    const inputs = [...this.#lives.at(-1)!.tasks].flatMap((task) => task.inputs)
    return inputs
      .flatMap(({ partition, parking: { halt } }) =>
        halt === undefined ? [] : [{ ...partition, limit: halt.measure }],
      )
      .sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
  }

  /** Whatever state it is in, nothing of it happens after this. */
  async close(): Promise<void> {
    unsubscribe('millrace.point', this.#point)
    unsubscribe('millrace.passed', this.#passing)
    this.#lives.at(-1)?.stop()
    this.#life.alive = false
    for (const reader of this.#readers) await reader.close()
    await turns(2)
  }
}
