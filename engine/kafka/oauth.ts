import type { OAuthToken } from '../../native/oauth.ts'
import { downstreamError, fatalError, type MillraceError, sentenceOf } from '../errors.ts'
import type { KafkaSettings, OAuthSettings } from './settings.ts'

/** Gives tokens for SASL OAUTHBEARER. */
export interface TokenSource {
  /** A token that is good for a while. Rejects with downstream KAFKA_AWAY, or fatal KAFKA_REFUSED. */
  token(): Promise<OAuthToken>
}

/** How long an endpoint has to answer, and how old a token may grow: this share of its life. */
const limitMs = 10_000
const share = 0.8

/** As long as a token is taken to be good whose endpoint does not say. */
const usualSeconds = 300

/** What gives tokens to clients of these settings; undefined where they need none. */
export function tokensOf({ sasl }: Pick<KafkaSettings, 'sasl'>): TokenSource | undefined {
  return sasl?.mechanism === 'OAUTHBEARER' ? tokenSource(sasl) : undefined
}

/**
 * Tokens from an endpoint by client credentials (OAuth 2.0, RFC 6749 §4.4). Several askers share one request, and a token
 * until four fifths of its life are over.
 */
export function tokenSource(settings: OAuthSettings, now: () => number = Date.now): TokenSource {
  let held: { readonly token: OAuthToken; readonly until: number } | undefined
  let asking: Promise<OAuthToken> | undefined
  const ask = async (): Promise<OAuthToken> => {
    const asked = now()
    const token = await requestToken(settings, asked)
    held = { token, until: asked + (token.expiresAt - asked) * share }
    return token
  }
  return {
    async token() {
      if (held !== undefined && now() < held.until) return held.token
      asking ??= ask().finally(() => {
        asking = undefined
      })
      return asking
    },
  }
}

async function requestToken(settings: OAuthSettings, now: number): Promise<OAuthToken> {
  const response = await post(settings)
  const text = await response.text().catch(() => '')
  if (!response.ok) throw refused(settings, response.status, text)
  const answer = parse(text)
  const value = answer['access_token']
  if (typeof value !== 'string' || value === '')
    throw fatalError(
      'KAFKA_REFUSED',
      `The token endpoint ${settings.tokenEndpoint} answers without an access_token: check the address.`,
    )
  const seconds = Number(answer['expires_in'] ?? usualSeconds)
  const life = Number.isFinite(seconds) && seconds > 0 ? seconds : usualSeconds
  return { value, expiresAt: now + life * 1000, principal: principalOf(value) ?? settings.clientId }
}

async function post({ tokenEndpoint, clientId, clientSecret, scope }: OAuthSettings): Promise<Response> {
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`
  try {
    return await fetch(tokenEndpoint, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(limitMs),
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) }),
    })
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    throw downstreamError(
      'KAFKA_AWAY',
      `The token endpoint ${tokenEndpoint} does not answer (${sentenceOf(cause)}).`,
    )
  }
}

/** Answers of the kind 4xx do not get better by themselves, but for those that say so. */
function refused({ tokenEndpoint }: OAuthSettings, status: number, text: string): MillraceError {
  const answer = parse(text)
  const said = [answer['error'], answer['error_description']].filter((part) => typeof part === 'string')
  const why = said.length === 0 ? `status ${status}` : `status ${status}, ${said.join(': ')}`
  const message = `The token endpoint ${tokenEndpoint} gives no token (${why})`
  if (status >= 500 || status === 408 || status === 429) return downstreamError('KAFKA_AWAY', `${message}.`)
  return fatalError('KAFKA_REFUSED', `${message}: check kafka.sasl of the environment.`)
}

function parse(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The subject of a JWT; undefined for tokens of other kinds. Brokers go by the token itself. */
function principalOf(token: string): string | undefined {
  const body = token.split('.')[1]
  if (body === undefined) return undefined
  const { sub } = parse(Buffer.from(body, 'base64url').toString('utf8'))
  return typeof sub === 'string' && sub !== '' ? sub : undefined
}
