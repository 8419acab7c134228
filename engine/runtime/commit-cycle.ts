import type { Clock } from '../component/contracts/clock.ts'
import type {
  CommitBackend,
  CommitOutcome,
  RefusedRow,
  SealedCommit,
  SealedTask,
} from '../component/contracts/commit.ts'
import { fatalError, MillraceError, sentenceOf } from '../errors.ts'
import { reach } from '../component/points.ts'
import type { Task } from './task.ts'

/** What a commit cycle needs of its worker. */
export interface CommitCycleOptions {
  readonly backend: CommitBackend
  readonly clock: Clock
  readonly tasks: () => Iterable<Task>
  /** These are another worker's now. The worker discards them. */
  readonly lost: (tasks: readonly Task[]) => void
  /**
   * The worker discards everything and begins anew: another one has taken over, or rows of a commit are refused for good,
   * and it is known which.
   */
  readonly over: (how: 'fenced' | 'refused') => void
  readonly failed: (error: MillraceError) => void
  /** After each commit that took effect, or was given up. */
  readonly done: (outcome: CommitOutcome['outcome'], seconds: number) => void
}

/** A commit under way: the cut of some tasks. */
interface Cut {
  readonly commit: SealedCommit
  readonly tasks: readonly Task[]
}

/**
 * Makes settled work durable, one commit after the other. A cycle seals a cut of every task and hands all of them over
 * as one commit. What is sealed stays sealed: until the backend says that it took effect, exactly the same is sent
 * again, without the tasks that were lost meanwhile.
 */
export class CommitCycle {
  readonly #options: CommitCycleOptions
  #sequence = 0
  #under: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: CommitCycleOptions) {
    this.#options = options
  }

  get backend(): CommitBackend {
    return this.#options.backend
  }

  /** Runs one cycle, after the one that is under way. Resolves when it is over, however it ended. */
  run(): Promise<void> {
    const next = this.#under.then(() => this.#cycle())
    this.#under = next
    return next
  }

  /** Starts no new cycle, and gives up trying the one under way again. */
  stop(): void {
    this.#stopped = true
  }

  async #cycle(): Promise<void> {
    if (this.#stopped) return
    const sealed: SealedTask[] = []
    const tasks: Task[] = []
    for (const task of this.#options.tasks()) {
      const cut = task.seal()
      if (cut === undefined) continue
      sealed.push(cut)
      tasks.push(task)
    }
    if (sealed.length > 0) await this.#send({ commit: { sequence: ++this.#sequence, tasks: sealed }, tasks })
  }

  async #send(cut: Cut): Promise<void> {
    const started = performance.now()
    for (let current: Cut | undefined = cut, tries = 1; current !== undefined && !this.#stopped; tries++) {
      reach('committing')
      const outcome = await this.#options.backend.commit(current.commit)
      if (outcome.outcome === 'committed') {
        for (const task of current.tasks) task.committed()
        reach('committed')
      }
      this.#options.done(outcome.outcome, (performance.now() - started) / 1000)
      current = this.#after(outcome, current)
      if (current !== undefined) await this.#pause(tries)
    }
  }

  /** What is to be sent next: nothing, the same, or the rest. */
  #after(outcome: CommitOutcome, cut: Cut): Cut | undefined {
    switch (outcome.outcome) {
      case 'committed':
        return undefined
      case 'unknown':
        return cut
      case 'aborted':
        return this.#without(cut, (task) => task.cancelled)
      case 'lost': {
        const lost = cut.tasks.filter((task) => outcome.tasks.includes(task.id))
        this.#options.lost(lost)
        return this.#without(cut, (task) => lost.includes(task) || task.cancelled)
      }
      case 'fenced':
        this.#stopped = true
        this.#options.over('fenced')
        return undefined
      case 'refused':
        this.#stopped = true
        this.#refused(outcome.rows, cut)
        return undefined
      case 'failed':
        this.#stopped = true
        this.#options.failed(commitFailed(outcome.error))
        return undefined
    }
  }

  #refused(rows: readonly RefusedRow[], { tasks }: Cut): void {
    const unknown = rows.filter((row) => tasks.find(({ id }) => id === row.task)?.refused(row) !== true)
    if (unknown.length === rows.length) this.#options.failed(commitFailed(asFatal(rows[0]!.error)))
    else this.#options.over('refused')
  }

  /** The same commit, or one of the tasks that are left, which is another commit. */
  #without(cut: Cut, gone: (task: Task) => boolean): Cut | undefined {
    const tasks = cut.tasks.filter((task) => !gone(task))
    if (tasks.length === cut.tasks.length) return cut
    if (tasks.length === 0) return undefined
    const ids = new Set(tasks.map(({ id }) => id))
    const sealed = cut.commit.tasks.filter(({ task }) => ids.has(task))
    return { commit: { sequence: ++this.#sequence, tasks: sealed }, tasks }
  }

  #pause(tries: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(Math.min(1000, 10 * 2 ** tries), resolve))
  }
}

function asFatal(error: MillraceError): MillraceError {
  return fatalError('COMMIT_FAILED', `A record that belongs to a commit is refused: ${error.message}`, {
    cause: error,
  })
}

function commitFailed(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return fatalError('COMMIT_FAILED', `Progress could not be committed: ${sentenceOf(error)}`, {
    cause: error,
  })
}
