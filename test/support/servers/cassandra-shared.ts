// The Cassandra that all test files of one run share.

import { askClusterName, cassandraAdmin, type CassandraAdmin } from './cassandra-admin.ts'
import { type CassandraAddresses } from './cassandra-node.ts'
import { datacenter } from './cassandra-settings.ts'
import { kept } from './shared.ts'

/** A node that other tests use as well: it is not to be stopped, and keyspaces are one's own. */
export type SharedCassandra = CassandraAddresses & CassandraAdmin

/**
 * The Cassandra of this test run, without passwords and TLS. Each call has its own `newKeyspace` and `reset`.
 *
 * With MILLRACE_CASSANDRA=host:port it is the node there, in the data center `datacenter1`.
 *
 * @throws Error in one sentence where it cannot be had
 */
export async function sharedCassandra(): Promise<SharedCassandra> {
  const there = process.env['MILLRACE_CASSANDRA']
  const addresses = there ? await existing(there) : await kept<CassandraAddresses>({ server: 'cassandra' })
  return { ...addresses, ...cassandraAdmin(addresses) }
}

async function existing(contactPoint: string): Promise<CassandraAddresses> {
  const colon = contactPoint.lastIndexOf(':')
  const address = { host: contactPoint.slice(0, colon), port: Number(contactPoint.slice(colon + 1)) }
  const clusterName = await askClusterName(address).catch((error: unknown) => {
    const reason = (error as Error).message
    throw new Error(
      `test servers: no Cassandra answers at MILLRACE_CASSANDRA=${contactPoint} (${reason}); start it or unset the variable`,
    )
  })
  return { clusterName, contactPoint, datacenter, log: '', ...address }
}
