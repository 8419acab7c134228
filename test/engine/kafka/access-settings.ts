// The settings of an environment with which a listener of a test cluster is reached.

import { readFileSync } from 'node:fs'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import type { KafkaSettings } from '../../../engine/kafka/settings.ts'
import type { Access } from '../../support/servers/client-properties.ts'
import type { KafkaAddresses } from '../../support/servers/kafka-cluster.ts'

/** @throws Error where the cluster has no such listener */
export function accessSettings(kafka: KafkaAddresses, access: Access = {}): KafkaSettings {
  const { listener = 'plaintext' } = access
  const addresses = kafka.listeners[listener]
  if (addresses === undefined) throw new Error(`this Kafka was started without the listener ${listener}`)
  return {
    brokers: addresses.split(','),
    ...(['tls', 'tlsExpired', 'saslTls'].includes(listener) && { tls: tlsSettings(kafka, access) }),
    ...(['sasl', 'saslTls'].includes(listener) && { sasl: saslSettings(kafka, access) }),
    topics: { partitions: 1, replication: kafka.brokers.length },
    protocol: 'auto',
    settings: {},
  }
}

function tlsSettings(
  { tls }: KafkaAddresses,
  { trust, certificate }: Access,
): NonNullable<KafkaSettings['tls']> {
  const text = (file: string | undefined) => readFileSync(file!, 'utf8')
  return {
    ca: text(trust === 'stranger' ? tls?.strangerCa : tls?.ca),
    ...(certificate !== undefined && {
      certificate: text(certificate === 'expired' ? tls?.expiredClientCert : tls?.clientCert),
      key: secretOf(text(tls?.clientKey)),
    }),
    verify: true,
  }
}

function saslSettings(kafka: KafkaAddresses, access: Access): NonNullable<KafkaSettings['sasl']> {
  const { mechanism = 'PLAIN', user = 'alice', password = kafka.users?.[user] ?? '' } = access
  if (mechanism !== 'OAUTHBEARER') return { mechanism, username: user, password: secretOf(password) }
  return { mechanism, tokenEndpoint: 'http://127.0.0.1:1/', clientId: user, clientSecret: secretOf('none') }
}

/** A token that the brokers of the test kit take: signed by nobody. */
export function unsignedToken(user = 'alice'): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: user, iat: now, exp: now + 3600 })}.`
}
