import type { Passed } from '../component/points.ts'
import { MillraceError, sentenceOf } from '../errors.ts'
import type { PlanNode, TopologyPlan } from '../topology/plan-types.ts'
import type { CaseStep, TestCase } from './case-schema.ts'
import { CaseWorker } from './case-worker.ts'
import { checkExpectation, type Finding } from './expectations.ts'
import { FaultRun } from './fault-run.ts'
import { globalTables, sourceTopic } from '../topology/plan-facts.ts'
import { topicsOf } from '../topology/plan-graph.ts'
import { encodeGiven, momentOf, readingTopics, sourceOf } from './given-records.ts'
import type { Place } from './place.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What a case is run with. */
export interface RunCaseOptions {
  readonly plan: TopologyPlan
  readonly testCase: TestCase
  /** When the case begins, milliseconds since 1970. */
  readonly now: number
  /** What records are `like`. */
  readonly values: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly openPlace: (clock: VirtualClock) => Promise<Place>
  readonly passed?: (passed: Passed) => void
}

/** What was wrong in a step: 0 is the case itself. */
export interface StepFinding extends Finding {
  readonly step: number
}

/** A step does not come to rest within so many moments at which something was due. */
const mostMoments = 20_000

/** Real time for what is not on the virtual clock (files, code that is loaded), now and then. */
const breathEvery = 100

/**
 * Runs a case, and answers all that is wrong; nothing if it holds. The engine, its ledger and its commit cycle are those of
 * a worker: only the clock is virtual, and what the faults of the case say happens to the environment. Rejects only where
 * the place fails.
 */
export async function runCase(options: RunCaseOptions): Promise<readonly StepFinding[]> {
  const clock = new VirtualClock(options.now)
  const place = await options.openPlace(clock)
  const run = new CaseRun(options, place, clock)
  try {
    return await run.all()
  } finally {
    await run.close()
    await place.close()
  }
}

/** What is asked for the letters of a key, and when. */
interface LetterAct {
  readonly act: 'release' | 'discard'
  readonly key: string
  readonly at?: number | Date | undefined
}

/** True for a command whose time has come before a moment. */
function isDue(command: LetterAct | undefined, begin: number, moment: number): boolean {
  const at = command === undefined ? undefined : momentOf({ at: command.at }, begin)
  return at !== undefined && at <= moment
}

function hangingNodes(testCase: TestCase): ReadonlySet<string> {
  const steps = [testCase, ...testCase.then]
  return new Set(steps.flatMap(({ faults }) => faults.flatMap(({ hang }) => hang?.node ?? [])))
}

class CaseRun {
  readonly #options: RunCaseOptions
  readonly #plan: TopologyPlan
  readonly #place: Place
  readonly #clock: VirtualClock
  readonly #worker: CaseWorker
  readonly #printed: string[] = []
  #faults: FaultRun

  constructor(options: RunCaseOptions, place: Place, clock: VirtualClock) {
    this.#options = options
    this.#plan = readingTopics(options.plan)
    this.#place = place
    this.#clock = clock
    this.#faults = this.#faultsOf([])
    this.#worker = new CaseWorker({
      plan: this.#plan,
      place,
      clock,
      faults: () => this.#faults,
      hanging: hangingNodes(options.testCase),
      print: (line) => this.#printed.push(line),
      passed: options.passed ?? (() => undefined),
    })
  }

  async all(): Promise<readonly StepFinding[]> {
    const { testCase } = this.#options
    const trouble = await this.#prepare()
    if (trouble !== undefined) return [{ ...trouble, step: 0 }]
    for (const [number, step] of [testCase, ...testCase.then].entries()) {
      const findings = await this.#step(step, number === 0)
      // What comes after a step that went wrong says nothing.
      if (findings.length > 0) return findings.map((finding) => ({ ...finding, step: number }))
    }
    return this.#end(testCase.then.length)
  }

  /** At the end nothing may be lost or doubled inside the engine, which a worker that stops looks at itself. */
  async #end(step: number): Promise<StepFinding[]> {
    if (this.#worker.over) return []
    try {
      await this.#worker.stop()
      return []
    } catch (error) {
      return [{ step, what: `The worker failed when it stopped: ${sentenceOf(error)}` }]
    }
  }

  async #prepare(): Promise<Finding | undefined> {
    for (const topic of [...this.#topics(), ...this.#written()])
      await this.#place.environment.log.ensureTopic(topic, { partitions: this.#partitionsOf(topic) })
    try {
      await this.#fillTables()
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      return { what: `The rows of tables cannot be written: ${error.message}` }
    }
    return undefined
  }

  async #fillTables(): Promise<void> {
    const { tables } = this.#place.environment
    const rows = this.#options.testCase.tables
    const timestampMicros = (this.#options.now - 1) * 1000
    for (const [table, list] of Object.entries(rows)) {
      if (list.length === 0) continue
      const outcomes = await tables.write(
        list.map((values) => ({ table, values, timestampMicros, mode: 'insert' as const })),
      )
      for (const one of outcomes) if (one.outcome === 'refused') throw one.error
    }
  }

  async #step(step: CaseStep, first: boolean): Promise<Finding[]> {
    if (step.after !== undefined) this.#clock.moveTo(this.#clock.now() + step.after)
    if (this.#worker.over && !step.restart)
      return [{ what: 'The worker is over, so that nothing can happen here: say restart: true.' }]
    this.#faults = this.#faultsOf(step.faults)
    if (step.restart && !first && !this.#worker.over) await this.#worker.stop()
    if (first || step.restart) await this.#worker.start()
    const trouble = await this.#act(step)
    if (trouble !== undefined) return [trouble]
    const findings = await checkExpectation(step.expect, {
      place: this.#place,
      plan: this.#plan,
      partitions: this.#options.testCase.partitions,
      sources: this.#topics(),
      sinks: this.#written(),
      counts: this.#worker.counts(),
      breakers: this.#worker.breakers(),
      halted: this.#worker.halted(),
      printed: this.#printed,
      error: this.#worker.error,
      over: this.#worker.over,
    })
    for (const words of this.#faults.unhappened())
      findings.push({
        what: `A fault never happened: ${words}. Without it the case does not show what it says.`,
      })
    return findings
  }

  #faultsOf(scripts: CaseStep['faults']): FaultRun {
    const topics = (source: string | undefined): readonly string[] =>
      topicsOf(this.#plan, sourceOf(this.#plan, source))
    return new FaultRun(scripts, this.#clock.now(), topics)
  }

  /** What a step does, up to where everything is at rest again. */
  async #act(step: CaseStep): Promise<Finding | undefined> {
    const commands = [
      ...step.release.map((command) => ({ act: 'release' as const, ...command })),
      ...step.discard.map((command) => ({ act: 'discard' as const, ...command })),
    ]
    for (const record of step.given) {
      const moment = momentOf(record, this.#options.now)
      while (moment !== undefined && isDue(commands[0], this.#options.now, moment)) {
        const trouble = await this.#command(commands.shift()!)
        if (trouble !== undefined) return trouble
      }
      try {
        await this.#write(record)
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error
        return { what: `A given record cannot be written: ${error.message}` }
      }
    }
    for (const command of commands) {
      const trouble = await this.#command(command)
      if (trouble !== undefined) return trouble
    }
    return this.#rest()
  }

  async #command({ act, key, at }: LetterAct): Promise<Finding | undefined> {
    const moment = momentOf({ at }, this.#options.now)
    if (moment !== undefined) await this.#until(moment)
    const asked = []
    for (const topic of this.#topics())
      asked.push(await this.#place.command(this.#plan.name, topic, key, act))
    return asked.includes(true)
      ? undefined
      : { what: `No letter of the key ${key} is open: nothing to ${act}.` }
  }

  async #write(record: CaseStep['given'][number]): Promise<void> {
    const { now, values } = this.#options
    const moment = momentOf(record, now)
    if (moment !== undefined) await this.#until(moment)
    // Only now: a life that began meanwhile may have another environment.
    const { schemas, log } = this.#place.environment
    const encoded = await encodeGiven(record, {
      plan: this.#plan,
      ...{ schemas, values },
      versions: (type, topic) => this.#place.versions(type, topic),
      moment: this.#clock.now(),
    })
    for (let n = 0; n < record.times; n++) await log.append([encoded])
  }

  /** Lets the worker live up to a moment, whatever is under way then. */
  async #until(moment: number): Promise<void> {
    if (moment <= this.#clock.now()) return
    await this.#live(moment)
    this.#clock.moveTo(moment)
    // What was due on the way comes to its end before anything new is there, wherever the case runs.
    await this.#live(moment)
  }

  /** Goes on until everything is settled and committed, and stays so; answers what keeps it from that. */
  async #rest(): Promise<Finding | undefined> {
    if (await this.#live(Infinity)) return undefined
    const left = await this.#uncommitted()
    return {
      what: 'It does not come to rest: not all records are settled and committed.',
      details: left.map(
        ({ topic, partition, committed, end }) => `${topic}/${partition}: committed ${committed} of ${end}`,
      ),
    }
  }

  /** Lets the worker live until a moment, until it is over, or until it is at rest: false where it never is. */
  async #live(until: number): Promise<boolean> {
    let still = 0
    for (let moments = 1; moments < mostMoments; moments++) {
      if (this.#worker.dead) await this.#worker.start()
      if (!(await this.#worker.moment(until)) || this.#worker.over) return true
      still = (await this.#settled()) ? still + 1 : 0
      if (still === 3) return true
      if (moments % breathEvery === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return false
  }

  async #settled(): Promise<boolean> {
    if (!this.#worker.idle || (await this.#uncommitted()).length > 0) return false
    for (const topic of this.#followed()) {
      const letters = await this.#place.letters(this.#plan.name, topic)
      if (letters.some(({ asked }) => asked)) return false
    }
    return true
  }

  /** Partitions whose records are not all committed. */
  async #uncommitted(): Promise<{ topic: string; partition: number; committed: number; end: number }[]> {
    const { log } = this.#place.environment
    const halted = this.#worker.halted()
    const found = []
    for (const topic of this.#followed()) {
      for (let partition = 0; partition < this.#partitionsOf(topic); partition++) {
        // Nothing more is taken from it, so that it will not come any further.
        if (halted.some((one) => one.topic === topic && one.partition === partition)) continue
        const { end } = await log.bounds({ topic, partition })
        const committed = (await log.committed(this.#plan.name, { topic, partition }))?.offset ?? 0
        if (committed < end) found.push({ topic, partition, committed, end })
      }
    }
    return found
  }

  /** As the case says, but for topics of the topology's own that say it themselves. */
  #partitionsOf(topic: string): number {
    const own = this.#plan.ownTopics.find((one) => one.topic === topic)
    return own?.partitions ?? this.#options.testCase.partitions
  }

  /** The topics that are read. */
  #topics(): string[] {
    return this.#ofNodes((node) => (node.kind === 'source' ? topicsOf(this.#plan, node) : []))
  }

  /** The topics of which offsets are committed: all but those of global tables. */
  #followed(): string[] {
    const globals = new Set(globalTables(this.#plan).map((source) => sourceTopic(this.#plan, source)))
    return this.#topics().filter((topic) => !globals.has(topic))
  }

  /** The topics that are written. */
  #written(): string[] {
    return this.#ofNodes((node) =>
      node.kind === 'sink' ? [node.definition.topic?.(node.config) ?? []].flat() : [],
    )
  }

  #ofNodes(names: (node: PlanNode) => readonly string[]): string[] {
    return [...new Set([...this.#plan.nodes.values()].flatMap(names))]
  }

  async close(): Promise<void> {
    await this.#worker.close()
  }
}
