import type { SchemaRegistry } from '../../engine/avro/registry.ts'
import type { RegistryCounts } from '../../engine/avro/registry-counts.ts'
import type { DirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import type { Clock } from '../../engine/component/contracts/clock.ts'
import type { CommitBackend } from '../../engine/component/contracts/commit.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import type { Schemas } from '../../engine/component/contracts/sink.ts'
import type { Notes } from '../../engine/component/contracts/source.ts'
import type { Tables } from '../../engine/component/contracts/tables.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { NamedRead } from '../../engine/cql/named-reads.ts'
import type { Catalogue } from '../../engine/cql/schema.ts'
import type { Embedded, EmbeddedOptions } from '../../engine/embedded/embedded.ts'
import type { EmbeddedTables } from '../../engine/embedded/tables.ts'
import type { JoinRequest, Membership } from '../../engine/runtime/worker-options.ts'
import type { RootOptions } from '../../project/root.ts'

/** What says which project is meant, and how it is opened. */
export interface ProjectOptions extends RootOptions {
  /** `--store DIR`: the folder whose `.millrace/` is used. */
  readonly store?: string | undefined
  /** Told of problems that pass, a sentence each. */
  readonly trouble?: (sentence: string) => void
  /** The cluster that it runs in, instead of the embedded store. */
  readonly environment?: EnvironmentConfig | undefined
  readonly clock?: Clock
  /** For tests of crashes: called at each step of every commit. */
  readonly onCommitStep?: EmbeddedOptions['onCommitStep']
}

/**
 * A project with its embedded environment. Everything is opened at first use, and `close` closes what was opened. Each
 * part throws the sentence of the room behind it (a damaged store, a migration with a mistake …).
 */
export interface Project {
  /** The folder with schemas/ and cql/. */
  readonly root: string
  /** The folder whose `.millrace/` holds the store. */
  readonly storeDir: string
  /** Whether there is a store already; opening makes one. */
  readonly hasStore: boolean
  /** The tables that the migrations in cql/ describe. */
  readonly catalogue: Catalogue
  /** Where it runs; undefined = in its embedded store. */
  readonly environment: EnvironmentConfig | undefined
  readonly embedded: Embedded
  readonly log: ProjectLog
  readonly tables: Tables
  readonly schemas: Schemas
  readonly backend: CommitBackend
  /** The tables with their reads and their sweep, which components have no use for. */
  readonly storedTables: EmbeddedTables
  notes(group: string, node: string): Notes
  /** The schemas in schemas/; read once. */
  registry(): Promise<DirectoryRegistry>
  /** Where the ids mean something that stored values carry: the registry of the cluster, or schemas/ where it has none. */
  valueRegistry(): Promise<SchemaRegistry>
  /** What the registry of the cluster was asked; undefined where there is none. */
  readonly registryCounts: RegistryCounts | undefined
  /** The names of the named reads in cql/queries/. */
  readNames(): string[]
  /** One named read. Throws QUERY_REFUSED, with the name that was probably meant. */
  namedRead(name: string): NamedRead
  /** Makes this process the store's worker; before the first use of the store. Throws STORE_LOCKED. */
  acquireWorkerLock(): void
  /** Joins a consumer group. */
  join(request: JoinRequest): Promise<Membership>
  /** Puts things in order that no commit waits for; to be called about every second. Throws what can be tried again. */
  tidy(): void
  close(): Promise<void>
}

/** The topics of a project, with their names. */
export interface ProjectLog extends Log {
  topicNames(): Promise<string[]>
}
