import type { ProcessorDefinition, SinkDefinition, SourceDefinition } from '../component/define.ts'

/** Where something stands in a file: lines and columns from 1. */
export interface FilePosition {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `partitioned`: a task has the rows of its own partition. `global`: a worker has those of all. */
export type TableReading = 'partitioned' | 'global'

/** One end of an edge: the main output of a node, or a side output of it. */
export interface OutputRef {
  readonly node: string
  /** undefined = the main output. */
  readonly output: string | undefined
  /** Set where the node does not get the records of this source, but looks rows up in the table that they make. */
  readonly table?: TableReading
}

interface PlannedNode<Kind extends string, Definition> {
  readonly kind: Kind
  readonly name: string
  /** The component's name. */
  readonly type: string
  readonly definition: Definition
  /** Checked and with defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** Where its records come from; empty for a source. */
  readonly from: readonly OutputRef[]
  readonly position: FilePosition
  /** Where each field stands that the file gives; absent where the topology is from no file. */
  readonly fieldPositions?: Readonly<Record<string, FilePosition>>
}

export type SourceNode = PlannedNode<'source', SourceDefinition>
export type ProcessorNode = PlannedNode<'processor', ProcessorDefinition>
export type SinkNode = PlannedNode<'sink', SinkDefinition>
export type PlanNode = SourceNode | ProcessorNode | SinkNode

/** What the topology says about records that fail. */
export interface ErrorSettings {
  /** How often a record-scoped failure is tried, the first time included. */
  readonly attempts: number
  readonly then: 'park' | 'skip' | 'halt'
  /** How long a record-scoped failure is tried again, from the first one on, milliseconds; undefined = no limit. */
  readonly within: number | undefined
  /** How long one call of a node may take, milliseconds. */
  readonly answerWithin: number
  /** First and longest wait between attempts, milliseconds; doubled each time, with full jitter. */
  readonly backoff: { readonly first: number; readonly longest: number }
  /** What is behind a node is left alone after so many downstream failures in a row. */
  readonly breaker: { readonly after: number }
  /** How much may be parked of a partition until it halts: keys, open letters of a key, and bytes of all open letters. */
  readonly parking: { readonly keys: number; readonly letters: number; readonly bytes: number }
  /** What holds for single nodes, by name. */
  readonly nodes: Readonly<Record<string, Partial<NodeErrorSettings>>>
  /** The task stops when more than `share` of the last `of` records failed. */
  readonly flood: { readonly share: number; readonly of: number }
}

/** What a topology may say of the failures of single nodes. */
export type NodeErrorSettings = Pick<ErrorSettings, 'attempts' | 'within' | 'answerWithin' | 'backoff'>

/** How much may be under way. */
export interface BudgetSettings {
  /** Bytes of records under way, for each partition and for the worker. */
  readonly partitionBytes: number
  readonly totalBytes: number
}

/** A sub-topology: nodes that are connected, with the sources that drive it. One task runs it for each partition. */
export interface SubTopology {
  readonly number: number
  /** Names of the nodes in it, in an order in which every node comes after those that feed it. */
  readonly nodes: readonly string[]
  readonly sources: readonly string[]
  /** One of the sources is critical: its records overtake those of the others. */
  readonly critical: boolean
}

/** A topic of the topology's own, into which one node writes and out of which another reads. */
export interface OwnTopic {
  readonly topic: string
  readonly sink: string
  readonly source: string
  /** As many as it is made with; undefined = as many as the environment gives to topics. */
  readonly partitions: number | undefined
}

/** A topology that can run. */
export interface TopologyPlan {
  readonly name: string
  readonly description: string
  readonly file: string
  readonly nodes: ReadonlyMap<string, PlanNode>
  readonly subTopologies: readonly SubTopology[]
  /** Topics of its own, between a sink and a source of it. */
  readonly ownTopics: readonly OwnTopic[]
  /** `exactly-once`: what topic sinks write is part of the commit. */
  readonly delivery: 'at-least-once' | 'exactly-once'
  readonly errors: ErrorSettings
  readonly budget: BudgetSettings
  /** Milliseconds between commits. */
  readonly commitInterval: number
  /** What to do about commit metadata that another program, or a newer Millrace, wrote. */
  readonly foreignMetadata: 'stop' | 'ignore'
  /** Where `errors`, `budget` and the other parts of the file stand that it gives. */
  readonly sectionPositions?: Readonly<Record<string, FilePosition>>
}
