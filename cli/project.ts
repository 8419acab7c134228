import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import type { Clock } from '../engine/component/contracts/clock.ts'
import type { CommitBackend } from '../engine/component/contracts/commit.ts'
import type { Schemas } from '../engine/component/contracts/sink.ts'
import type { Notes } from '../engine/component/contracts/source.ts'
import type { Tables } from '../engine/component/contracts/tables.ts'
import { loadMigrations } from '../engine/cql/migrations.ts'
import { parseNamedRead, type NamedRead } from '../engine/cql/named-reads.ts'
import type { Catalogue } from '../engine/cql/schema.ts'
import type { Embedded, EmbeddedOptions } from '../engine/embedded/embedded.ts'
import type { EmbeddedTables } from '../engine/embedded/tables.ts'
import { suggestion } from '../engine/config/suggest.ts'
import { fatalError, permanentError } from '../engine/errors.ts'
import {
  cqlNames,
  findRoot,
  readCqlFile,
  readCqlFiles,
  shownPath,
  type RootOptions,
} from './project-files.ts'
import { embeddedTables } from './project-tables.ts'

/** What says which project is meant, and how it is opened. */
export interface ProjectOptions extends RootOptions {
  /** `--store DIR`: the folder whose `.millrace/` is used. */
  readonly store?: string | undefined
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
  readonly embedded: Embedded
  readonly log: Embedded['log']
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
  close(): Promise<void>
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
  // Only code is loaded here: no file is opened before the store is asked for.
  const [{ openEmbedded }, { EmbeddedTables }] = await Promise.all([
    import('../engine/embedded/embedded.ts'),
    import('../engine/embedded/tables.ts'),
  ])
  return new EmbeddedProject(options, { openEmbedded, EmbeddedTables })
}

class EmbeddedProject implements Project {
  readonly root: string
  readonly storeDir: string
  readonly schemas: Schemas
  readonly #options: ProjectOptions
  readonly #room: EmbeddedRoom
  #embedded: Embedded | undefined
  #catalogue: Catalogue | undefined
  #storedTables: EmbeddedTables | undefined
  #tables: Tables | undefined
  #registry: Promise<DirectoryRegistry> | undefined

  constructor(options: ProjectOptions, room: EmbeddedRoom) {
    this.#options = options
    this.#room = room
    this.root = findRoot(options)
    this.storeDir = options.store === undefined ? this.root : resolve(options.cwd, options.store)
    this.schemas = directorySchemas(() => this.registry())
  }

  get hasStore(): boolean {
    return existsSync(join(this.storeDir, '.millrace', 'store.db'))
  }

  get catalogue(): Catalogue {
    this.#catalogue ??= loadMigrations(readCqlFiles(join(this.root, 'cql'), this.#options.cwd))
    return this.#catalogue
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
    this.#registry ??= openRegistry(this.#schemaFolder())
    return this.#registry
  }

  readNames(): string[] {
    return cqlNames(join(this.root, 'cql', 'queries')).map((name) => name.slice(0, -'.cql'.length))
  }

  namedRead(name: string): NamedRead {
    const names = this.readNames()
    if (!names.includes(name)) {
      throw permanentError(
        'QUERY_REFUSED',
        `There is no named read "${name}" in cql/queries/${suggestion(name, names)}`,
      )
    }
    const { path, text } = readCqlFile(join(this.root, 'cql', 'queries', `${name}.cql`), this.#options.cwd)
    return parseNamedRead(path, text, this.catalogue)
  }

  acquireWorkerLock(): void {
    if (this.#embedded !== undefined)
      throw new Error('The worker lock comes before the first use of the store.')
    this.#embedded = this.#openStore(true)
  }

  async close(): Promise<void> {
    await this.#embedded?.close()
  }

  /** Relative where that is the same, since errors show it. */
  #schemaFolder(): string {
    const { cwd } = this.#options
    const folder = join(this.root, 'schemas')
    return cwd === process.cwd() ? shownPath(folder, cwd) : folder
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

async function openRegistry(directory: string): Promise<DirectoryRegistry> {
  const { openDirectoryRegistry } = await import('../engine/avro/directory-registry.ts')
  return openDirectoryRegistry(directory)
}

/** The schemas of a directory as components use them. */
function directorySchemas(registry: () => Promise<DirectoryRegistry>): Schemas {
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
