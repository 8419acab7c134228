import { fatalError, kindOf, MillraceError, permanentError, sentenceOf } from '../errors.ts'
import type { RegistryClient, SchemaReference, StoredSchema } from './registry-client.ts'
import { mergeReferences } from './registry-references.ts'
import type { RegistryTuning } from './registry-settings.ts'
import { UnknownIds } from './registry-unknown-ids.ts'
import { type Schema, schemaFrom } from './schema.ts'
import type { SchemaCache } from './schema-cache.ts'

const mostReferences = 500
const mostRefusals = 10_000

/** What is kept of an id on disk: the text as the registry has it, and the schema with its references in it. */
interface KeptSchema {
  readonly text: string
  readonly schema: unknown
}

/**
 * The schemas of a registry by id. What was found stays in memory and on disk for ever: an id never changes its meaning
 * within one registry. Each id is asked for once at a time.
 *
 * Before the cache on disk is trusted, three of its ids are compared with the registry's, as soon as that answers: a
 * registry that was set up anew gives the same ids to other schemas.
 */
export class RegistryIds {
  readonly #client: RegistryClient
  readonly #cache: SchemaCache | undefined
  readonly #tuning: RegistryTuning
  readonly #schemas = new Map<number, Schema>()
  readonly #underWay = new Map<number, Promise<Schema>>()
  /** Ids whose schema can't be used, whoever asks. */
  readonly #refusals = new Map<number, MillraceError>()
  readonly #references = new Map<string, Promise<StoredSchema>>()
  readonly #unknown: UnknownIds
  #check: Promise<void> | undefined
  #checked = false
  #tookUnchecked = false

  constructor(client: RegistryClient, cache: SchemaCache | undefined, tuning: RegistryTuning) {
    this.#client = client
    this.#cache = cache
    this.#tuning = tuning
    this.#unknown = new UnknownIds(tuning)
  }

  byId(id: number): Schema | undefined {
    return this.#schemas.get(id)
  }

  /** Why values with this id can't be decoded, where that is known and final for now. */
  refusal(id: number): MillraceError | undefined {
    return this.#refusals.get(id) ?? this.#unknown.refusal(id)
  }

  /** See SchemaRegistry.load. Throws SCHEMA_UNSUPPORTED and AVRO_SCHEMA_INVALID (permanent) as well. */
  load(id: number): Promise<Schema> {
    const known = this.#schemas.get(id)
    if (known !== undefined) {
      this.#client.counts.hits.memory++
      return Promise.resolve(known)
    }
    const underWay = this.#underWay.get(id) ?? this.#load(id).finally(() => this.#underWay.delete(id))
    this.#underWay.set(id, underWay)
    return underWay
  }

  /** The schema of an id whose text came with something else, such as a subject's version. */
  async adopt(id: number, stored: StoredSchema): Promise<Schema> {
    return this.#schemas.get(id) ?? (await this.#keep(id, stored))
  }

  /** Compares the cache on disk with the registry, once. Resolves while the registry is away. Throws a fatal error. */
  async checkCache(): Promise<void> {
    if (this.#checked || this.#cache === undefined) return
    this.#check ??= this.#compare(this.#cache).finally(() => (this.#check = undefined))
    await this.#check
  }

  async #load(id: number): Promise<Schema> {
    const refused = this.#refusals.get(id) ?? this.#unknown.standing(id)
    if (refused !== undefined) throw refused
    await this.checkCache()
    const kept = await this.#fromDisk(id)
    if (kept !== undefined) return kept
    const stored = await this.#refusable(id, () => this.#client.schemaById(id))
    if (stored === undefined) throw this.#unknown.missing(id)
    this.#unknown.found(id)
    return this.#keep(id, stored)
  }

  async #fromDisk(id: number): Promise<Schema | undefined> {
    const kept = (await this.#cache?.read('id', String(id))) as KeptSchema | undefined
    if (kept === undefined) return undefined
    try {
      const schema = schemaFrom(kept.schema, `schema id ${id}`)
      this.#tookUnchecked ||= !this.#checked
      this.#schemas.set(id, schema)
      this.#client.counts.hits.disk++
      return schema
    } catch {
      // A later version of the parser may refuse what an earlier one kept: the registry decides.
      return undefined
    }
  }

  async #keep(id: number, stored: StoredSchema): Promise<Schema> {
    const schema = await this.#refusable(id, () => this.#parse(id, stored))
    this.#schemas.set(id, schema)
    const kept: KeptSchema = { text: stored.text, schema: schema.json }
    await this.#cache?.write('id', String(id), kept)
    return schema
  }

  /** What goes wrong with the schema of one id is a verdict on the values that carry it, and stops nothing else. */
  async #refusable<Result>(id: number, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (kindOf(error) === 'downstream') throw error
      if (error instanceof MillraceError && error.code === 'REGISTRY_REFUSED' && error.kind === 'fatal')
        throw error
      const code = error instanceof MillraceError ? error.code : 'AVRO_SCHEMA_INVALID'
      const message =
        error instanceof MillraceError ? error.message : `schema id ${id}: ${sentenceOf(error)}.`
      const refusal = permanentError(code, message, { facts: { id } })
      if (this.#refusals.size < mostRefusals) this.#refusals.set(id, refusal)
      throw refusal
    }
  }

  async #parse(id: number, stored: StoredSchema): Promise<Schema> {
    const source = `schema id ${id}`
    if (stored.type !== 'AVRO') {
      const what = `The ${source} of ${this.#client.shown} is ${stored.type}`
      throw permanentError(
        'SCHEMA_UNSUPPORTED',
        `${what}: only Avro is read, so write these values with Avro.`,
      )
    }
    const json = JSON.parse(stored.text) as unknown
    const others = await this.#referenced(stored.references, source)
    return schemaFrom(others.length === 0 ? json : mergeReferences(json, others), source)
  }

  /** The schemas that these references name, and those that they refer to in turn. */
  async #referenced(references: readonly SchemaReference[], source: string): Promise<unknown[]> {
    const seen = new Set<string>()
    const found: unknown[] = []
    const open = [...references]
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const key = JSON.stringify([next.subject, next.version])
      if (seen.has(key)) continue
      if (seen.add(key).size > mostReferences)
        throw new Error(`it refers to more than ${mostReferences} schemas`)
      const stored = await this.#reference(key, next, source)
      found.push(JSON.parse(stored.text))
      open.push(...stored.references)
    }
    return found
  }

  #reference(key: string, { subject, version }: SchemaReference, source: string): Promise<StoredSchema> {
    const known = this.#references.get(key)
    if (known !== undefined) return known
    const asked = this.#client.version(subject, version).then((stored) => {
      if (stored !== undefined) return stored
      const what = `The ${source} refers to version ${version} of subject ${subject}`
      throw permanentError(
        'AVRO_SCHEMA_INVALID',
        `${what}, which is not in ${this.#client.shown}: restore it there.`,
      )
    })
    this.#references.set(key, asked)
    asked.catch(() => this.#references.delete(key))
    return asked
  }

  async #compare(cache: SchemaCache): Promise<void> {
    const ids = await cache.ids()
    const sample = new Set([ids[0], ids[ids.length >> 1], ids.at(-1)].filter((id) => id !== undefined))
    let same = 0
    let other = sample.size > 0
    for (const id of sample) {
      const kept = (await cache.read('id', String(id))) as KeptSchema | undefined
      if (kept === undefined) continue
      const stored = await this.#storedNow(id)
      if (stored === 'away') return
      if (stored === undefined) continue
      if (!sameJson(stored.text, kept.text)) return this.#isAnother(cache)
      same++
    }
    other &&= same === 0
    if (other) return this.#isAnother(cache)
    this.#checked = true
  }

  async #storedNow(id: number): Promise<StoredSchema | 'away' | undefined> {
    try {
      return await this.#client.schemaById(id)
    } catch (error) {
      if (kindOf(error) === 'downstream') return 'away'
      if (kindOf(error) === 'permanent') return undefined
      throw error
    }
  }

  async #isAnother(cache: SchemaCache): Promise<void> {
    await cache.clear()
    this.#checked = true
    const what = `The schema registry ${this.#client.shown} gives other schemas to the ids that were kept on disk, as one does that was set up anew`
    if (this.#tookUnchecked) {
      throw fatalError('SCHEMA_REGISTRY_INVALID', `${what}: what was kept is deleted now, so start again.`)
    }
    this.#tuning.trouble(`${what}: what was kept is deleted.`)
  }
}

function sameJson(left: string, right: string): boolean {
  try {
    return JSON.stringify(JSON.parse(left)) === JSON.stringify(JSON.parse(right))
  } catch {
    return false
  }
}
