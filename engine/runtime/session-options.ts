import type { Verdict } from '../component/lineage.ts'
import type { TaskOptions } from './task-options.ts'
import type { WorkerOptions } from './worker-options.ts'

/** How a session ended; `refused`: a commit could never have taken effect. */
export type SessionEnd = 'stopped' | 'fenced' | 'refused'

/** What a session gets of its worker. */
export interface SessionOptions
  extends WorkerOptions, Pick<TaskOptions, 'counters' | 'breakers' | 'refusals'> {
  /** The session before this one, whose counts go on. */
  readonly before: { verdicts(): Readonly<Record<Verdict, number>>[] } | undefined
}
