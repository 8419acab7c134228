// A Kafka cluster of this machine's own, for one test or for all: one or three brokers from Maven Central, in KRaft
// mode, on free ports.
//
// Containers were weighed: testcontainers brings a client of the container engine, wants images to be pulled, and gives a
// broker that is restarted another port. Any Kafka that is there already, in a container or not (docker-compose.yml),
// serves `sharedKafka` when MILLRACE_KAFKA=host:port names it.

import { join } from 'node:path'
import { kafkaAdmin, type KafkaAdmin } from './kafka-admin.ts'
import { archiveFlags, makeArchive } from './kafka-archive.ts'
import { Cluster, PortTaken, type KafkaAddresses, type KafkaOptions } from './kafka-cluster.ts'
import { kafkaProgram } from './kafka-jars.ts'
import { makeTls } from './kafka-tls.ts'
import { serverFolder } from './run-folder.ts'

export { type KafkaAddresses, type KafkaOptions } from './kafka-cluster.ts'

/** A cluster with its brokers in hand. */
export interface KafkaServer extends KafkaAddresses, KafkaAdmin {
  /** Ends a broker and waits until it is gone: orderly by SIGTERM (the default), or by SIGKILL. */
  stop(broker: number, signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts a broker again on its ports and data; resolves when the others see it. */
  start(broker: number): Promise<void>
  /** Freezes a broker (SIGSTOP): it accepts connections and never answers. */
  pause(broker: number): void
  resume(broker: number): void
  /** The process id of a broker, undefined while it is stopped. */
  pid(broker: number): number | undefined
  /** Ends all brokers at once and deletes their data; `keepLogs` where something went wrong. */
  close(options?: { keepLogs?: boolean }): Promise<void>
}

/**
 * Starts a cluster; resolves when each broker answers with this cluster's id and knows all the others.
 *
 * @throws Error in one sentence where java, mvn or openssl is missing, or a broker does not start: with its log
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const program = await kafkaProgram()
  await makeArchive(program)
  const folder = serverFolder(options.name ?? 'kafka')
  const tls = options.tls ? await makeTls(join(folder, 'tls')) : undefined
  const [{ classPath }, flags] = [program, archiveFlags(program)]
  const attempts = options.port === undefined ? 5 : 1
  for (let attempt = 1; ; attempt += 1) {
    const cluster = await Cluster.lay({ options, classPath, flags, folder, tls })
    try {
      await cluster.startAll()
      return serverOf(cluster)
    } catch (error) {
      await cluster.close({ keepLogs: true })
      if (!(error instanceof PortTaken) || attempt === attempts) throw error
    }
  }
}

function serverOf(cluster: Cluster): KafkaServer {
  const addresses = cluster.addresses()
  return {
    ...addresses,
    ...kafkaAdmin(addresses.listeners.internal),
    stop: (id, signal = 'SIGTERM') => cluster.stop(id, signal),
    start: (id) => cluster.start(id),
    pause: (id) => cluster.broker(id).process.pause(),
    resume: (id) => cluster.broker(id).process.resume(),
    pid: (id) => cluster.broker(id).process.pid,
    close: (options) => cluster.close(options),
  }
}
