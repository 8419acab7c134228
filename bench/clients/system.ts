import type { Outcome, Scenario, Task } from './workload.ts'

/** How a system does a task. */
export interface Invocation {
  readonly program: string
  readonly args: readonly string[]
  /** It cannot keep the time itself: it is started again until the time is over. */
  readonly repeat: boolean
  /** What it has done, from what it printed. @throws Error if that is not what it was told */
  readonly outcome: (output: string, passes: number) => Outcome
}

/** A client that is ready to be measured. */
export interface Ready {
  readonly version: string
  readonly invoke: (task: Task) => Invocation
}

export interface System {
  readonly name: string
  /** How it is used, for each scenario that it takes part in. */
  readonly how: Partial<Record<Scenario, string>>
  /** Why it takes no part in the others. */
  readonly lacks: Partial<Record<Scenario, string>>
  /** Gets it ready; a text says why that cannot be done. */
  readonly prepare: () => Promise<Ready | string>
}
