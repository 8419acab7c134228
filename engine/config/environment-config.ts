import type { Secret } from '../component/contracts/secret.ts'
import type { AccessSettings, HttpSettings } from './access-config.ts'

/** An environment file, checked: where the parts of a cluster are, and how to get in. Durations are milliseconds. */
export interface EnvironmentConfig {
  readonly file: string
  /** The file's name without its folder and ending. */
  readonly name: string
  readonly kafka: KafkaSettings
  readonly cassandra?: CassandraSettings
  readonly registry?: RegistrySettings
  /** How `millrace serve` is reached. */
  readonly http?: HttpSettings
  /** Who is let in by it. */
  readonly access?: AccessSettings
  readonly state: {
    /** Where workers keep what they can get again: checkpoints of their state, schemas. An absolute path. */
    readonly dir: string
  }
}

export interface KafkaSettings {
  /** `host:port` */
  readonly brokers: readonly string[]
  readonly tls?: TlsSettings
  readonly sasl?: SaslSettings
  /** How topics are made that no file says more of. */
  readonly topics: {
    readonly partitions: number
    readonly replication: number
    /** What the catalogue says of replicas is cut to this. */
    readonly replicationAtMost?: number
    /** `min.insync.replicas` */
    readonly minInsync?: number
  }
  /** `group.instance.id`: a worker that comes back under the same name gets its partitions back without a rebalance. */
  readonly instance?: string
  /** Of the consumer group: `consumer` is KIP-848; `auto` takes it where the brokers have it. */
  readonly protocol: 'auto' | 'consumer' | 'classic'
  /** Settings of librdkafka, for reading and writing. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
}

export interface TlsSettings {
  /** PEM text; the system's authorities if not given. */
  readonly ca?: string
  /** PEM text. */
  readonly certificate?: string
  /** PEM text. */
  readonly key?: Secret
  readonly passphrase?: Secret
  /** Whether the server must prove who it is. */
  readonly verify: boolean
}

export type SaslSettings =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: Secret
    }
  | {
      readonly mechanism: 'OAUTHBEARER'
      readonly tokenEndpoint: string
      readonly clientId: string
      readonly clientSecret: Secret
      readonly scope?: string
    }

export interface CassandraSettings {
  /** `host` or `host:port` */
  readonly contactPoints: readonly string[]
  readonly datacenter: string
  readonly keyspace: string
  readonly username?: string
  readonly password?: Secret
  readonly tls?: TlsSettings
  readonly consistency: 'LOCAL_QUORUM' | 'LOCAL_ONE' | 'QUORUM' | 'ONE'
  readonly dialect: 'auto' | 'cassandra' | 'scylla'
  /** The replication option of the keyspace, for `cql apply` to make it where it is missing. */
  readonly replication?: Readonly<Record<string, number | string>>
  readonly timeouts: { readonly read: number; readonly write: number; readonly connect: number }
  /** The most requests under way; undefined = as the client finds best. */
  readonly inFlight?: number
}

export interface RegistrySettings {
  /** Of the Confluent API; several with commas between, the first that answers is used. */
  readonly url: string
  readonly username?: string
  readonly password?: Secret
  readonly token?: Secret
  readonly tls?: TlsSettings
  /** How subjects are named: `{topic}-{record}` or `{topic}-value`. */
  readonly subjects: 'record' | 'topic'
  /** Whether producing registers schemas that the registry does not have. */
  readonly register: boolean
  /** Where schemas are kept; an absolute path. */
  readonly cache?: string
}
