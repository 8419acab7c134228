import type { Secret } from '../component/contracts/secret.ts'
import type { SigningKeysPlace } from './signing-keys.ts'

/** Who is let in. */
export interface AccessSettings {
  /** Where the keys of Millrace are: a file that may change, or their text. */
  readonly keys?:
    { readonly kind: 'file'; readonly path: string } | { readonly kind: 'text'; readonly text: Secret }
  readonly tokens: readonly TokenIssuer[]
}

/** Somebody whose tokens are believed. */
export interface TokenIssuer {
  /** `iss` */
  readonly issuer: string
  /** `aud` must name one of them. */
  readonly audience: readonly string[]
  readonly algorithms: readonly Algorithm[]
  /** How far clocks may be apart. */
  readonly skewMs: number
  readonly verifyBy:
    | { readonly kind: 'secret'; readonly secret: Secret }
    | { readonly kind: 'keys'; readonly place: SigningKeysPlace }
}

/** Algorithms that a token may be signed by. */
export const algorithms = ['RS256', 'ES256', 'EdDSA', 'HS256'] as const

export type Algorithm = (typeof algorithms)[number]
