// The settings of a broker of the test kit.

import { join } from 'node:path'
import { type TlsFiles } from './kafka-tls.ts'

/** The ports that one broker binds on 127.0.0.1. */
export interface BrokerPorts {
  controller: number
  /** For the brokers among themselves and for the test kit: never behind a proxy. */
  internal: number
  plaintext: number
  tls?: number
  tlsExpired?: number
  sasl?: number
  saslTls?: number
}

export interface BrokerSettings {
  id: number
  ports: BrokerPorts
  /** What clients on the plaintext listener are told instead of its own port. */
  advertisedPort?: number | undefined
  /** Node id and controller port of all brokers. */
  voters: { id: number; port: number }[]
  folder: string
  tls?: TlsFiles | undefined
  clientAuth: 'none' | 'requested' | 'required'
  /** Passwords by user, for PLAIN; those of SCRAM are in the storage. */
  users?: Readonly<Record<string, string>> | undefined
  acls?: boolean
  overrides: Readonly<Record<string, string | number | boolean>>
}

const protocols: Readonly<Record<keyof BrokerPorts, string>> = {
  controller: 'PLAINTEXT',
  internal: 'PLAINTEXT',
  plaintext: 'PLAINTEXT',
  tls: 'SSL',
  tlsExpired: 'SSL',
  sasl: 'SASL_PLAINTEXT',
  saslTls: 'SASL_SSL',
}

/** The folder with the data of a broker, within its own. */
export const dataFolder = (folder: string): string => join(folder, 'data')

/** The text of server.properties. */
export function brokerProperties(settings: BrokerSettings): string {
  const properties = {
    ...listeners(settings),
    ...forTests(settings.voters.length),
    ...tls(settings),
    ...sasl(settings),
    ...(settings.acls === true && authorizer),
    ...settings.overrides,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function listeners({ id, ports, advertisedPort, voters, folder }: BrokerSettings) {
  const bound = Object.entries(ports) as [keyof BrokerPorts, number][]
  const told = bound.filter(([name]) => name !== 'controller')
  const address = (name: string, port: number) => `${name.toUpperCase()}://127.0.0.1:${port}`
  return {
    'node.id': id,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': voters.map((voter) => `${voter.id}@127.0.0.1:${voter.port}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': bound
      .map(([name]) => `${name.toUpperCase()}:${protocols[name]}`)
      .join(','),
    listeners: bound.map(([name, port]) => address(name, port)).join(','),
    'advertised.listeners': told
      .map(([name, port]) => address(name, name === 'plaintext' ? (advertisedPort ?? port) : port))
      .join(','),
    'log.dirs': dataFolder(folder),
  }
}

/** Small and quick where that changes nothing that a client can see. */
function forTests(brokers: number) {
  return {
    'auto.create.topics.enable': false,
    'default.replication.factor': brokers,
    'min.insync.replicas': Math.min(2, brokers),
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': brokers,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': brokers,
    'transaction.state.log.min.isr': Math.min(2, brokers),
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': brokers,
    'share.coordinator.state.topic.min.isr': Math.min(2, brokers),
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed may come back only when the session of its former life is over.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // Short sessions are allowed; the defaults stay.
    'group.min.session.timeout.ms': 1000,
    'group.consumer.min.session.timeout.ms': 1000,
    'group.consumer.min.heartbeat.interval.ms': 500,
    // A transaction that ran out of time is aborted within a second of it, not of ten.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
    // Tests write records of long ago: a check of the retention, every five minutes, would now and then delete them.
    'log.retention.ms': -1,
    'log.cleaner.dedupe.buffer.size': 8 << 20,
    'log.cleaner.io.buffer.size': 128 << 10,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.replica.alter.log.dirs.threads': 1,
    'num.recovery.threads.per.data.dir': 1,
    'background.threads': 2,
    'file.delete.delay.ms': 1000,
  }
}

const authorizer = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

function tls({ tls, clientAuth }: BrokerSettings) {
  if (tls === undefined) return {}
  return {
    'ssl.client.auth': clientAuth,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': tls.brokerPem,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': tls.ca,
    'listener.name.tlsexpired.ssl.keystore.type': 'PEM',
    'listener.name.tlsexpired.ssl.keystore.location': tls.expiredBrokerPem,
  }
}

function sasl({ ports, users }: BrokerSettings) {
  if (users === undefined) return {}
  const module = 'org.apache.kafka.common.security'
  const known = Object.entries(users).map(([user, password]) => `user_${user}="${password}"`)
  const properties: Record<string, string> = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
  }
  for (const listener of ['sasl', ...(ports.saslTls === undefined ? [] : ['sasltls'])]) {
    const of = (mechanism: string) => `listener.name.${listener}.${mechanism}.sasl.jaas.config`
    properties[of('plain')] = `${module}.plain.PlainLoginModule required ${known.join(' ')};`
    properties[of('scram-sha-256')] = `${module}.scram.ScramLoginModule required;`
    properties[of('scram-sha-512')] = `${module}.scram.ScramLoginModule required;`
    // Takes every token without signature ("alg":"none") that has not run out: for tests alone.
    properties[of('oauthbearer')] =
      `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`
  }
  return properties
}
