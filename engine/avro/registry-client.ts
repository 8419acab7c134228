import { downstreamError, fatalError, permanentError, type MillraceError } from '../errors.ts'
import { judgeFailure, judgeReply, type RegistryAnswer } from './registry-answers.ts'
import { RegistryCounts } from './registry-counts.ts'
import { registryEndpoints, type RegistryEndpoint, type RegistryRequest } from './registry-endpoint.ts'
import type { RegistrySettings, RegistryTuning } from './registry-settings.ts'

/** A schema as a registry holds it. */
export interface StoredSchema {
  /** `AVRO`, `JSON`, `PROTOBUF` … */
  readonly type: string
  /** The schema's own text: JSON, for Avro. */
  readonly text: string
  readonly references: readonly SchemaReference[]
}

/** Another subject's version that a schema takes names from. */
export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A version of a subject. */
export interface SubjectVersion extends StoredSchema {
  readonly id: number
  readonly version: number
}

// Garbage may ask for thousands of ids at once: those that wait here find out together that the registry is away.
const parallel = 8

interface Node {
  readonly endpoint: RegistryEndpoint
  /** It has answered as a registry does: what it answers otherwise later on will pass. */
  proven: boolean
  failures: number
  /** On the tuning's clock. */
  notBefore: number
  trouble: string
}

/**
 * The few calls of the Confluent API that are needed, over the nodes of one registry. A node that failed is left alone
 * for a while (doubled each time and shortened at random, or as its Retry-After says) and the next one is asked. There
 * are no retries inside a call: who asks again before a node may be asked gets its last trouble at once.
 *
 * Every call throws REGISTRY_UNAVAILABLE (downstream) while no node answers, with `retryInMs` in its facts, and
 * REGISTRY_REFUSED (fatal) where it is denied or what answers is no registry. `undefined` = there is no such thing.
 */
export class RegistryClient {
  readonly #nodes: readonly Node[]
  readonly #settings: RegistrySettings
  readonly #tuning: RegistryTuning
  readonly counts: RegistryCounts
  /** The node that answered last is asked first. */
  #first = 0
  readonly #slots = new Slots(parallel)

  /** @throws CONFIG_INVALID (fatal) */
  constructor(settings: RegistrySettings, tuning: RegistryTuning) {
    this.#settings = settings
    this.#tuning = tuning
    this.#nodes = registryEndpoints(settings, tuning).map((endpoint) => ({
      endpoint,
      proven: false,
      failures: 0,
      notBefore: 0,
      trouble: '',
    }))
    this.counts = new RegistryCounts(this.shown, tuning.now)
  }

  /** Without credentials, for sentences. */
  get shown(): string {
    return this.#nodes.map(({ endpoint }) => endpoint.shown).join(', ')
  }

  /** True once a node has answered as a registry does. */
  get proven(): boolean {
    return this.#nodes.some(({ proven }) => proven)
  }

  async schemaById(id: number): Promise<StoredSchema | undefined> {
    const json = await this.#get(`/schemas/ids/${id}`)
    return json === undefined ? undefined : this.#stored(json)
  }

  /** Deleted versions are found too, where they are asked for by number: other schemas may refer to them. */
  async version(subject: string, version: number | 'latest'): Promise<SubjectVersion | undefined> {
    const deleted = version === 'latest' ? '' : '?deleted=true'
    const json = await this.#get(`${subjectPath(subject)}/versions/${version}${deleted}`)
    if (json === undefined) return undefined
    return {
      ...this.#stored(json),
      id: this.#integer(json, 'id'),
      version: this.#integer(json, 'version'),
    }
  }

  /** The numbers of the versions of a subject, oldest first; none where there is no such subject. */
  async versions(subject: string): Promise<number[]> {
    const json = await this.#get(`${subjectPath(subject)}/versions`)
    if (!Array.isArray(json)) return []
    return json.filter((version): version is number => Number.isInteger(version)).sort((a, b) => a - b)
  }

  /** The names of all subjects. */
  async subjects(): Promise<string[]> {
    const json = await this.#get('/subjects')
    return Array.isArray(json) ? json.filter((name): name is string => typeof name === 'string') : []
  }

  /** The id of exactly this schema under the subject; normalized, two spellings of one schema are the same. */
  async lookup(subject: string, text: string, normalize: boolean): Promise<number | undefined> {
    const path = `${subjectPath(subject)}?normalize=${normalize}`
    const answer = await this.ask({ method: 'POST', path, body: JSON.stringify({ schema: text }) })
    if (answer.kind === 'missing') return undefined
    if (answer.kind === 'ok') return this.#integer(answer.json, 'id')
    // Some registries refuse to look up what they could not register.
    return undefined
  }

  /**
   * Makes a schema the newest version of a subject; one that it has already keeps its id.
   *
   * @throws SCHEMA_REFUSED (fatal) with the registry's reasons: incompatible, invalid, read-only.
   */
  async register(subject: string, text: string): Promise<number> {
    const path = `${subjectPath(subject)}/versions?normalize=true`
    const answer = await this.ask({ method: 'POST', path, body: JSON.stringify({ schema: text }) })
    if (answer.kind === 'ok') return this.#integer(answer.json, 'id')
    throw registerRefused(this.shown, subject, answer)
  }

  close(): void {
    for (const { endpoint } of this.#nodes) endpoint.close()
  }

  async #get(path: string): Promise<unknown> {
    const answer = await this.ask({ method: 'GET', path })
    if (answer.kind === 'ok') return answer.json
    if (answer.kind === 'missing') return undefined
    throw fatalError(
      'REGISTRY_REFUSED',
      `The schema registry ${this.shown} refused GET ${path} (${answer.reason}): it must speak Confluent’s API.`,
    )
  }

  /** Asks the nodes one after the other until one gives an answer to go by: `ok`, `missing` or `refused`. Some at a time. */
  async ask(request: RegistryRequest) {
    await this.#slots.take()
    try {
      return await this.#askNodes(request)
    } finally {
      this.#slots.give()
    }
  }

  async #askNodes(request: RegistryRequest) {
    for (let tried = 0; tried < this.#nodes.length; tried++) {
      const index = (this.#first + tried) % this.#nodes.length
      const node = this.#nodes[index]!
      if (this.#tuning.now() < node.notBefore) continue
      const answer = await this.#askNode(node, request)
      if (answer.kind === 'ok' || answer.kind === 'missing' || answer.kind === 'refused') {
        this.#first = index
        return answer
      }
    }
    throw this.#unavailable()
  }

  /** Throws for a node that is no registry, or denies; remembers the trouble of one that is away. */
  async #askNode(node: Node, request: RegistryRequest): Promise<RegistryAnswer> {
    // What is no registry at all has no calls that it lacks.
    const optional = request.optional === true && node.proven
    const answer = await node.endpoint
      .exchange(request)
      .then((reply) => judgeReply(reply, { optional }), judgeFailure)
    this.counts.ended(answer.kind)
    const at = node.endpoint.shown
    switch (answer.kind) {
      case 'denied':
        throw fatalError('REGISTRY_REFUSED', this.#denied(at, answer.reason))
      case 'large': {
        const what = `The schema registry ${at} answered ${request.method} ${request.path}, but ${answer.reason}`
        throw permanentError('AVRO_SCHEMA_INVALID', `${what}: a schema of that size is not read.`)
      }
      case 'away':
        this.#leaveAlone(node, answer.reason, answer.retryAfterMs)
        return answer
      case 'stranger':
      case 'distrusted':
        if (!node.proven) throw fatalError('REGISTRY_REFUSED', unusable(at, answer))
        this.#leaveAlone(node, answer.reason, undefined)
        return answer
      default:
        Object.assign(node, { proven: true, failures: 0, notBefore: 0 })
        return answer
    }
  }

  #leaveAlone(node: Node, reason: string, retryAfterMs: number | undefined): void {
    const { backoffMs, now, random } = this.#tuning
    // Requests that were under way together fail together, and count once.
    if (now() >= node.notBefore) node.failures++
    const longest = Math.min(backoffMs[1], backoffMs[0] * 2 ** (node.failures - 1))
    // Workers that lost the registry together do not come back together.
    node.notBefore = now() + Math.max(retryAfterMs ?? 0, longest * (0.5 + random() / 2))
    node.trouble = `${node.endpoint.shown}: ${reason}`
  }

  #unavailable(): MillraceError {
    const troubles = this.#nodes.map(({ trouble }) => trouble).filter((trouble) => trouble !== '')
    const retryInMs = Math.min(...this.#nodes.map(({ notBefore }) => notBefore)) - this.#tuning.now()
    return downstreamError(
      'REGISTRY_UNAVAILABLE',
      `The schema registry does not answer (${troubles.join('; ')}): it will be asked again.`,
      { facts: { retryInMs: Math.max(0, Math.ceil(retryInMs)) } },
    )
  }

  #denied(at: string, reason: string): string {
    const { username, token } = this.#settings
    const what = `The schema registry ${at} denies access (${reason})`
    if (reason.includes('ALERT')) return `${what}: give registry.tls a certificate and key that it trusts.`
    return username === undefined && token === undefined
      ? `${what}: give registry.username and registry.password, or registry.token.`
      : `${what}: correct registry.username and registry.password, or registry.token, or have it allow this user.`
  }

  #stored(json: unknown): StoredSchema {
    const { schema, schemaType = 'AVRO', references } = objectOf(json)
    if (typeof schema !== 'string' || typeof schemaType !== 'string') throw this.#unreadable('a schema')
    const list = Array.isArray(references) ? references : []
    return { type: schemaType, text: schema, references: list.map((one) => this.#reference(one)) }
  }

  #reference(json: unknown): SchemaReference {
    const { name, subject } = objectOf(json)
    if (typeof name !== 'string' || typeof subject !== 'string') throw this.#unreadable('a reference')
    return { name, subject, version: this.#integer(json, 'version') }
  }

  #integer(json: unknown, name: string): number {
    const value = objectOf(json)[name]
    if (typeof value === 'number' && Number.isInteger(value)) return value
    throw this.#unreadable(`"${name}"`)
  }

  #unreadable(what: string): MillraceError {
    return permanentError(
      'REGISTRY_REFUSED',
      `The schema registry ${this.shown} answered without ${what}: it must speak Confluent’s API.`,
    )
  }
}

/** Lets a number of holders in at once, the others in the order in which they came. */
class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

function subjectPath(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}`
}

function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
}

function unusable(at: string, { kind, reason }: RegistryAnswer & { readonly reason: string }): string {
  if (kind === 'distrusted') {
    return `The certificate of the schema registry ${at} cannot be trusted (${reason}): give its authority as registry.tls.ca, and the host by the name that the certificate is made for.`
  }
  return `What answers at registry.url ${at} is no schema registry (${reason}): give the base of the Confluent API itself; Apicurio’s ends in /apis/ccompat/v7.`
}

function registerRefused(shown: string, subject: string, answer: RegistryAnswer): MillraceError {
  const reason = 'reason' in answer ? answer.reason : answer.kind
  const incompatible = answer.kind === 'refused' && answer.status === 409
  const what = incompatible ? 'is not compatible with the versions there' : 'was refused'
  const remedy = incompatible
    ? 'change it so that it is, or write it to another subject.'
    : 'correct it, or have the registry allow it.'
  return fatalError(
    'SCHEMA_REFUSED',
    `The new version of subject ${subject} ${what}, says the schema registry ${shown} (${reason}): ${remedy}`,
    { facts: { subject } },
  )
}
