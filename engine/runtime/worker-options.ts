import type { Clock } from '../component/contracts/clock.ts'
import type { CommitBackend, CommitOutcome } from '../component/contracts/commit.ts'
import type { Log } from '../component/contracts/log.ts'
import type { Schemas } from '../component/contracts/sink.ts'
import type { Notes } from '../component/contracts/source.ts'
import type { Tables } from '../component/contracts/tables.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'

/** Everything outside that a worker works with. */
export interface Environment {
  readonly log: Log
  readonly tables: Tables
  readonly schemas: Schemas
  /** A backend of its own for the worker; a new one after it was fenced. */
  openBackend(): CommitBackend
  notes(group: string, node: string): Notes
  readonly clock: Clock
  /** Where the console sink writes. */
  readonly print: (line: string) => void
}

export interface WorkerOptions {
  readonly plan: TopologyPlan
  readonly environment: Environment
  /** How long a shutdown may take before what is still under way is left to the next life, milliseconds. */
  readonly drainMs?: number
  /** Problems that pass, a sentence each. */
  readonly trouble: (sentence: string) => void
  readonly committed?: (outcome: CommitOutcome['outcome'], seconds: number) => void
  /** For tests: the jitter of retries. */
  readonly random?: () => number
}
