import type { Clock } from '../component/contracts/clock.ts'
import type { CommitBackend, CommitOutcome } from '../component/contracts/commit.ts'
import type { Log } from '../component/contracts/log.ts'
import type { Schemas } from '../component/contracts/sink.ts'
import type { Notes } from '../component/contracts/source.ts'
import type { Tables } from '../component/contracts/tables.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'

/** What a session joins as. */
export interface JoinRequest {
  /** The consumer group: the topology's name. */
  readonly group: string
  /** The topics of each sub-topology: the driving one, by which partitions are given out, and those that go with it. */
  readonly drives: readonly (readonly string[])[]
  /** True where a sub-topology keeps state, which belongs to partitions as they are numbered now. */
  readonly stateful: boolean
}

/** One membership in the consumer group, from joining to leaving, and what is bound to it. */
export interface Membership {
  /** The topics; what its `read` answers reads as this member. */
  readonly log: Log
  /** Commits as this member. */
  readonly backend: CommitBackend
  /** Ends whatever is open. Never hangs. */
  close(): Promise<void>
}

/** Everything outside that a worker works with. */
export interface Environment {
  readonly log: Log
  readonly tables: Tables
  readonly schemas: Schemas
  /** A membership of its own for each session; a new one after it was fenced. */
  join(request: JoinRequest): Promise<Membership>
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
  /** True where the process has critical sources of other topologies: this one takes its work in small pieces. */
  readonly besideCritical?: boolean
  /** For tests: the jitter of retries. */
  readonly random?: () => number
}
