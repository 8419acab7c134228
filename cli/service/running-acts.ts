import { setTimeout as delay } from 'node:timers/promises'
import { sentenceOf } from '../../engine/errors.ts'
import { HttpProblem } from '../../engine/http/problem.ts'
import { newActId } from '../letters/audit.ts'

const mostKept = 1000
const mostRunning = 16

/** How an act is carried out. */
export interface Orders {
  readonly id: string
  readonly signal: AbortSignal
  readonly progress: (letters: number) => void
}

/** What came of it. */
export interface Carried {
  readonly letters: number
  readonly stopped: boolean
  /** Where another one would go on, if it was stopped. */
  readonly last?: string | undefined
}

/** An act that was begun, as it is now. */
export interface ActState {
  readonly id: string
  readonly act: string
  readonly topology: string
  readonly topic: string
  /** Letters that it is about, and those that it was done to so far. */
  readonly letters: number
  done: number
  state: 'running' | 'done' | 'stopped' | 'failed'
  last: string | null
  error: string | null
}

interface Running {
  readonly state: ActState
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/**
 * Acts that this service has begun. A long one goes on after its request was answered; one at a time on the letters of a
 * topology. The last thousand are remembered.
 */
export class RunningActs {
  readonly #acts = new Map<string, Running>()

  /** The one that is under way on the letters of a topology. */
  on(topology: string): ActState | undefined {
    return this.#under().find(({ state }) => state.topology === topology)?.state
  }

  /** One by its id. */
  find(id: string): ActState | undefined {
    return this.#acts.get(id)?.state
  }

  /** Begins an act, and waits for its end, but no longer than `patienceMs`. Rejects as the act does, if it fails in that time. */
  async begin(
    about: Pick<ActState, 'act' | 'topology' | 'topic' | 'letters'>,
    carryOut: (orders: Orders) => Promise<Carried>,
    patienceMs: number,
  ): Promise<ActState> {
    if (this.#under().length >= mostRunning)
      throw new HttpProblem(
        'CONFLICT',
        `${mostRunning} acts are under way already: wait for one, or stop it.`,
      )
    const stop = new AbortController()
    const state: ActState = { id: newActId(), ...about, done: 0, state: 'running', last: null, error: null }
    const result = carried(state, stop.signal, carryOut)
    const ended = result.then(
      () => undefined,
      () => undefined,
    )
    this.#acts.set(state.id, { state, stop, ended })
    this.#forget()
    const patience = new AbortController()
    await Promise.race([
      result,
      delay(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ])
    patience.abort()
    return { ...state }
  }

  /** Asks an act to stop, and waits until it has. */
  async stop(id: string): Promise<ActState | undefined> {
    const found = this.#acts.get(id)
    found?.stop.abort()
    await found?.ended
    return found?.state
  }

  /** Stops all that are under way. */
  async close(): Promise<void> {
    await Promise.all(this.#under().map(({ state }) => this.stop(state.id)))
  }

  #under(): Running[] {
    return [...this.#acts.values()].filter(({ state }) => state.state === 'running')
  }

  #forget(): void {
    for (const [id, { state }] of this.#acts) {
      if (this.#acts.size <= mostKept) return
      if (state.state !== 'running') this.#acts.delete(id)
    }
  }
}

async function carried(
  state: ActState,
  signal: AbortSignal,
  carryOut: (orders: Orders) => Promise<Carried>,
): Promise<void> {
  try {
    const { letters, stopped, last } = await carryOut({
      ...{ id: state.id, signal },
      progress: (done) => (state.done = done),
    })
    Object.assign(state, { done: letters, state: stopped ? 'stopped' : 'done', last: last ?? null })
  } catch (error) {
    Object.assign(state, { state: 'failed', error: sentenceOf(error) })
    throw error
  }
}
