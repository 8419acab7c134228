import type { Secret } from '../component/contracts/secret.ts'

/** Where Cassandra or Scylla is, and how to get in: the `cassandra` of an environment file. */
export interface CassandraSettings {
  /** `host` or `host:port`; port 9042 by default. */
  readonly contactPoints: readonly string[]
  readonly datacenter: string
  readonly keyspace: string
  readonly username?: string
  readonly password?: Secret
  readonly tls?: TlsSettings
  readonly consistency: 'LOCAL_QUORUM' | 'LOCAL_ONE' | 'QUORUM' | 'ONE'
  /** Milliseconds, of one request or connection. */
  readonly timeouts: { readonly read: number; readonly write: number; readonly connect: number }
  /** The most writes under way at once; undefined = as the client finds best. */
  readonly inFlight?: number
}

/** PEM texts. */
export interface TlsSettings {
  readonly ca?: string
  readonly certificate?: string
  readonly key?: Secret
  readonly passphrase?: Secret
  /** Whether the nodes must prove who they are. */
  readonly verify: boolean
}

/** Where the nodes are, for sentences: without user and password. */
export function whereOf({ contactPoints }: Pick<CassandraSettings, 'contactPoints'>): string {
  return contactPoints.join(', ')
}

/** What `node:tls` and the driver take. */
export function tlsOptions(tls: TlsSettings): TlsOptions {
  return {
    // The driver's own default is to trust anybody.
    rejectUnauthorized: tls.verify,
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.certificate !== undefined && { cert: tls.certificate }),
    ...(tls.key !== undefined && { key: tls.key.reveal() }),
    ...(tls.passphrase !== undefined && { passphrase: tls.passphrase.reveal() }),
  }
}

interface TlsOptions {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}
