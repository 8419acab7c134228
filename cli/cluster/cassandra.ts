import type { CassandraClient, ClientChoice } from '../../engine/cassandra/client.ts'
import type { CassandraSettings, EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { fatalError } from '../../engine/errors.ts'

/** The Cassandra of an environment. Throws CONFIG_INVALID where the environment names none. */
export function cassandraOf({ cassandra, file }: EnvironmentConfig): CassandraSettings {
  if (cassandra !== undefined) return cassandra
  throw fatalError(
    'CONFIG_INVALID',
    `${file} names no Cassandra, and tables are in it: add \`cassandra\` with its contact points, datacenter and keyspace.`,
  )
}

/** Does something with a client, and closes it. */
export async function withCassandra<T>(
  settings: CassandraSettings,
  choice: ClientChoice,
  work: (client: CassandraClient) => Promise<T>,
): Promise<T> {
  const { openClient } = await import('../../engine/cassandra/client.ts')
  const client = await openClient(settings, choice)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
