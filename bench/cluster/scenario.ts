import type { Outcome, ScenarioName, Task } from './task.ts'
import type { Options } from './options.ts'
import type { Servers } from './servers.ts'
import type { System } from './system.ts'

export interface Bench {
  readonly options: Options
  readonly servers: Servers
  /** For the files of the runs. */
  readonly folder: string
  readonly say: (text: string) => void
}

/** What is measured, and who takes part. */
export interface Scenario {
  readonly name: ScenarioName
  readonly title: string
  readonly systems: readonly System[]
  /** Fills what the systems read. */
  open(bench: Bench): Promise<Stage>
}

/** A scenario that is set up. */
export interface Stage {
  /** Lays out what one run needs; it is called before each. */
  begin(system: System): Promise<Course>
  close(): Promise<void>
}

/** One run. */
export interface Course {
  readonly task: Task
  /** What happens beside the measured process, in this one. */
  readonly alongside?: (stop: AbortSignal) => Promise<void>
  /** What is wrong with what the process left behind; undefined if nothing is. */
  fault(outcome: Outcome): Promise<string | undefined>
  end(): Promise<void>
}
