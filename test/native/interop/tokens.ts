import type { OAuthToken } from '../../../native/oauth.ts'
import type { Settings } from '../../../native/settings.ts'
import type { KafkaAddresses } from '../../support/servers/kafka.ts'

/** A token without signature, as the brokers of the test kit take it. */
export function token(principal: string): OAuthToken {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: principal, iat: now, exp: now + 3600 }
  return {
    value: `${part({ alg: 'none' })}.${part(claims)}.`,
    expiresAt: claims.exp * 1000,
    principal,
  }
}

/** The settings of a client that is asked for tokens. */
export function bearer(kafka: KafkaAddresses): Settings {
  return {
    'bootstrap.servers': kafka.listeners.sasl!,
    'security.protocol': 'sasl_plaintext',
    'sasl.mechanism': 'OAUTHBEARER',
  }
}
