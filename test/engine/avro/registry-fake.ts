// A registry in this process, for what a real one cannot be made to do: errors, delays, nonsense, counting.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { RegistrySettings, RegistryTuning } from '../../../engine/avro/registry-settings.ts'

/** A request as it came. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: unknown
}

/** Status, body (JSON unless it is text) and headers. `undefined` = as a registry would. */
export type FakeAnswer =
  { status: number; body?: unknown; headers?: Record<string, string> } | 'hang' | 'cut' | undefined

interface FakeSchema {
  readonly schema: string
  readonly schemaType?: string | undefined
  readonly references?: readonly object[] | undefined
}

export class FakeRegistry {
  readonly seen: SeenRequest[] = []
  /** What it answers instead. */
  answer: (request: SeenRequest) => FakeAnswer = () => undefined
  readonly #schemas: FakeSchema[] = []
  readonly #subjects = new Map<string, number[]>()
  readonly #server
  readonly #sockets = new Set<Socket>()
  readonly #scheme: string

  private constructor(tls?: ServerOptions) {
    const handle = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#handle(request, response)
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async open(tls?: ServerOptions): Promise<FakeRegistry> {
    const fake = new FakeRegistry(tls)
    await fake.listen(0)
    return fake
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `${this.#scheme}://localhost:${this.port}`
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /** Adds a version; answers its id. */
  add(subject: string, schema: unknown, more: Omit<FakeSchema, 'schema'> = {}): number {
    const stored = { schema: typeof schema === 'string' ? schema : JSON.stringify(schema), ...more }
    const known = this.#schemas.findIndex((other) => JSON.stringify(other) === JSON.stringify(stored)) + 1
    const id = known > 0 ? known : this.#schemas.push(stored)
    this.#subjects.set(subject, [...(this.#subjects.get(subject) ?? []), id])
    return id
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await text(request)
    const seen: SeenRequest = {
      method: request.method!,
      path: request.url!,
      authorization: request.headers.authorization,
      body: raw === '' ? undefined : JSON.parse(raw),
    }
    this.seen.push(seen)
    const answer = this.answer(seen) ?? this.#asRegistry(seen)
    if (answer === 'hang') return
    if (answer === 'cut') return void request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
  }

  #asRegistry({ method, path, body }: SeenRequest): Exclude<FakeAnswer, string | undefined> {
    const [, first, second, third, number] = path.split('?')[0]!.split('/').map(decodeURIComponent)
    if (first === 'schemas') return this.#byId(Number(third))
    if (second === undefined) return { status: 200, body: [...this.#subjects.keys()] }
    const ids = this.#subjects.get(second)
    if (method === 'POST')
      return this.#post(second, third === 'versions', (body as { schema: string }).schema)
    if (ids === undefined) return missing(40401)
    if (number === undefined) return { status: 200, body: ids.map((_, index) => index + 1) }
    const version = number === 'latest' ? ids.length : Number(number)
    const id = ids[version - 1]
    if (id === undefined) return missing(40402)
    return { status: 200, body: { subject: second, version, id, ...this.#schemas[id - 1] } }
  }

  #post(subject: string, register: boolean, schema: string): Exclude<FakeAnswer, string | undefined> {
    if (register) return { status: 200, body: { id: this.add(subject, schema) } }
    const ids = this.#subjects.get(subject)
    if (ids === undefined) return missing(40401)
    const id = ids.find((one) => this.#schemas[one - 1]!.schema === schema)
    return id === undefined ? missing(40403) : { status: 200, body: { subject, id, version: 1, schema } }
  }

  #byId(id: number): Exclude<FakeAnswer, string | undefined> {
    const schema = this.#schemas[id - 1]
    return schema === undefined ? missing(40403) : { status: 200, body: schema }
  }
}

function missing(code: number): Exclude<FakeAnswer, string | undefined> {
  return { status: 404, body: { error_code: code, message: 'not here' } }
}

/** A clock that only moves when it is told to, and no chance. */
export function fakeTuning(more: Partial<RegistryTuning> = {}) {
  const state = { now: 1000, troubles: [] as string[] }
  const tuning: Partial<RegistryTuning> = {
    now: () => state.now,
    random: () => 1,
    trouble: (sentence) => state.troubles.push(sentence),
    ...more,
  }
  return { state, tuning }
}

/** Settings that name a registry and nothing else. */
export function settingsFor(url: string, more: Partial<RegistrySettings> = {}): RegistrySettings {
  return { url, subjects: 'record', register: false, ...more }
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error === undefined) throw new Error('it was not rejected')
  return error as { code: string; kind: string; message: string; facts: Record<string, unknown> }
}
