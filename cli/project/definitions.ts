import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { suggestion } from '../../engine/config/suggest.ts'
import { loadMigrations } from '../../engine/cql/migrations.ts'
import { parseNamedRead, type NamedRead } from '../../engine/cql/named-reads.ts'
import type { Catalogue } from '../../engine/cql/schema.ts'
import { permanentError } from '../../engine/errors.ts'
import { cqlNames, readCqlFile, readCqlFiles } from './cql-files.ts'
import { findRoot, needSchemas, shownPath, type RootOptions } from '../../project/root.ts'

/** What a project's folder says, whatever environment it runs in. Each part is read at first use. */
export class ProjectDefinitions {
  /** The folder with schemas/ and cql/. */
  readonly root: string
  readonly #cwd: string
  #catalogue: Catalogue | undefined
  #registry: Promise<DirectoryRegistry> | undefined

  /** Throws CONFIG_UNREADABLE for a `--project` that is no folder. */
  constructor(options: RootOptions) {
    this.root = findRoot(options)
    this.#cwd = options.cwd
  }

  /** The tables that the migrations in cql/ describe. */
  get catalogue(): Catalogue {
    this.#catalogue ??= loadMigrations(readCqlFiles(join(this.root, 'cql'), this.#cwd))
    return this.#catalogue
  }

  /** The schemas in schemas/; read once. */
  registry(): Promise<DirectoryRegistry> {
    this.#registry ??= this.#openRegistry()
    return this.#registry
  }

  /** The same, or undefined where the project has no schemas/. */
  async registryIfAny(): Promise<DirectoryRegistry | undefined> {
    return existsSync(join(this.root, 'schemas')) ? this.registry() : undefined
  }

  /** The names of the named reads in cql/queries/. */
  readNames(): string[] {
    return cqlNames(join(this.root, 'cql', 'queries')).map((name) => name.slice(0, -'.cql'.length))
  }

  /** One named read. Throws QUERY_REFUSED, with the name that was probably meant. */
  namedRead(name: string): NamedRead {
    const names = this.readNames()
    if (!names.includes(name)) {
      throw permanentError(
        'QUERY_REFUSED',
        `There is no named read "${name}" in cql/queries/${suggestion(name, names)}`,
      )
    }
    const { path, text } = readCqlFile(join(this.root, 'cql', 'queries', `${name}.cql`), this.#cwd)
    return parseNamedRead(path, text, this.catalogue)
  }

  async #openRegistry(): Promise<DirectoryRegistry> {
    needSchemas(this.root)
    const folder = join(this.root, 'schemas')
    const { openDirectoryRegistry } = await import('../../engine/avro/directory-registry.ts')
    // Relative where that is the same, since errors show it.
    return openDirectoryRegistry(this.#cwd === process.cwd() ? shownPath(folder, this.#cwd) : folder)
  }
}
