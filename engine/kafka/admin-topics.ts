import type { Broker, ConfigDescription } from '@platformatic/kafka'
import type { TopicPartition } from '../component/contracts/position.ts'
import { downstreamError, fatalError, permanentError } from '../errors.ts'
import type { AdminConnection } from './admin-connection.ts'
import { answerIn } from './admin-errors.ts'
import { missingRight } from './rights.ts'

export interface TopicDescription {
  readonly name: string
  /** Of the topic under this name today: a topic that is made anew has another. */
  readonly id: string
  readonly internal: boolean
  /** By number. */
  readonly partitions: readonly PartitionDescription[]
}

export interface PartitionDescription {
  /** The broker's id, or -1 where none leads. */
  readonly leader: number
  /** Ids of brokers. */
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

/** A setting of a topic, as the brokers have it. */
export interface TopicSetting {
  readonly value: string | null
  /** True if it was set for this topic; otherwise it is the broker's. */
  readonly own: boolean
}

/** As far as the answer to a request for metadata is read. */
interface Metadata {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
  readonly topics: readonly {
    readonly errorCode: number
    readonly name: string | null
    readonly topicId: string
    readonly isInternal: boolean
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly leaderId: number
      readonly replicaNodes: readonly number[]
      readonly isrNodes: readonly number[]
    }[]
  }[]
}

export interface ClusterDescription {
  readonly id: string
  readonly controller: number
  readonly brokers: readonly {
    readonly id: number
    readonly host: string
    readonly port: number
    readonly rack?: string
  }[]
  /** Whether consumer groups can use the protocol of KIP-848. */
  readonly consumerProtocol: boolean
}

const unknownTopic = 3
const invalidTopic = 17
const forbiddenTopic = 29
/** What a topic is among the things that have settings, in requests about them. */
export const topicResource = 2

export async function describeCluster(connection: AdminConnection): Promise<ClusterDescription> {
  const what = 'The cluster cannot be described'
  const { clusterId, controllerId, brokers } = await metadataOf(connection, [], what)
  return {
    id: clusterId ?? '',
    controller: controllerId,
    brokers: brokers.map(({ nodeId, host, port, rack }) => ({
      id: nodeId,
      host,
      port,
      ...(rack !== null && { rack }),
    })),
    consumerProtocol: await hasConsumerProtocol(connection),
  }
}

/** Those that are there, by the addresses that they advertise. */
export async function brokersOf(connection: AdminConnection): Promise<Broker[]> {
  const { brokers } = await metadataOf(connection, [], 'The brokers cannot be told')
  return brokers.map(({ host, port }) => ({ host, port }))
}

interface ApiVersions {
  readonly apiKeys: readonly { readonly name: string }[]
  readonly finalizedFeatures?: readonly { readonly name: string; readonly maxVersionLevel: number }[]
}

/** Brokers may know the requests of KIP-848 while the cluster's `group.version` still forbids them. */
async function hasConsumerProtocol(connection: AdminConnection): Promise<boolean> {
  const { apiKeys, finalizedFeatures = [] } = await connection.ask(
    'The features cannot be asked for',
    'Describe',
    () => connection.request<ApiVersions>('ApiVersions', undefined, 'millrace', '1'),
  )
  if (!apiKeys.some(({ name }) => name === 'ConsumerGroupHeartbeat')) return false
  const version = finalizedFeatures.find(({ name }) => name === 'group.version')
  return version === undefined || version.maxVersionLevel >= 1
}

/** Topics by name, without those that do not exist; all that may be seen if no names are given. Any broker tells, or this one. */
export async function describeTopics(
  connection: AdminConnection,
  names: readonly string[] | undefined,
  broker?: Broker,
): Promise<Map<string, TopicDescription>> {
  if (names?.length === 0) return new Map()
  const what =
    names === undefined ? 'The topics cannot be listed' : `${topicsText(names)} cannot be described`
  const { topics } = await metadataOf(connection, names ?? null, what, broker)
  const there = topics.flatMap((topic): [string, TopicDescription][] => {
    const { name, topicId, isInternal, errorCode } = topic
    if (name === null || errorCode === unknownTopic || errorCode === invalidTopic) return []
    const sorted = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    const partitions = sorted.map(({ leaderId, replicaNodes, isrNodes }) => ({
      leader: leaderId,
      replicas: replicaNodes,
      inSync: isrNodes,
    }))
    return [[name, { name, id: topicId, internal: isInternal, partitions }]]
  })
  return new Map(there)
}

async function metadataOf(
  connection: AdminConnection,
  names: readonly string[] | null,
  what: string,
  broker?: Broker,
): Promise<Metadata> {
  return connection.ask(what, 'Describe', async () => {
    try {
      return await connection.request<Metadata>('Metadata', broker, names, false, false)
    } catch (error) {
      // One topic that is not there, or a partition without a leader, does not make the rest less true.
      const answer = answerIn<Metadata>(error, 'topics')
      const bad = answer?.topics.some(({ errorCode }) => ![0, unknownTopic, invalidTopic].includes(errorCode))
      if (answer !== undefined) refuseHidden(answer, connection.user)
      if (answer === undefined || bad === true) throw error
      return answer
    }
  })
}

/** Of many topics, those that the user may not see are named. */
function refuseHidden({ topics }: Metadata, user: string): void {
  const hidden = topics.filter(({ errorCode }) => errorCode === forbiddenTopic).map(({ name }) => name ?? '')
  const right = missingRight('TOPIC_AUTHORIZATION_FAILED', { user })!
  if (hidden.length > 0)
    throw fatalError('KAFKA_REFUSED', `${topicsText(hidden)} cannot be described: ${right}.`, {
      facts: { kafka: 'TOPIC_AUTHORIZATION_FAILED', topics: hidden },
    })
}

/** The settings of topics that exist, by topic and name. Any broker tells, or this one. */
export async function topicSettings(
  connection: AdminConnection,
  names: readonly string[],
  broker?: Broker,
): Promise<Map<string, ReadonlyMap<string, TopicSetting>>> {
  if (names.length === 0) return new Map()
  const resources = names.map((name) => ({ resourceType: topicResource, resourceName: name }))
  const { results } = await connection.ask(
    `The settings of ${topicsText(names)} cannot be told`,
    'DescribeConfigs',
    () =>
      connection.request<{ readonly results: readonly ConfigDescription[] }>(
        'DescribeConfigs',
        broker,
        resources,
      ),
  )
  return new Map(results.map((one) => [one.resourceName, settingsOf(one)]))
}

function settingsOf({ configs }: ConfigDescription): ReadonlyMap<string, TopicSetting> {
  const ofTopic = 1
  return new Map(
    configs.map(({ name, value, configSource }) => [
      name,
      { value: value ?? null, own: configSource === ofTopic },
    ]),
  )
}

/** Deletes what lies before these offsets, for good. */
export async function deleteRecords(
  connection: AdminConnection,
  before: readonly (TopicPartition & { readonly offset: number })[],
): Promise<void> {
  if (before.length === 0) return
  const topics = byTopic(before, ({ partition, offset }) => ({ partition, offset: BigInt(offset) }))
  await needLeaders(connection, before)
  await connection.ask(
    `Records of ${topicsText(topics.map(({ name }) => name))} cannot be deleted`,
    'Delete',
    (admin) => admin.deleteRecords({ topics }),
  )
}

/** Which offset is meant: the first, the next to be written, or the first at or after a time (milliseconds since 1970). */
export type OffsetWanted = 'earliest' | 'latest' | number

/**
 * The offset of each partition; undefined where no record is that late. As read_committed sees it (the default), the latest
 * is the last stable offset.
 */
export async function listOffsets(
  connection: AdminConnection,
  partitions: readonly TopicPartition[],
  wanted: OffsetWanted,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<(number | undefined)[]> {
  if (partitions.length === 0) return []
  const timestamp = wanted === 'latest' ? -1n : wanted === 'earliest' ? -2n : BigInt(Math.floor(wanted))
  const topics = byTopic(partitions, ({ partition }) => ({ partitionIndex: partition, timestamp }))
  await needLeaders(connection, partitions)
  const listed = await connection.ask(
    `The offsets of ${topicsText(topics.map(({ name }) => name))} cannot be told`,
    'Describe',
    (admin) => admin.listOffsets({ topics, isolationLevel: isolation === 'read_committed' ? 1 : 0 }),
  )
  const found = new Map(
    listed.flatMap(({ name, partitions: ofTopic }) =>
      ofTopic.map(({ partitionIndex, offset }) => [`${name}/${partitionIndex}`, Number(offset)] as const),
    ),
  )
  return partitions.map(({ topic, partition }) => {
    const offset = found.get(`${topic}/${partition}`) ?? -1
    return offset < 0 ? undefined : offset
  })
}

/** The client takes it for granted that partitions are there and led. */
async function needLeaders(
  connection: AdminConnection,
  partitions: readonly TopicPartition[],
): Promise<void> {
  const topics = await describeTopics(connection, [...new Set(partitions.map(({ topic }) => topic))])
  for (const { topic, partition } of partitions) {
    const described = topics.get(topic)
    if (described === undefined) throw permanentError('TOPIC_UNKNOWN', `There is no topic ${topic} in Kafka.`)
    const found = described.partitions[partition]
    if (found === undefined) {
      const count = described.partitions.length
      const message = `The topic ${topic} has ${count} partitions, from 0 on: there is no partition ${partition}.`
      throw permanentError('TOPIC_UNKNOWN', message)
    }
    if (found.leader >= 0) continue
    const message = `The partition ${partition} of ${topic} has no leader: see which of its brokers are away.`
    throw downstreamError('KAFKA_AWAY', message)
  }
}

/** Partitions by topic, as requests want them. */
export function byTopic<One extends TopicPartition, Entry>(
  partitions: readonly One[],
  entry: (one: One) => Entry,
): { name: string; partitions: Entry[] }[] {
  const grouped = Map.groupBy(partitions, ({ topic }) => topic)
  return [...grouped].map(([name, ones]) => ({ name, partitions: ones.map(entry) }))
}

/** The subject of a sentence about these topics. */
export function topicsText(names: readonly string[]): string {
  const [first, second, ...more] = names
  if (second === undefined) return `The topic ${first ?? ''}`
  return `The topics ${first}, ${second}${more.length > 0 ? ` and ${more.length} more` : ''}`
}
