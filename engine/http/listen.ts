import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { fatalError, sentenceOf, type MillraceError } from '../errors.ts'
import type { ServerSettings } from './settings.ts'

const headerBytes = 16 * 1024

/** A server that is not listening yet, with limits on everything that a client may do before it is known. */
export function makeServer({ tls, limits }: ServerSettings, handler: RequestListener): Server {
  const options = {
    ...{ maxHeaderSize: headerBytes, requestTimeout: limits.time, headersTimeout: limits.time },
    ...{ keepAliveTimeout: 5000, connectionsCheckingInterval: 1000 },
  }
  const server = tls === undefined ? createServer(options, handler) : tlsServer(tls, options, handler)
  server.maxConnections = limits.connections
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.writable && error.code !== 'ECONNRESET') socket.end(rawProblem(error.code))
    else socket.destroy()
  })
  return server
}

function tlsServer(
  { certificate, key, passphrase }: NonNullable<ServerSettings['tls']>,
  options: object,
  handler: RequestListener,
): Server {
  const secrets = { key: key.reveal(), ...(passphrase && { passphrase: passphrase.reveal() }) }
  try {
    return createTlsServer({ ...options, cert: certificate, ...secrets, minVersion: 'TLSv1.2' }, handler)
  } catch (cause) {
    const why = sentenceOf(cause).replaceAll(secrets.key, '***')
    throw fatalError(
      'CONFIG_INVALID',
      `The certificate and key of http.tls cannot be used (${why}): they must belong together.`,
    )
  }
}

/** What is no HTTP gets a problem too. */
function rawProblem(code: string | undefined): string {
  const [status, title] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request']
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail: 'This is no request that can be read.',
  })
  const head = `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nConnection: close`
  return `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/** An address that cannot be had, as a sentence. */
export function listenError(error: NodeJS.ErrnoException, { host, port }: ServerSettings): MillraceError {
  const where = `${host}:${port}`
  const remedy = 'choose another one with --http HOST:PORT, or http.listen'
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `HTTP port ${where} is in use: ${remedy}.`,
    EACCES: `HTTP port ${where} needs more rights than this process has: ${remedy}.`,
    EADDRNOTAVAIL: `This machine has no address ${host} for HTTP: ${remedy}.`,
    ENOTFOUND: `The HTTP host ${host} is unknown: ${remedy}.`,
  }
  const sentence =
    reasons[error.code ?? ''] ?? `HTTP cannot listen on ${where} (${error.code ?? 'unknown error'}).`
  return fatalError('CONFIG_INVALID', sentence, { cause: error })
}
