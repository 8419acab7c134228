import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import type { CommitBackend } from '../../engine/component/contracts/commit.ts'
import type { Schemas } from '../../engine/component/contracts/sink.ts'
import type { Notes } from '../../engine/component/contracts/source.ts'
import type { Tables } from '../../engine/component/contracts/tables.ts'
import type { NamedRead } from '../../engine/cql/named-reads.ts'
import type { Catalogue } from '../../engine/cql/schema.ts'
import type { Embedded, EmbeddedOptions } from '../../engine/embedded/embedded.ts'
import type { EmbeddedTables } from '../../engine/embedded/tables.ts'
import { fatalError } from '../../engine/errors.ts'
import type { Membership } from '../../engine/runtime/worker-options.ts'
import { directorySchemas } from '../../project/schemas.ts'
import { ProjectDefinitions } from './definitions.ts'
import type { Project, ProjectOptions } from './contract.ts'
import { embeddedTables } from './tables.ts'

export type { Project, ProjectOptions }

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
    import('../../engine/embedded/embedded.ts'),
    import('../../engine/embedded/tables.ts'),
  ])
  return new EmbeddedProject(options, { openEmbedded, EmbeddedTables })
}

class EmbeddedProject implements Project {
  readonly environment = undefined
  readonly registryCounts = undefined
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

  valueRegistry(): Promise<DirectoryRegistry> {
    return this.registry()
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
    const { clock, onCommitStep, trouble } = this.#options
    return this.#room.openEmbedded(this.storeDir, {
      worker,
      ...(clock && { clock }),
      ...(trouble && { trouble }),
      ...(onCommitStep && { onCommitStep }),
    })
  }
}
