// What the test kit asks of a Cassandra itself: who are you, run this, keyspaces of one's own. It goes by the driver,
// past the product's client.

import { randomBytes } from 'node:crypto'
import { Client, type types } from 'cassandra-driver'
import { datacenter } from './cassandra-settings.ts'

/** Where the kit's own requests go: plaintext. */
export interface CassandraAddress {
  host: string
  port: number
  username?: string
  password?: string
}

export interface CassandraAdmin {
  /** Runs one statement and answers with all its rows; with a keyspace, unqualified names are looked up there. */
  cql(statement: string, keyspace?: string): Promise<types.Row[]>
  /** Makes a keyspace that no other test has, with one replica; the end of the name says what it is for. */
  newKeyspace(name?: string): Promise<string>
  /** Drops the keyspaces that were made through this object. */
  reset(): Promise<void>
}

interface Question {
  statement: string
  keyspace?: string | undefined
  /** Milliseconds for the connection, and again for the answer. */
  timeout?: number
}

/**
 * Connects, runs one statement, leaves.
 *
 * @throws Error of the driver, within about twice the time-out
 */
export async function ask(address: CassandraAddress, question: Question): Promise<types.Row[]> {
  const { host, port, username, password } = address
  const { statement, keyspace, timeout = 20_000 } = question
  const client = new Client({
    contactPoints: [`${host}:${port}`],
    localDataCenter: datacenter,
    ...(keyspace !== undefined && { keyspace }),
    ...(username !== undefined && { credentials: { username, password: password ?? '' } }),
    socketOptions: { connectTimeout: timeout, readTimeout: timeout },
    pooling: { warmup: false },
    monitorReporting: { enabled: false },
  })
  try {
    const result = await client.execute(statement)
    if (result.rows === undefined) return []
    const rows: types.Row[] = []
    for await (const row of result) rows.push(row)
    return rows
  } finally {
    // Shutdown waits for a connection that may never answer.
    void client.shutdown().catch(() => undefined)
  }
}

/** The name of the cluster that answers there. */
export async function askClusterName(address: CassandraAddress, timeout = 2000): Promise<string> {
  const [row] = await ask(address, { statement: 'SELECT cluster_name FROM system.local', timeout })
  return String(row?.['cluster_name'])
}

/** The admin of one server for one test file. */
export function cassandraAdmin(address: CassandraAddress): CassandraAdmin {
  const made: string[] = []
  const cql = (statement: string, keyspace?: string) => ask(address, { statement, keyspace })
  return {
    cql,
    async newKeyspace(name = 'test') {
      const keyspace = `t${randomBytes(5).toString('hex')}_${name}`
      const replication = `{'class': 'NetworkTopologyStrategy', '${datacenter}': 1}`
      await cql(`CREATE KEYSPACE ${keyspace} WITH replication = ${replication}`)
      made.push(keyspace)
      return keyspace
    },
    async reset() {
      for (const keyspace of made.splice(0)) await cql(`DROP KEYSPACE IF EXISTS ${keyspace}`)
    },
  }
}
