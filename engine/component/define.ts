import type { z } from 'zod'
import type { ValueCodec } from './codec.ts'
import type { Clock } from './contracts/clock.ts'
import type { StoreRef } from './contracts/commit.ts'
import type { SinkContext, SinkWriter, Schemas } from './contracts/sink.ts'
import type { SourceReader } from './contracts/reader.ts'
import type { SourceContext } from './contracts/source.ts'
import type { Tables } from './contracts/tables.ts'
import type { Operator } from './operator.ts'
import type { ProcessorResources } from './resources.ts'

// A definition in a registry is held without its config type; `never` in the parameters is what lets all of them in.
/* eslint-disable @typescript-eslint/no-explicit-any */

/** An example of a component: shown on its page, and run by the tests. */
export interface Example<Config> {
  readonly title: string
  readonly config: Config
  /** Values of the records that come in, in order. `key` of each record is the value's `key` field if there is one. */
  readonly input?: readonly unknown[]
  /** Values that come out of the main output, in order. */
  readonly output?: readonly unknown[]
  /** Values that come out of side outputs. */
  readonly side?: Readonly<Record<string, readonly unknown[]>>
}

interface Described<Schema extends z.ZodObject> {
  /** Kebab-case, equal to the file's name; the `type` in a topology. Verbs for processors, nouns for the others. */
  readonly name: string
  /** One sentence: the first line of the component's page. */
  readonly summary: string
  /** What fields cannot say: guarantees, memory, order. Markdown. */
  readonly notes?: string
  /** The fields in a topology, without `type`, `from`: type, check, defaults, completion and docs in one. */
  readonly config: Schema
  readonly examples: readonly [Example<z.input<Schema>>, ...Example<z.input<Schema>>[]]
}

/** A source of records. */
export interface SourceDefinition<Schema extends z.ZodObject = any> extends Described<Schema> {
  readonly kind: 'source'
  /** The topics that it reads; one that reads none gives a name for its own partitions. */
  topics(
    config: z.output<Schema>,
    context: { readonly topology: string; readonly node: string },
  ): readonly string[]
  /** How its values are encoded. */
  codec(config: z.output<Schema>, schemas: Schemas): Promise<ValueCodec>
  /** Dotted path of the field that holds the event time; undefined = the record's own timestamp. */
  eventTime?(config: z.output<Schema>): string | undefined
  /** True where the topology wants its records before those of other sources. */
  critical?(config: z.output<Schema>): boolean
  open(config: z.output<Schema>, context: SourceContext): Promise<SourceReader>
}

/** What a processor's `create` gets. */
export interface ProcessorContext extends ProcessorResources {
  readonly topology: string
  readonly node: string
  readonly clock: Clock
  readonly tables: Tables
}

/** A source that is read as a table: a task has the rows of its own partition, or a worker those of all. */
export interface JoinedSource {
  readonly source: string
  readonly reading: 'partitioned' | 'global'
}

/** How records go through a topic of the topology's own. */
export interface Through {
  /** The field, or fields, whose text becomes the key. */
  readonly key: string | readonly string[]
  /** Of the topic, when it is made. */
  readonly partitions?: number | undefined
  /** How values are written and read: as one type, or each as the type that it has; JSON if not given. */
  readonly schema?: string | readonly string[] | undefined
}

/** A processor: one node between sources and sinks. */
export interface ProcessorDefinition<Schema extends z.ZodObject = any> extends Described<Schema> {
  readonly kind: 'processor'
  /** Names of side outputs, used in topologies as `{node}.{output}`. */
  outputs?(config: z.output<Schema>): readonly string[]
  /** True if the main output may carry nothing at all (a branch). */
  readonly sideOnly?: boolean
  /** Fields of the value that it reads, as dotted paths: for lint. */
  reads?(config: z.output<Schema>): readonly string[]
  /** The table that it looks rows up in. */
  table?(config: z.output<Schema>): string
  /** Fields that it fills from elsewhere than the record: another run may fill them otherwise. */
  looksUp?(config: z.output<Schema>): readonly string[]
  /** True for a node that lets every record through, and changes fields only where they are. */
  readonly inPlace?: boolean
  /** The sources that it reads as tables, by the name of the setting that names them. */
  joins?(config: z.output<Schema>): Readonly<Record<string, JoinedSource>>
  /** Set for a node that its sources come to in the order of event times: how long one that has nothing is waited for, milliseconds. */
  merges?(config: z.output<Schema>): { readonly waitMs: number }
  /** The functions of files that it calls: the name of a setting, and `./file.ts` or `./file.ts#export` in it. */
  functions?(config: z.output<Schema>): Readonly<Record<string, string | undefined>>
  /** True for one that calls the casts between MAJORs which lie beside the schemas of the project. */
  readonly casts?: boolean
  /** The state stores that it keeps: each has a changelog, and belongs to the partitions as they are numbered now. */
  stores?(config: z.output<Schema>, context: { readonly node: string }): readonly StoreRef[]
  /**
   * True for a node whose records settle with its state, and that sends on what the committed state owes. Its task commits
   * the records of a partition in their order, so that the state is always that of a beginning of the partition.
   */
  readonly commitsFirst?: boolean
  /** Side outputs of such a node that carry what is owed, as the main output does: it has no position either. */
  owes?(config: z.output<Schema>): readonly string[]
  /**
   * What an entry of one of its key-value stores says, for test cases; undefined for what is nobody else's concern. Without
   * it an entry is its key and its value.
   */
  shows?(
    config: z.output<Schema>,
    entry: { readonly store: string; readonly key: string; readonly value: unknown },
  ): Readonly<Record<string, unknown>> | undefined
  /**
   * For a node that no task runs: its records go through a topic of the topology's own, with this key, to the tasks that
   * own it.
   */
  through?(config: z.output<Schema>): Through
  /** True for a node that may make several records of one. */
  readonly several?: boolean
  /** Called once for each task. Several operators run one after the other. */
  create(config: z.output<Schema>, context: ProcessorContext): Operator | readonly Operator[]
}

/** A sink: where records leave. */
export interface SinkDefinition<Schema extends z.ZodObject = any> extends Described<Schema> {
  readonly kind: 'sink'
  /** Whether writing the same record again leaves the same result. */
  readonly idempotent: boolean
  reads?(config: z.output<Schema>): readonly string[]
  /** The table that it writes, for lint and describe. */
  table?(config: z.output<Schema>): string | undefined
  /** All tables that it may write, where there are others besides `table`. */
  tables?(config: z.output<Schema>): readonly string[]
  /** The field that a column of its table gets, as a dotted path; undefined for one that is computed or left alone. */
  fieldOf?(config: z.output<Schema>, column: string): string | undefined
  /** The topic that it writes, for lint, describe and set-up. */
  topic?(config: z.output<Schema>): string | undefined
  /** Called once for each task. */
  open(config: z.output<Schema>, context: SinkContext): Promise<SinkWriter>
}

export type ComponentDefinition = SourceDefinition | ProcessorDefinition | SinkDefinition

/** The components that a Millrace knows, by kind and name. */
export interface Registry {
  readonly sources: Readonly<Record<string, SourceDefinition>>
  readonly processors: Readonly<Record<string, ProcessorDefinition>>
  readonly sinks: Readonly<Record<string, SinkDefinition>>
}

/** Defines a source. The topology language, its checks, its pages and its editor completion follow from this. */
export function defineSource<Schema extends z.ZodObject>(
  definition: Omit<SourceDefinition<Schema>, 'kind'>,
): SourceDefinition<Schema> {
  return { ...definition, kind: 'source' }
}

/** Defines a processor; see `docs/guide/processors.md`. */
export function defineProcessor<Schema extends z.ZodObject>(
  definition: Omit<ProcessorDefinition<Schema>, 'kind'>,
): ProcessorDefinition<Schema> {
  return { ...definition, kind: 'processor' }
}

/** Defines a sink. */
export function defineSink<Schema extends z.ZodObject>(
  definition: Omit<SinkDefinition<Schema>, 'kind'>,
): SinkDefinition<Schema> {
  return { ...definition, kind: 'sink' }
}
