import type { Secret } from '../component/contracts/secret.ts'
import { fatalError } from '../errors.ts'
import type { Settings } from '../../native/settings.ts'

/** Where Kafka is, and how to get in: the `kafka` of an environment file. */
export interface KafkaSettings {
  /** `host:port` */
  readonly brokers: readonly string[]
  readonly tls?: TlsSettings
  readonly sasl?: SaslSettings
  /** How topics are made that nobody says more of. */
  readonly topics: { readonly partitions: number; readonly replication: number; readonly minInsync?: number }
  /** `group.instance.id` */
  readonly instance?: string
  readonly protocol: 'auto' | 'consumer' | 'classic'
  /** Settings of librdkafka that the user asks for, for readers and writers alike. */
  readonly settings: Settings
}

/** PEM texts. */
export interface TlsSettings {
  readonly ca?: string
  readonly certificate?: string
  readonly key?: Secret
  readonly passphrase?: Secret
  /** Whether the broker must prove who it is. */
  readonly verify: boolean
}

export type SaslSettings = PasswordSettings | OAuthSettings

interface PasswordSettings {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: Secret
}

/** Client credentials (RFC 6749 §4.4). */
export interface OAuthSettings {
  readonly mechanism: 'OAUTHBEARER'
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scope?: string
}

/** What Millrace's promises rest on, whatever the environment says. */
const promised: Readonly<Record<'reader' | 'writer', Settings>> = {
  reader: { 'isolation.level': 'read_committed' },
  writer: { 'enable.idempotence': true },
}

const guarantee = 'the delivery guarantee rests on it'
const inTopology = 'it is the name of the topology'
const byEnvironment = 'the environment has a field of its own for it'

/** What an environment may not set among librdkafka's settings, and why. Names that begin so, or are so. */
const reserved: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(bootstrap\.servers|metadata\.broker\.list)$/, byEnvironment],
  [/^(ssl[._]|enable\.ssl\.|security\.protocol$|sasl\.|enable\.sasl\.)/, byEnvironment],
  [/^(group\.instance\.id|group\.protocol)$/, byEnvironment],
  [/^group\.id$/, inTopology],
  [/^(transactional\.id|enable\.idempotence|enable\.gapless\.guarantee)$/, guarantee],
  [/^(acks|request\.required\.acks|isolation\.level)$/, guarantee],
  [/^(enable\.auto\.commit|auto\.commit\.|enable\.auto\.offset\.store|offset\.store\.)/, guarantee],
  [
    /^(partition\.assignment\.strategy|group\.remote\.assignor)$/,
    'tasks rest on how partitions are assigned',
  ],
  [/^(partitioner|msg_order_cmp|queuing\.strategy)$/, 'the order within a key rests on it'],
  [/^auto\.offset\.reset$/, 'the topology says where a source begins'],
  [/^(allow\.auto\.create\.topics)$/, 'topics are made with millrace topics apply'],
  [/^plugin\.library\.paths$/, 'it loads foreign code into the worker'],
]

/**
 * The settings of a reader or a writer of native/: connection, credentials, what the user asks for, and what the promises
 * rest on. Group, transactional id and protocol are the caller's to add. With OAUTHBEARER the client asks for tokens by its
 * event `token`. The result holds secrets: it is not to be logged.
 *
 * @throws CONFIG_INVALID where the environment sets what it may not
 */
export function librdkafkaSettings(kafka: KafkaSettings, role: 'reader' | 'writer'): Settings {
  for (const name of Object.keys(kafka.settings)) refuseReserved(name)
  return {
    ...kafka.settings,
    'bootstrap.servers': kafka.brokers.join(','),
    'security.protocol': securityProtocol(kafka),
    ...(kafka.tls && tlsEntries(kafka.tls)),
    ...(kafka.sasl && saslEntries(kafka.sasl)),
    ...promised[role],
  }
}

function refuseReserved(name: string): void {
  const why = reserved.find(([pattern]) => pattern.test(name))?.[1]
  if (why === undefined) return
  throw fatalError('CONFIG_INVALID', `The environment cannot set ${name} in kafka.settings: ${why}.`)
}

function securityProtocol({ tls, sasl }: KafkaSettings): string {
  if (sasl === undefined) return tls === undefined ? 'plaintext' : 'ssl'
  return tls === undefined ? 'sasl_plaintext' : 'sasl_ssl'
}

function tlsEntries({ ca, certificate, key, passphrase, verify }: TlsSettings): Settings {
  return {
    ...(ca !== undefined && { 'ssl.ca.pem': ca }),
    ...(certificate !== undefined && { 'ssl.certificate.pem': certificate }),
    ...(key !== undefined && { 'ssl.key.pem': key.reveal() }),
    ...(passphrase !== undefined && { 'ssl.key.password': passphrase.reveal() }),
    'enable.ssl.certificate.verification': verify,
    'ssl.endpoint.identification.algorithm': verify ? 'https' : 'none',
  }
}

function saslEntries(sasl: SaslSettings): Settings {
  if (sasl.mechanism === 'OAUTHBEARER') return { 'sasl.mechanisms': 'OAUTHBEARER' }
  return {
    'sasl.mechanisms': sasl.mechanism,
    'sasl.username': sasl.username,
    'sasl.password': sasl.password.reveal(),
  }
}
