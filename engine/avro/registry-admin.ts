import { fatalError, kindOf, sentenceOf } from '../errors.ts'
import { RegistryClient } from './registry-client.ts'
import { RegistryIds } from './registry-ids.ts'
import { defaultTuning, type RegistrySettings, type RegistryTuning } from './registry-settings.ts'
import type { Schema } from './schema.ts'

/** A version that a subject has. */
export interface RegistryVersion {
  readonly version: number
  readonly id: number
  /** Absent where it is no Avro, or cannot be read: `trouble` says why. */
  readonly schema?: Schema
  readonly trouble?: string
}

/** What a registry says to a new version: compatible or not, with its reasons; undefined where it cannot be asked. */
export type RegistryOpinion = { readonly compatible: boolean; readonly reason: string } | undefined

/**
 * The subjects of a registry, for whoever answers for them. What a registry of Confluent's API need not have (levels,
 * opinions) is undefined where it is missing. Throws as {@link RegistryClient} does.
 */
export class RegistryAdmin {
  readonly #client: RegistryClient
  readonly #ids: RegistryIds

  /** @throws CONFIG_INVALID (fatal) for settings that contradict themselves. */
  constructor(settings: RegistrySettings, tuning: Partial<RegistryTuning> = {}) {
    const whole = { ...defaultTuning, ...tuning }
    this.#client = new RegistryClient(settings, whole)
    this.#ids = new RegistryIds(this.#client, undefined, whole)
  }

  /** Without credentials, for sentences. */
  get shown(): string {
    return this.#client.shown
  }

  /** The names of all subjects, sorted. */
  async subjects(): Promise<string[]> {
    return (await this.#client.subjects()).sort()
  }

  /** The versions of a subject, oldest first; none where there is no such subject. */
  async versions(subject: string): Promise<RegistryVersion[]> {
    const numbers = await this.#client.versions(subject)
    return Promise.all(numbers.map((number) => this.#version(subject, number)))
  }

  async #version(subject: string, number: number): Promise<RegistryVersion> {
    const stored = await this.#client.version(subject, number)
    if (stored === undefined) return { version: number, id: 0, trouble: 'it is gone meanwhile' }
    const { id, version } = stored
    try {
      return { version, id, schema: await this.#ids.adopt(id, stored) }
    } catch (error) {
      if (kindOf(error) !== 'permanent') throw error
      return { version, id, trouble: sentenceOf(error) }
    }
  }

  /** What a subject promises: its own level, or else that of the whole registry. Undefined where it has no such thing. */
  async level(subject: string): Promise<string | undefined> {
    const own = await this.#levelAt(`/config/${encodeURIComponent(subject)}`)
    return own ?? (await this.#levelAt('/config'))
  }

  async #levelAt(path: string): Promise<string | undefined> {
    const answer = await this.#client.ask({ method: 'GET', path, optional: true })
    if (answer.kind !== 'ok') return undefined
    const { compatibilityLevel, compatibility } = answer.json as Record<string, unknown>
    const level = compatibilityLevel ?? compatibility
    return typeof level === 'string' ? level : undefined
  }

  /** Sets what a subject promises; false where the registry has no such thing. */
  async setLevel(subject: string, level: string): Promise<boolean> {
    const path = `/config/${encodeURIComponent(subject)}`
    const body = JSON.stringify({ compatibility: level })
    const answer = await this.#client.ask({ method: 'PUT', path, body, optional: true })
    if (answer.kind === 'refused') {
      const what = `The schema registry ${this.shown} does not set the compatibility of ${subject} to ${level}`
      throw fatalError(
        'REGISTRY_REFUSED',
        `${what} (${answer.reason}): have it allow this user, or set it there.`,
      )
    }
    return answer.kind === 'ok'
  }

  /** What the registry would say to a schema as the next version, by the level that it has now. */
  async opinion(subject: string, schema: Schema): Promise<RegistryOpinion> {
    const base = `/compatibility/subjects/${encodeURIComponent(subject)}/versions`
    const body = JSON.stringify({ schema: JSON.stringify(schema.json) })
    // Karapace can be asked about a version alone, and means all of them where the level is transitive.
    for (const path of [`${base}?verbose=true`, `${base}/latest?verbose=true`]) {
      const answer = await this.#client.ask({ method: 'POST', path, body, optional: true })
      if (answer.kind === 'ok') return opinionIn(answer.json)
      if (answer.kind === 'refused' && answer.status === 422)
        return { compatible: false, reason: answer.reason }
    }
    return undefined
  }

  /** Makes a schema the newest version of a subject. Throws SCHEMA_REFUSED (fatal). Answers its id. */
  register(subject: string, schema: Schema): Promise<number> {
    return this.#client.register(subject, JSON.stringify(schema.json))
  }

  close(): void {
    this.#client.close()
  }
}

function opinionIn(json: unknown): RegistryOpinion {
  const { is_compatible: compatible, messages, reason } = json as Record<string, unknown>
  if (typeof compatible !== 'boolean') return undefined
  const said = Array.isArray(messages) ? messages.filter((one) => typeof one === 'string') : [reason]
  const text = said.filter((one): one is string => typeof one === 'string' && one !== '').join('; ')
  return { compatible, reason: text === '' ? 'without a reason' : text }
}
