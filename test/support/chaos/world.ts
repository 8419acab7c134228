import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startProofKafka } from '../cluster/scenario.ts'
import { startCassandra, type CassandraServer } from '../servers/cassandra.ts'
import type { KafkaServer } from '../servers/kafka.ts'
import { startProxy, type Proxy } from '../servers/proxy.ts'
import { startRegistry, type RegistryServer } from '../servers/registry.ts'

/** The project of the runs: one schema, two tables. */
export const chaosProject = `${import.meta.dirname}/project`

/** The servers of chaos runs, each behind a proxy; the harness itself asks past the proxies. */
export interface World {
  readonly kafka: KafkaServer
  /** One for each broker. */
  readonly brokerProxies: readonly Proxy[]
  readonly cassandra: { readonly server: CassandraServer; readonly proxy: Proxy } | undefined
  readonly registry: { readonly server: RegistryServer; readonly proxy: Proxy } | undefined
  close(): Promise<void>
}

export interface WorldOptions {
  readonly brokers: 1 | 3
  /** With Cassandra and a schema registry. */
  readonly stores: boolean
}

/** Starts the servers: ten seconds for one broker, half a minute for all. */
export async function startWorld({ brokers, stores }: WorldOptions): Promise<World> {
  const brokerProxies = await Promise.all(Array.from({ length: brokers }, () => startProxy()))
  const kafka = await startProofKafka({
    brokers,
    name: 'chaos',
    advertisedPorts: brokerProxies.map(({ port }) => port),
    properties: { 'offsets.topic.num.partitions': 4, 'transaction.state.log.num.partitions': 4 },
  })
  for (const [n, proxy] of brokerProxies.entries()) proxy.forwardTo(kafka.brokers[n]!.port)
  const cassandra = stores ? await behindProxy(await startCassandra({ name: 'chaos-cassandra' })) : undefined
  const registry = stores ? await behindProxy(await startRegistry({ name: 'chaos-registry' })) : undefined
  return {
    kafka,
    brokerProxies,
    cassandra,
    registry,
    async close() {
      await Promise.all([kafka.close(), cassandra?.server.close(), registry?.server.close()])
      for (const proxy of [...brokerProxies, cassandra?.proxy, registry?.proxy]) await proxy?.close()
    },
  }
}

async function behindProxy<Server extends { readonly host: string; readonly port: number }>(
  server: Server,
): Promise<{ server: Server; proxy: Proxy }> {
  const proxy = await startProxy()
  proxy.forwardTo(server.port, server.host)
  return { server, proxy }
}

/** Makes the tables of an environment, as a user does. */
export async function applyTables(environment: string, state: string): Promise<void> {
  const command = ['main.ts', 'cql', 'apply', '--env', environment, '--project', chaosProject]
  await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...command], {
    cwd: `${import.meta.dirname}/../../..`,
    env: { ...process.env, STATE: state },
  })
}
