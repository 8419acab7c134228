import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import { openAdmin } from './kafka-admin.ts'
import type { Positions } from './positions.ts'

/** The positions of the groups of a Kafka cluster. Records are read by the native client, which is loaded for that alone. */
export async function openClusterPositions(
  environment: EnvironmentConfig,
  onTrouble: (sentence: string) => void,
): Promise<Positions> {
  const { kafka } = environment
  const [admin, { KafkaLog }, { tokenSource }] = await Promise.all([
    openAdmin(environment),
    import('../engine/kafka/log.ts'),
    import('../engine/kafka/oauth.ts'),
  ])
  const tokens = kafka.sasl?.mechanism === 'OAUTHBEARER' ? tokenSource(kafka.sasl) : undefined
  const log = new KafkaLog({ settings: kafka, onTrouble, ...(tokens && { tokens }) })
  return {
    log,
    where: `Kafka at ${kafka.brokers.join(',')}`,
    groups: async () => (await admin.groups()).map(({ name }) => name),
    committedTopics: async (group) => [
      ...new Set((await admin.committed(group)).map(({ topic }) => topic).sort()),
    ],
    partitionsOf: (topic) => admin.partitionsOf(topic),
    topicNames: async () => [...(await admin.topics()).keys()].sort(),
    async bounds(partitions) {
      const [first, end] = await Promise.all([
        admin.offsets(partitions, 'earliest'),
        admin.offsets(partitions, 'latest'),
      ])
      return partitions.map((_, index) => ({ first: first[index] ?? 0, end: end[index] ?? 0 }))
    },
    async committed(group, partitions) {
      const found = await admin.committed(group, partitions)
      return partitions.map(({ topic, partition }) =>
        found.find((one) => one.topic === topic && one.partition === partition),
      )
    },
    at: (partitions, time) => admin.offsets(partitions, time),
    async members(group) {
      const described = await admin.group(group)
      return (described?.members ?? []).map(({ id, instance, host, partitions }) => {
        const held = partitions.map(({ topic, partition }) => `${topic}/${partition}`).join(', ')
        return `${instance ?? id} at ${host}${held === '' ? '' : ` with ${held}`}`
      })
    },
    set: (group, offsets) => admin.setOffsets(group, offsets),
    async close() {
      await Promise.all([admin.close(), log.close()])
    },
  }
}
