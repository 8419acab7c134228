// What a node of the test kit is configured with: Cassandra's cassandra.yaml (JSON is YAML) and its JVM.

import { join } from 'node:path'
import { type TlsFiles } from './kafka-tls.ts'

/** The name of the only data center that the nodes' snitch knows. */
export const datacenter = 'datacenter1'

export interface NodePlan {
  clusterName: string
  /** An address of this machine: the nodes of a ring have the same ports. */
  host: string
  /** Whom a node asks for the others. */
  seedHost: string
  /** Where its part of the ring ends; any place by default. */
  token?: string | undefined
  /** Of the clients (CQL), and of the nodes among each other. */
  ports: { native: number; storage: number; tls: number }
  /** Everything of this node goes there. */
  folder: string
  auth: boolean
  tls?: TlsFiles | undefined
  /** On top of the rest. */
  overrides: Readonly<Record<string, unknown>>
}

/** The folder with the data of a node. */
export const dataFolder = (folder: string): string => join(folder, 'data')

/** The text of cassandra.yaml. */
export function cassandraYaml(plan: NodePlan): string {
  const { clusterName, host, seedHost, token, ports, folder, auth, tls, overrides } = plan
  const data = dataFolder(folder)
  const settings = {
    cluster_name: clusterName,
    num_tokens: 1,
    ...(token !== undefined && { initial_token: token }),
    auto_bootstrap: false,
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    endpoint_snitch: 'SimpleSnitch',
    seed_provider: [
      {
        class_name: 'org.apache.cassandra.locator.SimpleSeedProvider',
        parameters: [{ seeds: `${seedHost}:${ports.storage}` }],
      },
    ],
    listen_address: host,
    storage_port: ports.storage,
    ssl_storage_port: ports.tls,
    rpc_address: host,
    native_transport_port: ports.native,
    // In periodic mode a SIGKILL loses acknowledged writes, and a test would blame the wrong party.
    commitlog_sync: 'batch',
    commitlog_segment_size: '8MiB',
    disk_failure_policy: 'die',
    commit_failure_policy: 'die',
    data_file_directories: [join(data, 'tables')],
    commitlog_directory: join(data, 'commitlog'),
    saved_caches_directory: join(data, 'saved_caches'),
    hints_directory: join(data, 'hints'),
    cdc_raw_directory: join(data, 'cdc_raw'),
    memtable_heap_space: '128MiB',
    memtable_offheap_space: '128MiB',
    concurrent_reads: 16,
    concurrent_writes: 16,
    auto_snapshot: false,
    authenticator: auth ? 'PasswordAuthenticator' : 'AllowAllAuthenticator',
    authorizer: auth ? 'CassandraAuthorizer' : 'AllowAllAuthorizer',
    role_manager: 'CassandraRoleManager',
    // What a test grants or revokes holds at once.
    ...(auth && { roles_validity: '0ms', permissions_validity: '0ms', credentials_validity: '0ms' }),
    ...(tls && { client_encryption_options: encryption(tls) }),
    ...overrides,
  }
  return JSON.stringify(settings, undefined, 2)
}

/** TLS beside plaintext, on the same port. */
function encryption(tls: TlsFiles): Readonly<Record<string, unknown>> {
  return {
    enabled: true,
    optional: true,
    ssl_context_factory: { class_name: 'org.apache.cassandra.security.PEMBasedSslContextFactory' },
    keystore: tls.brokerPem,
    truststore: tls.ca,
    require_client_auth: false,
  }
}

export const logback = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`

const exported = [
  'java.base/java.lang.ref',
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.base/sun.nio.ch',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'jdk.unsupported/sun.misc',
]

const opened = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.lang.reflect',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'jdk.management/com.sun.management.internal',
]

/**
 * The flags of a node's JVM, without its memory: what Cassandra's own jvm17-server.options says, and haste.
 *
 * @param isSeed  whether it has nobody to ask before it starts
 */
export function cassandraFlags(folder: string, isSeed: boolean): string[] {
  const properties = {
    'cassandra-foreground': 'yes',
    'cassandra.config': `file:${join(folder, 'cassandra.yaml')}`,
    'cassandra.storagedir': dataFolder(folder),
    'logback.configurationFile': join(folder, 'logback.xml'),
    'jdk.attach.allowAttachSelf': 'true',
    // Later JDKs than 17 refuse a security manager otherwise.
    'java.security.manager': 'allow',
    // A seed waits for nobody; the others fail where the seed has not answered within this time, and go on when it has.
    'cassandra.ring_delay_ms': isSeed ? '1' : '60000',
    'cassandra.skip_wait_for_gossip_to_settle': '0',
    'cassandra.superuser_setup_delay_ms': '0',
    'cassandra.auth_bcrypt_gensalt_log2_rounds': '4',
  }
  return [
    '-Xss512k',
    '-XX:+ExitOnOutOfMemoryError',
    ...exported.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
    ...opened.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
  ]
}
