import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import { fatalError, kindOf } from '../engine/errors.ts'
import { KafkaLog } from '../engine/kafka/log.ts'
import { tokensOf } from '../engine/kafka/oauth.ts'
import { openRegistryOf, schemasOf } from '../project/schemas.ts'
import type { Place, ProjectFacts } from './place.ts'

/** What is under way at the end has so long yet. */
const lastMs = 100

/**
 * Topics in Kafka. A record is tried for ever, by librdkafka itself: what is behind it never overtakes it, and none is
 * written twice while the process lives.
 */
export async function openClusterPlace(environment: EnvironmentConfig, known: ProjectFacts): Promise<Place> {
  const { kafka } = environment
  const { files, topics, trouble, patienceMs } = known
  const tokens = tokensOf(kafka)
  const ownFiles = async () => files
  const registry = await openRegistryOf(environment, ownFiles, trouble)
  const log = new KafkaLog({ settings: kafka, onTrouble: trouble, deliveryMs: 0, ...(tokens && { tokens }) })
  const schemas = await schemasOf(registry, ownFiles, trouble)
  return {
    files,
    topics,
    schemas,
    target: { append: (records) => log.appendEach(records) },
    async ensure(topic) {
      const partitions = await partitionsOf(log, topic, patienceMs)
      if (partitions !== undefined) return
      throw fatalError(
        'TOPIC_UNKNOWN',
        `There is no topic ${topic} at ${kafka.brokers.join(', ')}: make it first, with millrace topics apply --env ${environment.name}.`,
      )
    },
    async close() {
      registry?.close()
      // Whoever closes has waited already.
      await log.close(lastMs)
    },
  }
}

/** 0 where the brokers are away: a record can wait for them. The client would ask them for half a minute. */
async function partitionsOf(log: KafkaLog, topic: string, patienceMs: number): Promise<number | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<number>()
  const timer = setTimeout(() => resolve(0), patienceMs)
  const asked = log.partitionsOf(topic).finally(() => clearTimeout(timer))
  asked.catch(() => undefined)
  try {
    return await Promise.race([asked, over])
  } catch (error) {
    if (kindOf(error) === 'downstream') return 0
    throw error
  }
}
