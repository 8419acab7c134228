import { MillraceError } from '../errors.ts'
import type { DirectoryRegistry } from './directory-registry.ts'
import { RegistryClient } from './registry-client.ts'
import type { RegistryCounts } from './registry-counts.ts'
import { registryUrls } from './registry-endpoint.ts'
import { RegistryIds } from './registry-ids.ts'
import { defaultTuning, type RegistrySettings, type RegistryTuning } from './registry-settings.ts'
import { readerSubjects, RegistrySubjects, writerSubject } from './registry-subjects.ts'
import { type RegisteredSchema, type SchemaRegistry, subjectOf } from './registry.ts'
import type { Schema } from './schema.ts'
import { SchemaCache } from './schema-cache.ts'

/** A schema registry in a server, with the schemas of a project beside it. */
export interface ServerRegistry extends SchemaRegistry {
  /** `refresh` asks again, also where the newest version is known well enough. */
  latest(subject: string, options?: { readonly refresh?: boolean }): Promise<RegisteredSchema>
  register(subject: string, schema: RegisteredSchema['schema']): Promise<number>
  /**
   * What values of a topic are read as: the project's own newest version of the record, for that is what its topology
   * was written for; without one, the newest in the registry. `name` is a record's full name, or a subject.
   *
   * The id of a schema from the project is negative: nothing is written with it.
   */
  readerOf(name: string, topic?: string): Promise<RegisteredSchema>
  /**
   * What values for a topic are written with: the project's newest version of the record, with the id that the
   * registry has for just this schema under the topic's subject (or that of the topic that the project keeps it for); without
   * one, the newest in the registry. Without `topic`, the one in whose folder the schema lies.
   */
  writerOf(name: string, topic?: string): Promise<RegisteredSchema>
  /**
   * Finds out whether what is at the registry's address is one and lets this client in, unless it has shown that. Throws as
   * the others do.
   */
  check(name: string, topic?: string): Promise<void>
  /** What was asked of it since it was opened. */
  readonly counts: RegistryCounts
  close(): void
}

/**
 * The registry of a cluster, over the Confluent API. Resolves also while the registry is away: what is needed may be on
 * disk, or comes later (REGISTRY_UNAVAILABLE, downstream).
 *
 * @param files  the schemas of the project, if it has any
 * @throws CONFIG_INVALID (fatal) for settings that contradict themselves; REGISTRY_REFUSED (fatal) where the registry
 * denies access or is none.
 */
export async function openRegistry(
  settings: RegistrySettings,
  files: DirectoryRegistry | undefined,
  tuning: Partial<RegistryTuning> = {},
): Promise<ServerRegistry> {
  const whole = { ...defaultTuning, ...tuning }
  const client = new RegistryClient(settings, whole)
  const identity = registryUrls(settings.url).map(({ href }) => href.replace(/\/+$/, ''))
  const cache =
    settings.cache === undefined
      ? undefined
      : new SchemaCache(settings.cache, identity.sort().join(','), whole.trouble)
  const ids = new RegistryIds(client, cache, whole)
  try {
    await ids.checkCache()
  } catch (error) {
    client.close()
    throw error
  }
  const subjects = new RegistrySubjects({ client, ids, cache }, settings, whole)
  return serverRegistry({ client, ids, subjects, files, strategy: settings.subjects })
}

interface Parts {
  readonly client: RegistryClient
  readonly ids: RegistryIds
  readonly subjects: RegistrySubjects
  readonly files: DirectoryRegistry | undefined
  readonly strategy: RegistrySettings['subjects']
}

function serverRegistry(parts: Parts): ServerRegistry {
  const { client, ids, subjects } = parts
  return {
    byId: (id) => ids.byId(id),
    load: (id) => ids.load(id),
    refusal: (id) => ids.refusal(id),
    async latest(subject, { refresh = false } = {}) {
      const found = await subjects.latest(subject, refresh)
      if (found !== undefined) return found
      throw await subjects.notFound(subject, [subject])
    },
    register: (subject, schema) => subjects.register(subject, schema),
    readerOf: (name, topic) => readerOf(parts, name, topic),
    writerOf: (name, topic) => writerOf(parts, name, topic),
    async check(name, topic) {
      const [subject = name] = readerSubjects(parts.strategy, topic, name)
      if (!client.proven) await client.version(subject, 'latest')
    },
    counts: client.counts,
    close: () => client.close(),
  }
}

async function readerOf(parts: Parts, name: string, topic: string | undefined): Promise<RegisteredSchema> {
  const own = await ownSchema(parts.files, name, topic)
  if (own !== undefined) return { id: -own.registered.schema.contentId, schema: own.registered.schema }
  return newestOf(parts, name, topic, readerSubjects(parts.strategy, topic, name))
}

async function writerOf(parts: Parts, name: string, topic: string | undefined): Promise<RegisteredSchema> {
  const own = await ownSchema(parts.files, name, topic)
  if (own !== undefined) {
    const { schema } = own.registered
    const subjectIn = (where: string): string => writerSubject(parts.strategy, where, schema.fullName)
    return { id: await idAmong(parts, schema, subjectIn(topic ?? own.topic), subjectIn(own.topic)), schema }
  }
  const subject = topic === undefined ? name : writerSubject(parts.strategy, topic, name)
  return newestOf(parts, name, topic, [subject])
}

/**
 * The id of a schema in its subject. Another topic's records may be written too, whose schema is kept where it is from: what was
 * released there, and in no subject of that topic, has the same id.
 */
async function idAmong(
  { subjects }: Parts,
  schema: Schema,
  subject: string,
  origin: string,
): Promise<number> {
  try {
    return await subjects.idOf(subject, schema)
  } catch (error) {
    if (origin === subject || !isNotFound(error)) throw error
    return subjects.idOf(origin, schema).catch((other: unknown) => {
      throw isNotFound(other) ? error : other
    })
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'SCHEMA_NOT_FOUND'
}

/** The newest version of the first subject that is there and holds the record. */
async function newestOf(
  { subjects }: Parts,
  name: string,
  topic: string | undefined,
  candidates: readonly string[],
): Promise<RegisteredSchema> {
  for (const subject of candidates) {
    const found = await subjects.latest(subject)
    if (found !== undefined && (topic === undefined || found.schema.fullName === name)) return found
  }
  throw await subjects.notFound(name, candidates)
}

/** The newest version of a record in the project: of that topic, or else of the only topic that has it. */
async function ownSchema(files: DirectoryRegistry | undefined, name: string, topic: string | undefined) {
  const named = files?.files().filter(({ schema }) => schema.fullName === name) ?? []
  const [first] = named
  if (files === undefined || first === undefined) return undefined
  const inTopic = topic !== undefined && named.some((file) => file.topic === topic)
  const registered = await files.latest(inTopic ? subjectOf(topic, name) : name)
  return { registered, topic: inTopic ? topic : first.topic }
}
