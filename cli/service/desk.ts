import { sentenceOf } from '../../engine/errors.ts'
import type { Call } from '../../engine/http/route.ts'
import { HttpProblem, type ProblemCode } from '../../engine/http/problem.ts'
import type { ActOptions } from '../letters/acts.ts'
import { newActId, writeAct, type ActFacts, type Who } from '../letters/audit.ts'
import { LetterRefusal, type RefusalKind } from '../letters/refusal.ts'
import type { Project } from '../project/contract.ts'
import { RunningActs, type ActState, type Carried } from './running-acts.ts'
import { nameOf, type ActLine, type ServiceLog } from './service-log.ts'

/** How long a request waits for the end of its act: a longer one goes on without it. */
const patienceMs = 2000

/** An act that was looked at. */
export interface Plan {
  /** The topic of its letters. */
  readonly topic: string
  readonly letters: number
  carryOut(options: ActOptions): Promise<Carried>
}

/** What came of a request for an act. */
export interface Outcome<Looked extends Plan> {
  readonly plan: Looked
  /** Undefined for a dry run, and where there was nothing to do. */
  readonly state: ActState | undefined
}

/** Where letters are asked about and acted on, for one project. */
export class Desk {
  readonly project: Project
  readonly acts = new RunningActs()
  readonly #log: ServiceLog
  readonly #queues = new Map<string, Promise<unknown>>()

  constructor(project: Project, log: ServiceLog) {
    this.project = project
    this.#log = log
  }

  /** An answer about letters; what cannot be is a problem. */
  async ask<Result>(look: () => Promise<Result>): Promise<Result> {
    try {
      return await look()
    } catch (error) {
      throw error instanceof LetterRefusal ? problemOf(error) : error
    }
  }

  /**
   * Looks what an act would be about, and carries it out unless it is a dry run: one at a time on the letters of a
   * topology, so that of two that ask for the same at once one is told so. What is refused is written down.
   */
  async act<Looked extends Plan>(
    call: Call,
    facts: ActFacts & { readonly topology: string },
    { dryRun, rate }: { readonly dryRun: boolean; readonly rate?: number | undefined },
    look: () => Promise<Looked>,
  ): Promise<Outcome<Looked>> {
    return this.#alone(facts.topology, async () => {
      try {
        const plan = await this.ask(look)
        if (!dryRun) this.#refuseBeside(facts.topology)
        if (dryRun || plan.letters === 0) return { plan, state: undefined }
        return { plan, state: await this.#begin(call, facts, plan, rate) }
      } catch (error) {
        if (error instanceof HttpProblem && !dryRun)
          await this.refused(whoOf(call), facts, error.message, call.requestId)
        throw error
      }
    })
  }

  /** Writes down that an act was refused. */
  async refused(who: Who, facts: ActFacts, sentence: string, requestId: string): Promise<void> {
    const entry = { ...facts, id: newActId(), phase: 'refused', letters: 0, error: sentence } as const
    await writeAct(this.project.log, who, entry)
    this.#tell(who, facts, { id: undefined, requestId, result: 'refused', letters: 0, sentence })
  }

  /** Stops what is under way. */
  close(): Promise<void> {
    return this.acts.close()
  }

  #refuseBeside(topology: string): void {
    const other = this.acts.on(topology)
    if (other === undefined) return
    const sentence = `Another act on the letters of ${topology} is under way: wait for ${other.id}, or stop it.`
    throw new HttpProblem('CONFLICT', sentence)
  }

  #begin(call: Call, facts: ActFacts & { topology: string }, plan: Plan, rate?: number): Promise<ActState> {
    const who = whoOf(call)
    const { act, topology } = facts
    const about = { act, topology, topic: plan.topic, letters: plan.letters }
    const tell = (id: string, more: Pick<ActLine, 'result' | 'letters' | 'sentence'>): void =>
      this.#tell(who, { ...facts, topic: plan.topic }, { id, requestId: call.requestId, ...more })
    return this.acts.begin(
      about,
      async (orders) => {
        try {
          const done = await plan.carryOut({ who, rate, ...orders })
          tell(orders.id, { result: done.stopped ? 'stopped' : 'done', letters: done.letters })
          return done
        } catch (error) {
          tell(orders.id, { result: 'failed', letters: plan.letters, sentence: sentenceOf(error) })
          throw error
        }
      },
      patienceMs,
    )
  }

  #tell(
    { by, from }: Who,
    { act, topology, topic }: ActFacts,
    more: Omit<ActLine, 'act' | 'topology' | 'topic' | 'by' | 'from'>,
  ): void {
    this.#log.act({ act, topology, topic, by, from, ...more })
  }

  async #alone<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#queues.get(name)
    const mine = (async () => {
      await before?.catch(() => undefined)
      return work()
    })()
    this.#queues.set(name, mine)
    try {
      return await mine
    } finally {
      if (this.#queues.get(name) === mine) this.#queues.delete(name)
    }
  }
}

/** Who asks, for the audit: the name, and what it was proved by. */
function whoOf({ identity, from }: Pick<Call, 'identity' | 'from'>): Who {
  return { by: nameOf(identity), via: 'http', from }
}

const codes: Readonly<Record<RefusalKind, ProblemCode>> = {
  unknown: 'NOT_FOUND',
  ambiguous: 'INVALID',
  invalid: 'INVALID',
  conflict: 'CONFLICT',
}

function problemOf({ kind, message }: LetterRefusal): HttpProblem {
  return new HttpProblem(codes[kind], `${message}.`)
}
