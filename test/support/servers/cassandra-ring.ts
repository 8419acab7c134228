// A ring of Cassandra nodes on this machine: 127.0.0.1, 127.0.0.2 … with the same ports, as the driver expects of a
// cluster. All of 127.0.0.0/8 is there on Linux; on macOS each address must be made first (ifconfig lo0 alias).

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { cassandraClassPath } from './cassandra-jars.ts'
import { CassandraNode, freePorts, newClusterName, type CassandraOptions } from './cassandra-node.ts'
import { serverOf, type CassandraServer } from './cassandra.ts'
import { serverFolder } from './run-folder.ts'

/** Nodes that share the ring evenly, in the order of their tokens. */
export interface CassandraRing {
  readonly nodes: readonly CassandraServer[]
  /** The last token that each node owns. */
  readonly tokens: readonly bigint[]
  close(options?: { keepLogs?: boolean }): Promise<void>
}

/**
 * Starts a ring, one node after the other (about ten seconds each).
 *
 * @throws Error in one sentence where java or mvn is missing, or a node does not start: with its log
 */
export async function startCassandraRing(
  options: CassandraOptions & { readonly nodes: number },
): Promise<CassandraRing> {
  const classPath = await cassandraClassPath()
  const folder = serverFolder(options.name ?? 'cassandra-ring')
  const ports = await freePorts(options.port)
  const clusterName = newClusterName()
  const tokens = Array.from({ length: options.nodes }, (_, n) => tokenOf(n, options.nodes))
  const laid: CassandraNode[] = []
  try {
    for (const [n, token] of tokens.entries()) {
      const place = { clusterName, host: `127.0.0.${n + 1}`, seedHost: '127.0.0.1', ports, token: `${token}` }
      const own = join(folder, `${n + 1}`)
      mkdirSync(own, { recursive: true })
      const node = await CassandraNode.lay({ options, classPath, folder: own, place })
      laid.push(node)
      await node.startNow()
    }
  } catch (error) {
    for (const node of laid) await node.close({ keepLogs: true })
    throw error
  }
  const nodes = laid.map(serverOf)
  return {
    nodes,
    tokens,
    async close(how) {
      await Promise.all(nodes.map((node) => node.close(how)))
    },
  }
}

/** Evenly over the tokens of Murmur3: -2^63 to 2^63 - 1. */
function tokenOf(n: number, nodes: number): bigint {
  return -(2n ** 63n) + (2n ** 64n / BigInt(nodes)) * BigInt(n + 1) - 1n
}
