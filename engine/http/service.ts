import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Authenticator } from '../access/authenticator.ts'
import type { Identity } from '../access/identity.ts'
import { MillraceError } from '../errors.ts'
import { Gate, type TurnedAway } from './gate.ts'
import { listenError, makeServer } from './listen.ts'
import { problemOf } from './problem-of.ts'
import { HttpProblem, problemBody } from './problem.ts'
import type { Route } from './route.ts'
import { RouteRunner } from './route-runner.ts'
import type { ServerSettings } from './settings.ts'

/** One request that was answered, for the log: no values, no credentials. */
export interface RequestLine {
  readonly requestId: string
  /** The route's name; undefined where there is none. */
  readonly route: string | undefined
  readonly method: string
  readonly status: number
  readonly ms: number
  readonly from: string
  readonly who: Identity | undefined
}

export interface ServiceOptions {
  readonly settings: ServerSettings
  readonly routes: readonly Route[]
  readonly door: Authenticator
  /** Only requests for this machine by its local names are taken: a page in a browser cannot make it answer by another one. */
  readonly localNamesOnly: boolean
  readonly now?: () => number
  /** Told of each request that was answered. */
  readonly answered: (line: RequestLine) => void
  /** Told of somebody who is not let in, before they are. */
  readonly turnedAway: (one: TurnedAway, route: Route, from: string, requestId: string) => Promise<void>
  /** Told of a defect. */
  readonly defect: (error: unknown, requestId: string) => void
}

/** A service that listens. */
export interface Service {
  readonly url: string
  readonly port: number
  /** Takes nothing more in, and ends when what is under way is answered, or after `patienceMs`. */
  close(patienceMs: number): Promise<void>
}

/** Begins to serve routes. Rejects with CONFIG_INVALID for an address or certificate that cannot be used. */
export async function serve(options: ServiceOptions): Promise<Service> {
  const { settings } = options
  const app = makeApp(options)
  try {
    await app.listen({ host: settings.host, port: settings.port })
  } catch (error) {
    throw error instanceof MillraceError ? error : listenError(error as NodeJS.ErrnoException, settings)
  }
  const { port } = app.server.address() as AddressInfo
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  const scheme = settings.tls === undefined ? 'http' : 'https'
  return { url: `${scheme}://${host}:${port}`, port, close: (patienceMs) => close(app, patienceMs) }
}

async function close(app: FastifyInstance, patienceMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), patienceMs)
  try {
    await app.close()
  } finally {
    clearTimeout(cut)
  }
}

function makeApp(options: ServiceOptions): FastifyInstance {
  const { settings, routes } = options
  const app = fastify({
    serverFactory: (handler) => makeServer(settings, handler),
    ...{ bodyLimit: settings.limits.body, handlerTimeout: settings.limits.time },
    trustProxy: settings.proxies.length === 0 ? false : [...settings.proxies],
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    frameworkErrors: (error, request, reply) => void send(reply, problemOf(error) ?? unreadable, request.id),
  })
  // JSON alone: what a page in a browser may send elsewhere without asking is refused.
  app.removeContentTypeParser('text/plain')
  const requests = new Requests(options)
  app.addHook('onSend', (request, reply, _payload, done) => {
    void reply.headers(securityHeaders(settings.tls !== undefined)).header('X-Request-Id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    requests.answered(request, reply)
    done()
  })
  app.setErrorHandler((error, request, reply) => requests.failed(error, request, reply))
  app.setNotFoundHandler((request, reply) => void send(reply, notFound(routes, request), request.id))
  for (const one of routes) requests.add(app, one)
  return app
}

const unreadable = new HttpProblem('BAD_REQUEST', 'The address of the request cannot be read.')

class Requests {
  readonly #options: ServiceOptions
  readonly #gate: Gate
  readonly #runner: RouteRunner
  readonly #identities = new WeakMap<FastifyRequest, Identity>()

  constructor(options: ServiceOptions) {
    const { settings, door, now = Date.now } = options
    const { perSecond, burst, failedLogins } = settings.limits
    this.#options = options
    this.#gate = new Gate(door, { requests: { perSecond, burst }, failedLogins }, now)
    this.#runner = new RouteRunner(now)
  }

  add(app: FastifyInstance, one: Route): void {
    app.route({
      method: one.method,
      url: one.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { name: one.id },
      // Before the body is read: strangers send none.
      onRequest: (request) => this.#admit(request, one),
      handler: async (request, reply) => {
        const { status, body, again } = await this.#runner.run(one, request, this.#identities.get(request))
        if (again) void reply.header('Idempotency-Replayed', 'true')
        return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
      },
    })
  }

  async #admit(request: FastifyRequest, one: Route): Promise<void> {
    const { localNamesOnly, turnedAway } = this.#options
    if (localNamesOnly && !isLocalName(request.headers.host))
      throw new HttpProblem(
        'FORBIDDEN',
        'Without identities, only this machine’s own names are served: use 127.0.0.1.',
      )
    if (one.scope === 'none') return
    const { authorization } = request.headers
    const tell = (away: TurnedAway): Promise<void> => turnedAway(away, one, request.ip, request.id)
    this.#identities.set(request, await this.#gate.pass(one, authorization, request.ip, tell))
  }

  failed(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = problemOf(error)
    if (problem !== undefined) return send(reply, problem, request.id)
    this.#options.defect(error, request.id)
    const sentence = 'Something went wrong that should not: the log has it under the id of this request.'
    return send(reply, new HttpProblem('INTERNAL', sentence), request.id)
  }

  answered(request: FastifyRequest, reply: FastifyReply): void {
    const { name } = request.routeOptions.config as { readonly name?: string }
    this.#options.answered({
      ...{ requestId: request.id, route: name, method: request.method, status: reply.statusCode },
      ...{
        ms: Math.round(reply.elapsedTime * 10) / 10,
        from: request.ip,
        who: this.#identities.get(request),
      },
    })
  }
}

function send(reply: FastifyReply, problem: HttpProblem, requestId: string): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemBody(problem, requestId)))
}

function notFound(routes: readonly Route[], { url, method }: FastifyRequest): HttpProblem {
  const path = url.split('?', 1)[0]!
  const there = routes.filter((one) => formOf(one).test(path)).map((one) => one.method)
  if (there.length === 0)
    return new HttpProblem('NOT_FOUND', 'There is nothing at this address: see /v1/openapi.json.')
  const allowed = there.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
  const sentence = `${method} is not what this address takes: it takes ${allowed.join(', ')}.`
  return new HttpProblem('METHOD_NOT_ALLOWED', sentence, { Allow: allowed.join(', ') })
}

function formOf({ path }: Route): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

/** The client's own id where it is a plain one, so that a request can be followed over several services. */
function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : randomUUID()
}

function isLocalName(host: string | undefined): boolean {
  return /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.test(host ?? '')
}

function securityHeaders(tls: boolean): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    ...(tls && { 'Strict-Transport-Security': 'max-age=31536000' }),
  }
}
