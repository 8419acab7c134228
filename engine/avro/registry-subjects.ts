import { fatalError, kindOf, type MillraceError, sentenceOf } from '../errors.ts'
import type { RegistryClient, SubjectVersion } from './registry-client.ts'
import type { RegistryIds } from './registry-ids.ts'
import type { RegistrySettings, RegistryTuning } from './registry-settings.ts'
import { type RegisteredSchema, subjectOf } from './registry.ts'
import type { Schema } from './schema.ts'
import type { SchemaCache } from './schema-cache.ts'
import { nearest } from './suggest.ts'

/** The subject that producing uses. */
export function writerSubject(
  strategy: RegistrySettings['subjects'],
  topic: string,
  fullName: string,
): string {
  return strategy === 'record' ? subjectOf(topic, fullName) : `${topic}-value`
}

/** The subjects that a schema may be found under, the likeliest first; the last is that of all topics. */
export function readerSubjects(
  strategy: RegistrySettings['subjects'],
  topic: string | undefined,
  fullName: string,
): string[] {
  if (topic === undefined) return [fullName]
  const own = writerSubject(strategy, topic, fullName)
  const other = writerSubject(strategy === 'record' ? 'topic' : 'record', topic, fullName)
  return [own, other, fullName]
}

interface Latest {
  readonly registered: RegisteredSchema
  readonly askedAt: number
}

const mostVersions = 50

/** The subjects of a registry: their newest versions, and the ids of schemas in them. */
export class RegistrySubjects {
  readonly #client: RegistryClient
  readonly #ids: RegistryIds
  readonly #cache: SchemaCache | undefined
  readonly #settings: RegistrySettings
  readonly #tuning: RegistryTuning
  readonly #latest = new Map<string, Latest>()
  readonly #underWay = new Map<string, Promise<RegisteredSchema | undefined>>()
  readonly #written = new Map<string, Promise<number>>()

  constructor(
    parts: { client: RegistryClient; ids: RegistryIds; cache: SchemaCache | undefined },
    settings: RegistrySettings,
    tuning: RegistryTuning,
  ) {
    this.#client = parts.client
    this.#ids = parts.ids
    this.#cache = parts.cache
    this.#settings = settings
    this.#tuning = tuning
  }

  /**
   * The newest version of a subject; undefined where there is none. While the registry is away, the newest that was
   * known before.
   */
  latest(subject: string, refresh = false): Promise<RegisteredSchema | undefined> {
    const known = this.#latest.get(subject)
    const fresh = known !== undefined && this.#tuning.now() - known.askedAt < this.#tuning.latestMs
    if (fresh && !refresh) return Promise.resolve(known.registered)
    const asked = this.#underWay.get(subject) ?? this.#askLatest(subject, known)
    this.#underWay.set(subject, asked)
    return asked.finally(() => this.#underWay.delete(subject))
  }

  /** SCHEMA_NOT_FOUND (fatal), with the subject that was probably meant. */
  async notFound(wanted: string, subjects: readonly string[]): Promise<MillraceError> {
    const all = await this.#client.subjects().catch(() => [])
    const near = subjects.map((subject) => nearest(subject, all)).find((found) => found !== undefined)
    const hint = near === undefined ? ': register its schema first.' : `. Did you mean "${near}"?`
    const where = subjects.map((subject) => `"${subject}"`).join(' or ')
    return fatalError(
      'SCHEMA_NOT_FOUND',
      `There is no schema ${wanted}: the schema registry ${this.#client.shown} has no subject ${where}${hint}`,
      { facts: { subjects } },
    )
  }

  /**
   * The id of exactly this schema in a subject; registers it where the settings say so.
   *
   * @throws SCHEMA_NOT_FOUND, SCHEMA_REFUSED (fatal). While the registry is away, the id that was found before.
   */
  idOf(subject: string, schema: Schema): Promise<number> {
    const key = JSON.stringify([subject, schema.json])
    const known = this.#written.get(key)
    if (known !== undefined) return known
    const found = this.#idOf(subject, schema, key)
    this.#written.set(key, found)
    found.catch(() => this.#written.delete(key))
    return found
  }

  /** Makes a schema the newest version of a subject, whatever the settings say. */
  async register(subject: string, schema: Schema): Promise<number> {
    const id = await this.#client.register(subject, JSON.stringify(schema.json))
    this.#latest.delete(subject)
    await this.#cache?.write('writer', JSON.stringify([subject, schema.json]), id)
    return id
  }

  async #askLatest(subject: string, known: Latest | undefined): Promise<RegisteredSchema | undefined> {
    try {
      await this.#ids.checkCache()
      const version = await this.#client.version(subject, 'latest')
      if (version === undefined) return undefined
      const registered = await this.#register(subject, version)
      await this.#cache?.write('latest', subject, version.id)
      return registered
    } catch (error) {
      const before =
        kindOf(error) === 'downstream' ? (known?.registered ?? (await this.#kept(subject))) : undefined
      if (before === undefined) throw error
      this.#tuning.trouble(
        `The newest version of subject ${subject} is the one known before (schema id ${before.id}): ${sentenceOf(error)}`,
      )
      return before
    }
  }

  async #register(subject: string, version: SubjectVersion): Promise<RegisteredSchema> {
    const registered = { id: version.id, schema: await this.#ids.adopt(version.id, version) }
    this.#latest.set(subject, { registered, askedAt: this.#tuning.now() })
    return registered
  }

  async #kept(subject: string): Promise<RegisteredSchema | undefined> {
    const id = await this.#cache?.read('latest', subject)
    if (typeof id !== 'number') return undefined
    return { id, schema: await this.#ids.load(id) }
  }

  async #idOf(subject: string, schema: Schema, key: string): Promise<number> {
    try {
      await this.#ids.checkCache()
      const found = await this.#lookup(subject, schema)
      if (found === undefined && !this.#settings.register) throw this.#unregistered(subject, schema)
      if (found === undefined) return await this.register(subject, schema)
      await this.#cache?.write('writer', key, found)
      return found
    } catch (error) {
      const before = kindOf(error) === 'downstream' ? await this.#cache?.read('writer', key) : undefined
      if (typeof before !== 'number') throw error
      return before
    }
  }

  /**
   * As it is written; in normal form; and at last by comparing versions, newest first: some registries tell two
   * spellings of one schema apart, and documentation is no difference.
   */
  async #lookup(subject: string, schema: Schema): Promise<number | undefined> {
    const text = JSON.stringify(schema.json)
    const exact = await this.#client.lookup(subject, text, false)
    const found = exact ?? (await this.#client.lookup(subject, text, true))
    if (found !== undefined) return found
    const versions = await this.#client.versions(subject)
    for (const number of versions.reverse().slice(0, mostVersions)) {
      const version = await this.#client.version(subject, number)
      const same = version !== undefined && (await this.#isSame(version, schema))
      if (same) return version.id
    }
    return undefined
  }

  async #isSame(version: SubjectVersion, { contentId }: Schema): Promise<boolean> {
    try {
      return (await this.#ids.adopt(version.id, version)).contentId === contentId
    } catch (error) {
      if (kindOf(error) === 'permanent') return false
      throw error
    }
  }

  #unregistered(subject: string, schema: Schema): MillraceError {
    const what = `The schema ${schema.fullName} (${schema.source}) is no version of subject ${subject} in the schema registry ${this.#client.shown}`
    return fatalError(
      'SCHEMA_NOT_FOUND',
      `${what}: register it there, or let producing do so with registry.register: true in the environment file.`,
      { facts: { subject } },
    )
  }
}
