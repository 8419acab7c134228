import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import type { Clock } from '../engine/component/contracts/clock.ts'
import type { CommitBackend } from '../engine/component/contracts/commit.ts'
import type { Log } from '../engine/component/contracts/log.ts'
import type { Schemas } from '../engine/component/contracts/sink.ts'
import type { Notes } from '../engine/component/contracts/source.ts'
import type { Tables } from '../engine/component/contracts/tables.ts'
import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import type { NamedRead } from '../engine/cql/named-reads.ts'
import type { Catalogue } from '../engine/cql/schema.ts'
import type { Embedded, EmbeddedOptions } from '../engine/embedded/embedded.ts'
import type { EmbeddedTables } from '../engine/embedded/tables.ts'
import { fatalError } from '../engine/errors.ts'
import type { JoinRequest, Membership } from '../engine/runtime/worker-options.ts'
import { ProjectDefinitions } from './project-definitions.ts'
import type { RootOptions } from './project-files.ts'
import { embeddedTables } from './project-tables.ts'

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

/** Throws CONFIG_UNREADABLE where there is no store yet: for commands that only look, and should not make one. */
export function needStore({ hasStore, storeDir }: Project): void {
  if (hasStore) return
  const remedy = 'run a topology or millrace demo first, or give --store DIR.'
  throw fatalError('CONFIG_UNREADABLE', `There is no store in ${storeDir} yet: ${remedy}`)
}

/** What is loaded late: node:sqlite is behind it. */
interface EmbeddedRoom {
  readonly openEmbedded: (dir: string, options: EmbeddedOptions) => Embedded
  readonly EmbeddedTables: typeof EmbeddedTables
}

/** Finds a project, and says how its parts are opened. Throws CONFIG_UNREADABLE for a `--project` that is no folder. */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const { environment } = options
  if (environment !== undefined) {
    const { openClusterProject } = await import('./cluster-project.ts')
    return openClusterProject(options, environment)
  }
  // Only code is loaded here: no file is opened before the store is asked for.
  const [{ openEmbedded }, { EmbeddedTables }] = await Promise.all([
    import('../engine/embedded/embedded.ts'),
    import('../engine/embedded/tables.ts'),
  ])
  return new EmbeddedProject(options, { openEmbedded, EmbeddedTables })
}

class EmbeddedProject implements Project {
  readonly environment = undefined
  readonly #definitions: ProjectDefinitions
  readonly root: string
  readonly storeDir: string
  readonly schemas: Schemas
  readonly #options: ProjectOptions
  readonly #room: EmbeddedRoom
  #embedded: Embedded | undefined
  #storedTables: EmbeddedTables | undefined
  #tables: Tables | undefined

  constructor(options: ProjectOptions, room: EmbeddedRoom) {
    this.#options = options
    this.#room = room
    this.#definitions = new ProjectDefinitions(options)
    this.root = this.#definitions.root
    this.storeDir = options.store === undefined ? this.root : resolve(options.cwd, options.store)
    this.schemas = directorySchemas(() => this.registry())
  }

  get hasStore(): boolean {
    return existsSync(join(this.storeDir, '.millrace', 'store.db'))
  }

  get catalogue(): Catalogue {
    return this.#definitions.catalogue
  }

  get embedded(): Embedded {
    this.#embedded ??= this.#openStore(false)
    return this.#embedded
  }

  get log(): Embedded['log'] {
    return this.embedded.log
  }

  get backend(): CommitBackend {
    return this.embedded.backend
  }

  get storedTables(): EmbeddedTables {
    const { clock } = this.#options
    const options = clock === undefined ? {} : { now: () => clock.now() }
    this.#storedTables ??= new this.#room.EmbeddedTables(this.embedded.tablesDb, this.catalogue, options)
    return this.#storedTables
  }

  get tables(): Tables {
    this.#tables ??= embeddedTables(this.storedTables, this.catalogue)
    return this.#tables
  }

  notes(group: string, node: string): Notes {
    return this.embedded.notes(group, node)
  }

  registry(): Promise<DirectoryRegistry> {
    return this.#definitions.registry()
  }

  readNames(): string[] {
    return this.#definitions.readNames()
  }

  namedRead(name: string): NamedRead {
    return this.#definitions.namedRead(name)
  }

  join(): Promise<Membership> {
    const { log, embedded } = this
    return Promise.resolve({ log, backend: embedded.openBackend(), close: () => Promise.resolve() })
  }

  tidy(): void {
    this.embedded.tidy()
  }

  acquireWorkerLock(): void {
    if (this.#embedded !== undefined)
      throw new Error('The worker lock comes before the first use of the store.')
    this.#embedded = this.#openStore(true)
  }

  async close(): Promise<void> {
    await this.#embedded?.close()
  }

  #openStore(worker: boolean): Embedded {
    const { clock, onCommitStep } = this.#options
    return this.#room.openEmbedded(this.storeDir, {
      worker,
      ...(clock && { clock }),
      ...(onCommitStep && { onCommitStep }),
    })
  }
}

/** The schemas of a directory as components use them. */
export function directorySchemas(registry: () => Promise<DirectoryRegistry>): Schemas {
  return {
    async encoder(schema) {
      const [{ avroValueEncoder }, opened] = await Promise.all([
        import('../engine/avro/value-codec.ts'),
        registry(),
      ])
      return avroValueEncoder(await opened.latest(schema))
    },
    async codec(schema) {
      const [{ avroValueCodec }, opened] = await Promise.all([
        import('../engine/avro/value-codec.ts'),
        registry(),
      ])
      return avroValueCodec(opened, await opened.latest(schema))
    },
  }
}
