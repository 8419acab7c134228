import type { Call } from '../../engine/http/route.ts'
import { sentenceOf } from '../../engine/errors.ts'
import { HttpProblem, type ProblemCode } from '../../engine/http/problem.ts'
import { carryOut, type ActResult, type PlannedAct } from '../letters/acts.ts'
import { newActId, writeAct, type ActFacts, type Who } from '../letters/audit.ts'
import { LetterRefusal, type RefusalKind } from '../letters/refusal.ts'
import type { Project } from '../project-contract.ts'
import { nameOf, type ActLine, type ServiceLog } from './service-log.ts'

/** Where letters are asked about and acted on, for one project. */
export class Desk {
  readonly project: Project
  readonly #log: ServiceLog
  readonly #busy = new Map<string, Promise<unknown>>()

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
   * Looks what an act would be about, and carries it out unless it is a dry run: one act at a time on the letters of a
   * topology, so that of two that ask for the same at once one is told so. What is refused is written down.
   */
  async act(
    call: Call,
    facts: ActFacts,
    dryRun: boolean,
    plan: () => Promise<PlannedAct>,
  ): Promise<{ readonly plan: PlannedAct; readonly result: ActResult | undefined }> {
    return this.#alone(facts.topology ?? '', async () => {
      try {
        return await this.#planned(call, dryRun, await this.ask(plan), facts)
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

  async #planned(call: Call, dryRun: boolean, plan: PlannedAct, facts: ActFacts) {
    refuseAskedTwice(plan)
    if (dryRun || plan.letters === 0) return { plan, result: undefined }
    const who = whoOf(call)
    const { requestId } = call
    try {
      const result = await carryOut(this.project, plan, { who })
      this.#tell(who, facts, { id: result.id, requestId, result: 'done', letters: result.letters })
      return { plan, result }
    } catch (error) {
      const sentence = sentenceOf(error)
      this.#tell(who, facts, { id: undefined, requestId, result: 'failed', letters: plan.letters, sentence })
      throw error
    }
  }

  #tell(
    { by, from }: Who,
    { act, topology, topic }: ActFacts,
    more: Omit<ActLine, 'act' | 'topology' | 'topic' | 'by' | 'from'>,
  ): void {
    this.#log.act({ act, topology, topic, by, from, ...more })
  }

  async #alone<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#busy.get(name)
    const mine = (async () => {
      await before?.catch(() => undefined)
      return work()
    })()
    this.#busy.set(name, mine)
    try {
      return await mine
    } finally {
      if (this.#busy.get(name) === mine) this.#busy.delete(name)
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

/** Letters of which the same was asked for already, all of them, wait for the worker: asking again would do it twice. */
function refuseAskedTwice({ act, letters, requests }: PlannedAct): void {
  if (letters === 0) return
  const all = requests.flatMap((request) => request.letters)
  if (all.some(({ asked }) => asked !== act)) return
  const sentence = `A ${act} of ${letters === 1 ? 'this letter' : `these ${letters} letters`} was asked for already, and waits for the worker.`
  throw new HttpProblem('CONFLICT', sentence)
}
