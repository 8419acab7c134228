import type { ValueCodec } from '../component/codec.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { CommitBackend, TaskId } from '../component/contracts/commit.ts'
import type { Log } from '../component/contracts/log.ts'
import type { SinkWriter } from '../component/contracts/sink.ts'
import type { Operator, TableView } from '../component/operator.ts'
import type { MillraceError } from '../errors.ts'
import type { ProcessorNode, SubTopology, TopologyPlan } from '../topology/plan-types.ts'
import type { Breakers } from './breaker.ts'
import type { Share } from './budget.ts'
import type { Counters } from './counters.ts'
import type { Refusals } from './refusals.ts'

/** One source of a task. */
export interface TaskSource {
  readonly node: string
  readonly topic: string
  readonly codec: ValueCodec
  readonly eventTime: string | undefined
  /** So many records of this source, which lie in one buffer, are committed: nobody looks at them again. */
  readonly spent?: (buffer: ArrayBuffer, records: number) => void
}

/** All that a task is made with. */
export interface TaskOptions {
  readonly plan: TopologyPlan
  readonly sub: SubTopology
  readonly partition: number
  /** Epoch of the assignment under which it runs. */
  readonly epoch: number
  readonly sources: readonly TaskSource[]
  readonly operators: (node: ProcessorNode) => readonly Operator[]
  readonly writers: ReadonlyMap<string, SinkWriter>
  /** The tables that a worker has all rows of. */
  readonly globals: { get(source: string): TableView | undefined }
  readonly log: Log
  readonly backend: CommitBackend
  readonly clock: Clock
  readonly share: Share
  /** What commits of this worker were refused for. */
  readonly refusals: Refusals
  /** Of what is behind its nodes. */
  readonly breakers: Breakers
  readonly counters: Counters
  /** A fatal error: the worker is to stop. */
  readonly stop: (error: MillraceError) => void
  readonly trouble: (sentence: string) => void
  readonly random?: () => number
}

/** The name of the task that these options make. */
export function taskId({ plan, sub, partition }: Pick<TaskOptions, 'plan' | 'sub' | 'partition'>): TaskId {
  return `${plan.name}/${sub.number}/${partition}`
}
