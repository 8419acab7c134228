import type { Secret } from '../component/contracts/secret.ts'

/** How a service is reached over HTTP. Durations are milliseconds. */
export interface HttpSettings {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly tls?: {
    /** PEM text: the service's own certificate, and those between it and an authority. */
    readonly certificate: string
    /** PEM text. */
    readonly key: Secret
    readonly passphrase?: Secret
  }
  /** Addresses or networks whose word for who asks is believed (`X-Forwarded-For`). */
  readonly proxies: readonly string[]
  readonly limits: HttpLimits
}

export interface HttpLimits {
  /** Requests of one identity. */
  readonly perSecond: number
  readonly burst: number
  /** Logins of one address that may fail in a minute. */
  readonly failedLogins: number
  /** The most bytes of a request's body. */
  readonly body: number
  /** Milliseconds for a request to arrive, and for its answer. */
  readonly time: number
  readonly connections: number
}

/** Who is let in. */
export interface AccessSettings {
  /** The keys of Millrace: a file (an absolute path) that may change, or their text. */
  readonly keys?:
    { readonly kind: 'file'; readonly path: string } | { readonly kind: 'text'; readonly text: Secret }
  readonly tokens: readonly TokenIssuerSettings[]
}

/** Somebody whose JSON web tokens are believed. */
export interface TokenIssuerSettings {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly TokenAlgorithm[]
  readonly skewMs: number
  readonly verifyBy:
    | { readonly kind: 'secret'; readonly secret: Secret }
    | { readonly kind: 'keys'; readonly place: { readonly kind: 'url' | 'file'; readonly at: string } }
}

export type TokenAlgorithm = 'RS256' | 'ES256' | 'EdDSA' | 'HS256'
