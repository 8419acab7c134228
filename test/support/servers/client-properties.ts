// The properties with which outside clients reach a listener of a test cluster.

import { readFileSync } from 'node:fs'
import { type KafkaAddresses } from './kafka-cluster.ts'

export interface Access {
  /** plaintext by default. */
  listener?: keyof KafkaAddresses['listeners']
  /** On the SASL listeners; PLAIN by default. */
  mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  /** alice with her password by default. */
  user?: string
  password?: string
  /** Show a certificate: the good one or the one that ran out. None by default. */
  certificate?: 'good' | 'expired'
  /** Trust the authority of the cluster (the default), or only one that did not sign it. */
  trust?: 'cluster' | 'stranger'
}

/**
 * @param kind  `rdkafka` for librdkafka and all that is made with it (kcat, confluent-kafka), or `java`
 * @throws Error where the cluster has no such listener
 */
export function clientProperties(
  kind: 'java' | 'rdkafka',
  kafka: KafkaAddresses,
  access: Access = {},
): Record<string, string> {
  const { listener = 'plaintext' } = access
  const addresses = kafka.listeners[listener]
  if (addresses === undefined)
    throw new Error(`test servers: this Kafka was started without the listener ${listener}`)
  const encrypted = listener === 'tls' || listener === 'tlsExpired' || listener === 'saslTls'
  const authenticated = listener === 'sasl' || listener === 'saslTls'
  const protocol = `${authenticated ? 'sasl_' : ''}${encrypted ? 'ssl' : 'plaintext'}`
  return {
    'bootstrap.servers': addresses,
    'security.protocol': kind === 'java' ? protocol.toUpperCase() : protocol,
    ...(encrypted && (kind === 'java' ? javaTls(kafka, access) : rdkafkaTls(kafka, access))),
    ...(authenticated && (kind === 'java' ? javaSasl(kafka, access) : rdkafkaSasl(kafka, access))),
  }
}

function filesOf({ tls }: KafkaAddresses, { certificate, trust }: Access) {
  if (tls === undefined) throw new Error('test servers: this Kafka was started without TLS')
  const certificateFile = certificate === 'expired' ? tls.expiredClientCert : tls.clientCert
  return {
    authority: trust === 'stranger' ? tls.strangerCa : tls.ca,
    certificateFile,
    keyFile: tls.clientKey,
  }
}

function javaTls(kafka: KafkaAddresses, access: Access): Record<string, string> {
  const { authority, certificateFile, keyFile } = filesOf(kafka, access)
  const own = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': readFileSync(certificateFile, 'utf8'),
    'ssl.keystore.key': readFileSync(keyFile, 'utf8'),
  }
  return {
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority,
    ...(access.certificate && own),
  }
}

function rdkafkaTls(kafka: KafkaAddresses, access: Access): Record<string, string> {
  const { authority, certificateFile, keyFile } = filesOf(kafka, access)
  const own = { 'ssl.certificate.location': certificateFile, 'ssl.key.location': keyFile }
  return { 'ssl.ca.location': authority, ...(access.certificate && own) }
}

function credentials(
  kafka: KafkaAddresses,
  { user = 'alice', password = kafka.users?.[user] ?? '' }: Access,
) {
  return { user, password }
}

function javaSasl(kafka: KafkaAddresses, access: Access): Record<string, string> {
  const { mechanism = 'PLAIN' } = access
  const { user, password } = credentials(kafka, access)
  const login = 'org.apache.kafka.common.security'
  const known = `username="${user}" password="${password}"`
  const modules = {
    PLAIN: `${login}.plain.PlainLoginModule required ${known}`,
    'SCRAM-SHA-256': `${login}.scram.ScramLoginModule required ${known}`,
    'SCRAM-SHA-512': `${login}.scram.ScramLoginModule required ${known}`,
    OAUTHBEARER: `${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="${user}"`,
  }
  return { 'sasl.mechanism': mechanism, 'sasl.jaas.config': `${modules[mechanism]};` }
}

function rdkafkaSasl(kafka: KafkaAddresses, access: Access): Record<string, string> {
  const { mechanism = 'PLAIN' } = access
  const { user, password } = credentials(kafka, access)
  if (mechanism !== 'OAUTHBEARER') {
    return { 'sasl.mechanisms': mechanism, 'sasl.username': user, 'sasl.password': password }
  }
  return {
    'sasl.mechanisms': mechanism,
    'enable.sasl.oauthbearer.unsecure.jwt': 'true',
    'sasl.oauthbearer.config': `principal=${user}`,
  }
}
