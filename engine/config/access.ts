import type { z } from 'zod'
import type { AccessSettings, HttpSettings, TokenIssuerSettings } from './access-config.ts'
import { Http, type Access } from './access-schema.ts'
import type { References } from './environment-secrets.ts'

const leastSecretBytes = 32

/** The settings where no file says any. */
export const defaultHttpSettings = (): HttpSettings => plainHttp(Http.parse({}))

/** The section `http:`, with what it refers to. */
export async function httpOf(given: z.output<typeof Http>, references: References): Promise<HttpSettings> {
  if (given.tls === undefined) return plainHttp(given)
  const path = ['http', 'tls']
  const certificate = await references.certificates(given.tls.certificate, [...path, 'certificate'])
  const key = await references.key(given.tls.key, [...path, 'key'])
  const passphrase = await references.secret(given.tls.passphrase, [...path, 'passphrase'])
  const tls = { certificate: certificate!, key: key!, ...(passphrase && { passphrase }) }
  return { ...plainHttp(given), tls }
}

function plainHttp({ listen, proxies, limits }: z.output<typeof Http>): HttpSettings {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(listen.slice(colon + 1)), proxies, limits }
}

/** The section `access:`, with what it refers to. */
export async function accessOf(
  { keys, tokens }: z.output<typeof Access>,
  references: References,
): Promise<AccessSettings> {
  const issuers: TokenIssuerSettings[] = []
  for (const [index, one] of tokens.entries()) issuers.push(await issuerOf(one, index, references))
  return { tokens: issuers, ...(keys !== undefined && { keys: await keysOf(keys, references) }) }
}

async function keysOf(given: string, references: References): Promise<NonNullable<AccessSettings['keys']>> {
  // The file may be made later: it is read when the service starts, and whenever it changes.
  if (given.startsWith('file:')) return { kind: 'file', path: references.path(given) }
  return { kind: 'text', text: (await references.secret(given, ['access', 'keys']))! }
}

async function issuerOf(
  given: z.output<typeof Access>['tokens'][number],
  index: number,
  references: References,
): Promise<TokenIssuerSettings> {
  const { issuer, audience, skew: skewMs, jwks } = given
  const path = ['access', 'tokens', String(index)]
  if (jwks !== undefined) {
    const place = jwks.startsWith('file:')
      ? { kind: 'file' as const, at: references.path(jwks) }
      : { kind: 'url' as const, at: jwks }
    const algorithms = given.algorithms ?? ['RS256', 'ES256', 'EdDSA']
    return { issuer, audience, skewMs, algorithms, verifyBy: { kind: 'keys', place } }
  }
  const secret = (await references.secret(given.secret, [...path, 'secret']))!
  const { length } = Buffer.from(secret.reveal())
  if (length > 0 && length < leastSecretBytes)
    references.refuse(
      [...path, 'secret'],
      `The secret has ${length} bytes: HS256 needs 32 at least (RFC 7518 §3.2).`,
    )
  return { issuer, audience, skewMs, algorithms: ['HS256'], verifyBy: { kind: 'secret', secret } }
}
