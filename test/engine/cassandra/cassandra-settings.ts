import { secretOf } from '../../../engine/component/contracts/secret.ts'
import type { CassandraSettings } from '../../../engine/cassandra/settings.ts'
import type { CassandraAddresses } from '../../support/servers/cassandra.ts'

/** The settings of a client of this server, in this keyspace. */
export function cassandraSettings(server: CassandraAddresses, keyspace: string): CassandraSettings {
  const { contactPoint, datacenter, username, password } = server
  return {
    contactPoints: [contactPoint],
    datacenter,
    keyspace,
    ...(username !== undefined && { username, password: secretOf(password ?? '') }),
    consistency: 'LOCAL_QUORUM',
    timeouts: { read: 10_000, write: 10_000, connect: 10_000 },
  }
}
