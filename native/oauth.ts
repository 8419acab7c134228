import type { RawToken } from './binding.ts'

/** A token for SASL OAUTHBEARER, in answer to the event `token` (KIP-255). */
export interface OAuthToken {
  readonly value: string
  /** Milliseconds since 1970. The next one is asked for when 80 % of the time until then has passed. */
  readonly expiresAt: number
  /** The name of whom it stands for. */
  readonly principal: string
  /** SASL extensions (RFC 7628). */
  readonly extensions?: Readonly<Record<string, string>>
}

export function rawToken({ value, expiresAt, principal, extensions = {} }: OAuthToken): RawToken {
  return { value, expires: expiresAt, principal, extensions: Object.entries(extensions).flat() }
}
