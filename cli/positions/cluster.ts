import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { KafkaLog } from '../../engine/kafka/log.ts'
import { openAdmin } from '../cluster/kafka-admin.ts'
import type { Bounds, Positions } from './positions.ts'

/** The positions of the groups of a Kafka cluster. Records are read by the native client, which is loaded for that alone. */
export async function openClusterPositions(
  environment: EnvironmentConfig,
  onTrouble: (sentence: string) => void,
): Promise<Positions> {
  const { kafka } = environment
  const [admin, { KafkaLog: Log }, { tokensOf }] = await Promise.all([
    openAdmin(environment),
    import('../../engine/kafka/log.ts'),
    import('../../engine/kafka/oauth.ts'),
  ])
  const tokens = tokensOf(kafka)
  const log = new Log({ settings: kafka, onTrouble, ...(tokens && { tokens }) })
  return new ClusterPositions(admin, log, `Kafka at ${kafka.brokers.join(',')}`)
}

class ClusterPositions implements Positions {
  readonly log: KafkaLog
  readonly where: string
  readonly #admin: KafkaAdmin

  constructor(admin: KafkaAdmin, log: KafkaLog, where: string) {
    this.#admin = admin
    this.log = log
    this.where = where
  }

  async groups(): Promise<string[]> {
    return (await this.#admin.groups()).map(({ name }) => name)
  }

  async committedTopics(group: string): Promise<string[]> {
    return [...new Set((await this.#admin.committed(group)).map(({ topic }) => topic))].sort()
  }

  partitionsOf(topic: string): Promise<number | undefined> {
    return this.#admin.partitionsOf(topic)
  }

  async topicNames(): Promise<string[]> {
    return [...(await this.#admin.topics()).keys()].sort()
  }

  async bounds(partitions: readonly TopicPartition[]): Promise<Bounds[]> {
    const [first, end] = await Promise.all([
      this.#admin.offsets(partitions, 'earliest'),
      this.#admin.offsets(partitions, 'latest'),
    ])
    return partitions.map((_, index) => ({ first: first[index] ?? 0, end: end[index] ?? 0 }))
  }

  async committed(
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<(CommittedPosition | undefined)[]> {
    const found = await this.#admin.committed(group, partitions)
    return partitions.map(({ topic, partition }) =>
      found.find((one) => one.topic === topic && one.partition === partition),
    )
  }

  at(partitions: readonly TopicPartition[], time: number): Promise<(number | undefined)[]> {
    return this.#admin.offsets(partitions, time)
  }

  async members(group: string): Promise<string[]> {
    const described = await this.#admin.group(group)
    return (described?.members ?? []).map(({ id, instance, host, partitions }) => {
      const held = partitions.map(({ topic, partition }) => `${topic}/${partition}`).join(', ')
      return `${instance ?? id} at ${host}${held === '' ? '' : ` with ${held}`}`
    })
  }

  set(group: string, offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    return this.#admin.setOffsets(group, offsets)
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.log.close()])
  }
}
