import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { createSecureContext } from 'node:tls'
import { fatalError, sentenceOf } from '../errors.ts'
import type { RegistrySettings, RegistryTls } from './registry-settings.ts'

/** What is asked of a registry. `path` begins with a slash and follows the base URL. */
export interface RegistryRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  /** JSON. */
  readonly body?: string
  /** Not every registry has it: a 404 that is not of the API's form says so. */
  readonly optional?: boolean
}

/** An answer as it came, whatever it says. */
export interface RegistryReply {
  readonly status: number
  readonly location: string | undefined
  readonly retryAfter: string | undefined
  readonly body: Buffer
}

/** The request took too long. */
export class RegistryTimeout extends Error {}

/** The answer is larger than it may be. */
export class RegistryAnswerTooLarge extends Error {}

/**
 * One node of a registry. Follows no redirects, keeps no connection open, and reads answers up to a limit. Proxies are
 * not used.
 *
 * Node's own HTTP client: `fetch` has no way to trust an authority of one's own without the package undici.
 */
export class RegistryEndpoint {
  /** Without credentials, for sentences. */
  readonly shown: string
  readonly #base: URL
  readonly #agent: HttpAgent
  readonly #settings: RegistrySettings
  readonly #limits: { readonly timeoutMs: number; readonly maxBytes: number }

  constructor(base: URL, settings: RegistrySettings, limits: { timeoutMs: number; maxBytes: number }) {
    this.#base = base
    this.shown = `${base.origin}${base.pathname}`.replace(/\/+$/, '')
    this.#settings = settings
    this.#limits = limits
    const secure = base.protocol === 'https:'
    this.#agent = secure ? new HttpsAgent(tlsOptions(settings.tls)) : new HttpAgent()
  }

  /** Rejects with RegistryTimeout, RegistryAnswerTooLarge, or the error of Node's client. */
  exchange(request: RegistryRequest): Promise<RegistryReply> {
    const signal = AbortSignal.timeout(this.#limits.timeoutMs)
    return new Promise<RegistryReply>((resolve, reject) => {
      const fail = (error: Error): void => {
        const late = new RegistryTimeout(`no answer within ${this.#limits.timeoutMs / 1000} s`)
        reject(signal.aborted ? late : error)
      }
      const send = this.#base.protocol === 'https:' ? httpsRequest : httpRequest
      const url = new URL(`${this.shown}${request.path}`)
      const options = { method: request.method, agent: this.#agent, signal, headers: this.#headers(request) }
      const sent = send(url, options, (response) => {
        this.#read(response).then(resolve, fail)
      })
      sent.on('error', fail)
      sent.end(request.body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  async #read(response: IncomingMessage): Promise<RegistryReply> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      // Leaving the loop closes the connection.
      if (size > this.#limits.maxBytes) {
        throw new RegistryAnswerTooLarge(`the answer is larger than ${this.#limits.maxBytes} bytes`)
      }
      chunks.push(chunk)
    }
    const { location, 'retry-after': retryAfter } = response.headers
    return { status: response.statusCode ?? 0, location, retryAfter, body: Buffer.concat(chunks) }
  }

  /** Secrets are asked for with each request: they may be renewed. */
  #headers({ body }: RegistryRequest): Record<string, string> {
    const { username, password, token } = this.#settings
    const basic = Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')
    return {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      'user-agent': 'millrace',
      ...(body !== undefined && {
        'content-type': 'application/vnd.schemaregistry.v1+json',
        'content-length': String(Buffer.byteLength(body)),
      }),
      ...(username !== undefined && { authorization: `Basic ${basic}` }),
      ...(token !== undefined && { authorization: `Bearer ${token.reveal()}` }),
    }
  }
}

function tlsOptions(tls: RegistryTls | undefined) {
  if (tls === undefined) return {}
  const identity = {
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.certificate !== undefined && { cert: tls.certificate }),
    ...(tls.key !== undefined && { key: tls.key.reveal() }),
    ...(tls.passphrase !== undefined && { passphrase: tls.passphrase.reveal() }),
  }
  try {
    createSecureContext(identity)
  } catch (error) {
    const what = sentenceOf(error)
    throw fatalError(
      'CONFIG_INVALID',
      `registry.tls cannot be used (${what}): give PEM texts, and a key that belongs to the certificate.`,
    )
  }
  return { ...identity, rejectUnauthorized: tls.verify }
}

/**
 * The nodes that settings name, in their order.
 *
 * @throws CONFIG_INVALID (fatal), in one sentence without secrets.
 */
export function registryEndpoints(
  settings: RegistrySettings,
  limits: { timeoutMs: number; maxBytes: number },
): RegistryEndpoint[] {
  const { username, password, token } = settings
  if (token !== undefined && (username !== undefined || password !== undefined)) {
    throw fatalError('CONFIG_INVALID', 'registry has a token and a username or password: give one of both.')
  }
  if (password !== undefined && username === undefined) {
    throw fatalError('CONFIG_INVALID', 'registry.password comes without a username: give both.')
  }
  return registryUrls(settings.url).map((url) => new RegistryEndpoint(url, settings, limits))
}

/** The URLs of a comma list. Throws CONFIG_INVALID (fatal). */
export function registryUrls(list: string): URL[] {
  const texts = list.split(',').map((text) => text.trim())
  return texts.map((text) => {
    const url = URL.parse(text)
    if (url === null || !['http:', 'https:'].includes(url.protocol)) {
      // What cannot be parsed is not shown: it may hold a password.
      throw fatalError(
        'CONFIG_INVALID',
        'registry.url is a list of http:// or https:// URLs, apart by commas.',
      )
    }
    if (url.username !== '' || url.password !== '') {
      throw fatalError(
        'CONFIG_INVALID',
        `registry.url (${url.host}) holds credentials: move them to registry.username and registry.password.`,
      )
    }
    return url
  })
}
