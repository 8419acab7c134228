import type {
  ComponentDefinition,
  ProcessorDefinition,
  SinkDefinition,
  SourceDefinition,
} from '../component/define.ts'
import type { ConfigProblem } from './problems.ts'

/** Lines and columns from 1. */
export interface ConfigPosition {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One entry of a `from`. */
export interface ConfigReference extends ConfigPosition {
  readonly node: string
  /** A side output; undefined = the main output. */
  readonly output: string | undefined
  /** Set where it reads a source as a table. */
  readonly table?: 'partitioned' | 'global'
}

/** What is known of a node even where its settings are wrong. */
export interface OutlineNode {
  readonly kind: 'source' | 'processor' | 'sink'
  readonly name: string
  /** The references that resolve; empty for a source. */
  readonly from: readonly ConfigReference[]
  readonly position: ConfigPosition
  /** True if the main output may carry nothing at all. */
  readonly sideOnly: boolean
}

interface Checked<
  Kind extends OutlineNode['kind'],
  Definition extends ComponentDefinition,
> extends OutlineNode {
  readonly kind: Kind
  readonly type: string
  readonly definition: Definition
  /** Checked and with defaults, without `type` and `from`. */
  readonly config: Readonly<Record<string, unknown>>
  /** Where each field stands that the file gives. */
  readonly fieldPositions: Readonly<Record<string, ConfigPosition>>
}

/** A node of a topology file, checked by its component's schema. */
export type NodeConfig =
  | Checked<'source', SourceDefinition>
  | Checked<'processor', ProcessorDefinition>
  | Checked<'sink', SinkDefinition>

/** A comment that allows what lint finds: `# lint-allow ML004 reason`. */
export interface LintAllowance {
  /** Where the comment stands. */
  readonly line: number
  /** The line that it speaks of: its own, or the next that is no comment where it has a line to itself. */
  readonly target: number
  readonly code: string
  readonly reason: string
}

/** What `errors.nodes` says of a node; what it does not say holds as for all. */
export interface NodeErrors {
  readonly attempts?: number
  readonly within?: number
  readonly answerWithin?: number
  readonly backoff?: { readonly first: number; readonly longest: number }
}

/** A topology file, checked. Durations are milliseconds, sizes are bytes. */
export interface TopologyConfig {
  readonly file: string
  readonly name: string
  readonly description: string
  /** In the order of the file: sources, processors, sinks. */
  readonly nodes: readonly NodeConfig[]
  readonly delivery: 'at-least-once' | 'exactly-once'
  /** Its records overtake those of other topologies in the process. */
  readonly critical: boolean
  /** The components that read and write topics, where there are such. */
  readonly topics: { readonly source: SourceDefinition; readonly sink: SinkDefinition } | undefined
  readonly errors: {
    readonly attempts: number
    readonly then: 'park' | 'skip' | 'halt'
    readonly within: number | undefined
    readonly answerWithin: number
    readonly backoff: { readonly first: number; readonly longest: number }
    readonly breaker: { readonly after: number }
    readonly parking: { readonly keys: number; readonly letters: number; readonly bytes: number }
    readonly nodes: Readonly<Record<string, NodeErrors>>
    readonly flood: { readonly share: number; readonly of: number }
  }
  readonly budget: { readonly partitionBytes: number; readonly totalBytes: number }
  readonly commitInterval: number
  readonly foreignMetadata: 'stop' | 'ignore'
  /** Where each top-level field stands that the file gives. */
  readonly sectionPositions: Readonly<Record<string, ConfigPosition>>
  readonly allowances: readonly LintAllowance[]
}

/** What reading a topology file came to: with problems there is no config, yet the outline still can be judged. */
export interface TopologyReading {
  readonly file: string
  readonly config: TopologyConfig | undefined
  readonly outline: readonly OutlineNode[]
  /** True if every `from` of the file was understood: only then can it be said that nobody reads a node. */
  readonly connected: boolean
  readonly problems: readonly ConfigProblem[]
}
