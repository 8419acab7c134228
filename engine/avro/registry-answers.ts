import { RegistryAnswerTooLarge, RegistryTimeout, type RegistryReply } from './registry-endpoint.ts'

/**
 * What an answer of a registry means.
 *
 * - `ok`: JSON. `missing`: the registry has no such id, subject or version.
 * - `refused`: the registry understood, and said no (409, 422 …), for a reason of its own.
 * - `denied`: it wants other credentials. `away`: not now; asked again it may answer.
 * - `stranger`: whatever answers there is no registry. `distrusted`: its certificate is not to be trusted.
 * - `large`: the answer is larger than what is read.
 */
export type RegistryAnswer =
  | { readonly kind: 'ok'; readonly json: unknown }
  | { readonly kind: 'missing' | 'denied' | 'stranger' | 'distrusted' | 'large'; readonly reason: string }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'away'; readonly reason: string; readonly retryAfterMs: number | undefined }

const longestReason = 400
const longestRetryAfterMs = 5 * 60_000

/**
 * Judges an answer by its status and by whether it looks like that of a registry. `optional`: a registry may answer in its own
 * words that there is no such call. `now`: milliseconds since 1970.
 */
export function judgeReply(
  reply: RegistryReply,
  { optional = false, now = Date.now() }: { readonly optional?: boolean; readonly now?: number } = {},
): RegistryAnswer {
  const { status } = reply
  const json = parsed(reply.body)
  const error = errorOf(json)
  const said = error?.message === undefined ? `${status}` : `${status}: ${error.message}`
  if (status >= 500 || [408, 425, 429].includes(status)) {
    return { kind: 'away', reason: said, retryAfterMs: retryAfterMs(reply.retryAfter, now) }
  }
  if (status >= 200 && status < 300) {
    return json === undefined ? { kind: 'stranger', reason: describe(reply) } : { kind: 'ok', json }
  }
  if (status >= 300 && status < 400) return { kind: 'stranger', reason: redirect(reply) }
  if (status === 401 || status === 403) return { kind: 'denied', reason: said }
  if (error === undefined && optional && [404, 405].includes(status)) return { kind: 'missing', reason: said }
  if (error === undefined) return { kind: 'stranger', reason: describe(reply) }
  if (status === 404) return { kind: 'missing', reason: error.message ?? 'not found' }
  return { kind: 'refused', status, reason: said }
}

// What Node says of a certificate that is not to be trusted, and of a peer that speaks no TLS or no HTTP.
const distrust =
  /^(CERT_|CRL_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_CERT)/
// The other side ends the handshake: it misses a certificate of ours, or does not trust it.
const alert = /^ERR_SSL_.*ALERT/
const noTls = /^(EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/
const noHttp = /^HPE_/

/** Judges a request that came to no answer. */
export function judgeFailure(error: unknown): RegistryAnswer {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (error instanceof RegistryAnswerTooLarge) return { kind: 'large', reason: message }
  if (error instanceof RegistryTimeout) return { kind: 'away', reason: message, retryAfterMs: undefined }
  if (distrust.test(code)) return { kind: 'distrusted', reason: `${code}: ${tidy(message)}` }
  if (alert.test(code)) return { kind: 'denied', reason: code }
  if (noTls.test(code)) return { kind: 'stranger', reason: 'it does not speak TLS as it should' }
  if (noHttp.test(code)) return { kind: 'stranger', reason: 'it does not speak HTTP' }
  return { kind: 'away', reason: code === '' ? tidy(message) : code, retryAfterMs: undefined }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

/** The error of a registry: an object with an `error_code`. Other servers answer 404 in JSON as well. */
function errorOf(json: unknown): { readonly message: string | undefined } | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { error_code: code, message } = json as { error_code?: unknown; message?: unknown }
  if (typeof code !== 'number') return undefined
  return { message: typeof message === 'string' && message !== '' ? tidy(message) : undefined }
}

function redirect({ status, location }: RegistryReply): string {
  const to = location === undefined ? null : URL.parse(location)
  // Parameters of a login page are nobody's business.
  return `${status}, a redirect${to === null ? '' : ` to ${to.origin}${to.pathname}`}`
}

function describe({ status, body }: RegistryReply): string {
  const text = body.subarray(0, 200).toString('utf8').trimStart()
  if (/^<(!doctype|html)/i.test(text)) return `${status}, a web page`
  return `${status}, ${body.length === 0 ? 'nothing' : 'no answer of a registry'}`
}

/** One line, of some length, without control characters and class names of Java. */
function tidy(text: string): string {
  const line = text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/^(?:[a-z]+\.)+[A-Z]\w*Exception: /, '')
    .trim()
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line
}

/** Seconds or an HTTP date, as milliseconds from now; five minutes at most. */
function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000
  if (!Number.isFinite(seconds)) return undefined
  return Math.min(longestRetryAfterMs, Math.max(0, seconds * 1000))
}
