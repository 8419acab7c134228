// A Cassandra of this machine's own, for one test file or for all: a single node from Maven Central on free ports.
// It stands in for Scylla, which is not to be had outside containers.

import { join } from 'node:path'
import { cassandraAdmin, type CassandraAdmin } from './cassandra-admin.ts'
import { cassandraClassPath } from './cassandra-jars.ts'
import { CassandraNode, type CassandraAddresses, type CassandraOptions } from './cassandra-node.ts'
import { PortTaken } from './kafka-cluster.ts'
import { makeTls } from './kafka-tls.ts'
import { serverFolder } from './run-folder.ts'

export { type CassandraAddresses, type CassandraOptions } from './cassandra-node.ts'

/** A node in hand. */
export interface CassandraServer extends CassandraAddresses, CassandraAdmin {
  /** Ends the node and waits until it is gone: orderly by SIGTERM (the default), or by SIGKILL. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on its ports and data; resolves when it answers. */
  start(): Promise<void>
  /** Freezes it (SIGSTOP): it accepts connections and never answers. */
  pause(): void
  resume(): void
  /** The process id, undefined while it is stopped. */
  pid(): number | undefined
  /** Ends it at once and deletes its data; `keepLogs` where something went wrong. */
  close(options?: { keepLogs?: boolean }): Promise<void>
}

/**
 * Starts a node (about six seconds); resolves when it answers with its own name. What it acknowledged survives a kill.
 *
 * @throws Error in one sentence where java, mvn or openssl is missing, or it does not start: with its log
 */
export async function startCassandra(options: CassandraOptions = {}): Promise<CassandraServer> {
  const classPath = await cassandraClassPath()
  const folder = serverFolder(options.name ?? 'cassandra')
  const tls = options.tls ? await makeTls(join(folder, 'tls')) : undefined
  const attempts = options.port === undefined ? 5 : 1
  for (let attempt = 1; ; attempt += 1) {
    const node = await CassandraNode.lay({ options, classPath, folder, tls })
    try {
      await node.startNow()
      return serverOf(node)
    } catch (error) {
      await node.close({ keepLogs: true })
      if (!(error instanceof PortTaken) || attempt === attempts) throw error
    }
  }
}

/** A node in hand, from one that was started. */
export function serverOf(node: CassandraNode): CassandraServer {
  const addresses = node.addresses()
  return {
    ...addresses,
    ...cassandraAdmin(addresses),
    stop: (signal = 'SIGTERM') => node.process.kill(signal),
    start: () => (node.process.running ? Promise.resolve() : node.start()),
    pause: () => node.process.pause(),
    resume: () => node.process.resume(),
    pid: () => node.process.pid,
    close: (options) => node.close(options),
  }
}
