import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { fatalError, sentenceOf } from '../errors.ts'
import { isLoopback, type HttpAddress } from './http-address.ts'

/** What a probe answers. A probe that fails says why, in sentences for people. */
export interface Health {
  readonly ok: boolean
  readonly reasons: readonly string[]
  /** What works only in part, in sentences for people: no reason to fail, and one to look. */
  readonly degraded?: readonly string[]
  /** More for the JSON answer: numbers and names, nothing secret. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** What the server shows. Each function is called for each request, and must be quick. */
export interface HttpContent {
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  /** Whether the poll loop turns. When it does not, a restart is right; a broker that is away is no reason. */
  readonly health: () => Health
  /** Whether partitions are assigned, their state is restored, and the frontier moves. */
  readonly ready: () => Health
}

export interface HttpServer {
  readonly host: string
  /** The port it really listens on. */
  readonly port: number
  readonly url: string
  /** Stops at once: connections that are open are cut. */
  close(): Promise<void>
}

const limits = { headerBytes: 8192, connections: 64, requestMs: 5000, keepAliveMs: 5000 } as const

/**
 * Serves /metrics, /healthz and /readyz. An address that other machines can reach needs a token, which every request
 * must then bring as `Authorization: Bearer …`.
 */
export async function serveHttp(
  address: HttpAddress,
  content: HttpContent,
  token?: string,
): Promise<HttpServer> {
  if (token === '') throw fatalError('CONFIG_INVALID', 'The HTTP token is empty: set one, or leave it out.')
  if (token === undefined && !isLoopback(address.host)) {
    throw fatalError(
      'CONFIG_INVALID',
      `HTTP on ${address.host} can be reached from other machines, and has no token: ` +
        `give one with --http-token env:NAME or file:PATH, or bind 127.0.0.1.`,
    )
  }
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      requestTimeout: limits.requestMs,
      headersTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void respond(request, response, content, token),
  )
  server.maxConnections = limits.connections
  server.on('clientError', (_error, socket: Socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  await listen(server, address)
  // Metrics are no work: they must not keep a worker alive that has nothing left to do.
  server.unref()
  const { port } = server.address() as AddressInfo
  const shown = address.host.includes(':') ? `[${address.host}]` : address.host
  return { host: address.host, port, url: `http://${shown}:${port}`, close: () => close(server) }
}

async function listen(server: Server, { host, port }: HttpAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      // Without a listener a late error (a file descriptor less) would end the worker.
      server.on('error', () => undefined)
      resolve()
    })
  })
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = `${host}:${port}`
  const remedy = 'choose another one with --http PORT, --http 0 for any free one, or --http off'
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `HTTP port ${where} is in use: ${remedy}.`,
    EACCES: `HTTP port ${where} needs more rights than this process has: ${remedy}.`,
    EADDRNOTAVAIL: `This machine has no address ${host} for HTTP: use 127.0.0.1, or --http off.`,
    ENOTFOUND: `The HTTP host ${host} is unknown: use an address such as 127.0.0.1, or --http off.`,
  }
  const sentence = reasons[error.code ?? ''] ?? `HTTP cannot listen on ${where}: ${sentenceOf(error)}.`
  return fatalError('CONFIG_INVALID', sentence, { cause: error })
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  content: HttpContent,
  token: string | undefined,
): Promise<void> {
  const { status, type, body, headers } = await answerTo(request, content, token)
  const length = Buffer.byteLength(body)
  // Nothing that is asked here has a body: a connection that brings one is closed instead of being read.
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(hasBody ? { Connection: 'close' } : {}),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
  if (hasBody) response.once('finish', () => request.socket.destroySoon())
}

async function answerTo(
  request: IncomingMessage,
  content: HttpContent,
  token: string | undefined,
): Promise<Answer> {
  if (token !== undefined && !hasToken(request, token)) {
    return { ...plain(401, 'A bearer token is needed.'), headers: { 'WWW-Authenticate': 'Bearer' } }
  }
  const path = (request.url ?? '/').split('?', 1)[0]!
  const routes: Readonly<Record<string, () => Promise<Answer> | Answer>> = {
    '/metrics': async () => ({
      status: 200,
      type: content.metrics.contentType,
      body: await content.metrics.text(),
    }),
    '/healthz': () => probe(content.health()),
    '/readyz': () => probe(content.ready()),
  }
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (route === undefined) return plain(404, 'Not found. There are /metrics, /healthz and /readyz.')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...plain(405, 'Only GET and HEAD.'), headers: { Allow: 'GET, HEAD' } }
  }
  try {
    return await route()
  } catch (error) {
    // The sentence may name hosts and paths: it belongs into the log, which the runtime keeps, not here.
    return plain(500, `Internal error (${error instanceof Error ? error.name : 'unknown'}).`)
  }
}

function probe({ ok, reasons, degraded = [], details }: Health): Answer {
  const status = ok ? (degraded.length > 0 ? 'degraded' : 'ok') : 'failing'
  const body = JSON.stringify({ status, reasons, ...(degraded.length > 0 && { degraded }), ...details })
  return { status: ok ? 200 : 503, type: 'application/json; charset=utf-8', body: `${body}\n` }
}

function plain(status: number, sentence: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${sentence}\n` }
}

/** Compares digests, so that neither the time nor the length of the comparison says anything about the token. */
function hasToken(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (given === undefined) return false
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
