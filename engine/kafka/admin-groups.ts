import type { Broker } from '@platformatic/kafka'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import { byTopic } from './admin-topics.ts'
import { isAnswer } from './admin-errors.ts'
import type { AdminConnection } from './admin-connection.ts'

export interface GroupSummary {
  readonly name: string
  /** As Kafka says it: Stable, Empty, PreparingRebalance … */
  readonly state: string
}

export interface GroupDescription extends GroupSummary {
  /** `consumer` is KIP-848. */
  readonly protocol: 'classic' | 'consumer'
  readonly members: readonly GroupMember[]
}

export interface GroupMember {
  readonly id: string
  /** `group.instance.id` */
  readonly instance?: string
  readonly client: string
  readonly host: string
  readonly partitions: readonly TopicPartition[]
}

/** A committed position, and of which partition. */
export type GroupOffset = TopicPartition & CommittedPosition

export async function listGroups(connection: AdminConnection): Promise<GroupSummary[]> {
  const groups = await connection.ask('The consumer groups cannot be listed', 'Describe', (admin) =>
    admin.listGroups({ types: ['classic', 'consumer'] }),
  )
  return [...groups.values()]
    .map(({ id, state }) => ({ name: id, state: wordOf(state) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** A group with its members, undefined where there is none. */
export async function describeGroup(
  connection: AdminConnection,
  name: string,
): Promise<GroupDescription | undefined> {
  return connection.ask(`The consumer group ${name} cannot be described`, 'Describe', async (admin) => {
    const modern = await describeModern(connection, name)
    if (modern !== undefined) return modern
    const found = (await admin.describeGroups({ groups: [name] })).get(name)
    const state = wordOf(found?.state ?? 'Dead')
    if (found === undefined || state === 'Dead') return undefined
    const members = [...found.members.values()].map((member): GroupMember => {
      const assigned = [...(member.assignments ?? [])]
      return {
        id: member.id,
        ...(typeof member.groupInstanceId === 'string' && { instance: member.groupInstanceId }),
        client: member.clientId,
        host: member.clientHost.replace(/^\//, ''),
        partitions: assigned.flatMap(([topic, { partitions }]) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      }
    })
    return { name, state, protocol: 'classic', members }
  })
}

/** As far as the answer of KIP-848 is read. */
interface Described {
  readonly groups: readonly {
    readonly groupState: string
    readonly members: readonly {
      readonly memberId: string
      readonly instanceId: string | null
      readonly clientId: string
      readonly clientHost: string
      readonly assignment: {
        readonly topicPartitions: readonly {
          readonly topicName: string
          readonly partitions: readonly number[]
        }[]
      }
    }[]
  }[]
}

/** A group of KIP-848, which the older request does not see; undefined where it is none. */
async function describeModern(
  connection: AdminConnection,
  name: string,
): Promise<GroupDescription | undefined> {
  const coordinator = await coordinatorOf(connection, name)
  let answer: Described
  try {
    answer = await connection.request<Described>('ConsumerGroupDescribe', coordinator, [name], false)
  } catch (error) {
    if (isAnswer(error, 'GROUP_ID_NOT_FOUND') || isUnsupported(error)) return undefined
    throw error
  }
  const [group] = answer.groups
  if (group === undefined) return undefined
  const members = group.members.map((member): GroupMember => ({
    id: member.memberId,
    ...(member.instanceId !== null && { instance: member.instanceId }),
    client: member.clientId,
    host: member.clientHost.replace(/^\//, ''),
    partitions: member.assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
      partitions.map((partition) => ({ topic: topicName, partition })),
    ),
  }))
  return { name, state: wordOf(group.groupState), protocol: 'consumer', members }
}

async function coordinatorOf(connection: AdminConnection, group: string): Promise<Broker> {
  return connection.ask(`The coordinator of ${group} cannot be found`, 'Describe', async (admin) => {
    const ofGroups = 0
    const [found] = await admin.findCoordinator({ keyType: ofGroups, keys: [group] })
    return { host: found!.host, port: found!.port }
  })
}

/** What a group has committed; all of its partitions if none are given. Those without a position are left out. */
export async function committedOffsets(
  connection: AdminConnection,
  group: string,
  partitions?: readonly TopicPartition[],
): Promise<GroupOffset[]> {
  if (partitions?.length === 0) return []
  const topics =
    partitions &&
    byTopic(partitions, ({ partition }) => partition).map((topic) => ({
      name: topic.name,
      partitionIndexes: topic.partitions,
    }))
  const asked = topics === undefined ? group : { groupId: group, topics }
  const [found] = await connection.ask(
    `The offsets of the group ${group} cannot be told`,
    'Describe',
    (admin) => admin.listConsumerGroupOffsets({ groups: [asked] }),
  )
  return (found?.topics ?? []).flatMap(({ name, partitions: ofTopic }) =>
    ofTopic
      .filter(({ committedOffset }) => committedOffset >= 0n)
      .map(({ partitionIndex, committedOffset, metadata }) => ({
        topic: name,
        partition: partitionIndex,
        offset: Number(committedOffset),
        metadata: metadata ?? '',
      })),
  )
}

/** Commits in the name of a group without members. Metadata, such as settled ranges, is gone thereafter. */
export async function setOffsets(
  connection: AdminConnection,
  group: string,
  offsets: readonly (TopicPartition & { readonly offset: number })[],
): Promise<void> {
  if (offsets.length === 0) return
  const topics = byTopic(offsets, ({ partition, offset }) => ({ partition, offset: BigInt(offset) }))
  await connection.ask(`The offsets of the group ${group} cannot be set`, 'Read', (admin) =>
    admin.alterConsumerGroupOffsets({
      groupId: group,
      topics: topics.map(({ name, partitions }) => ({ name, partitionOffsets: partitions })),
    }),
  )
}

/** Forgets what a group without members has committed for these partitions. */
export async function deleteOffsets(
  connection: AdminConnection,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<void> {
  if (partitions.length === 0) return
  const topics = byTopic(partitions, ({ partition }) => partition)
  await connection.ask(`The offsets of the group ${group} cannot be deleted`, 'Delete', (admin) =>
    admin.deleteConsumerGroupOffsets({
      groupId: group,
      topics: topics.map((topic) => ({ name: topic.name, partitionIndexes: topic.partitions })),
    }),
  )
}

/** Deletes a group without members, and all it has committed. False if there was none. */
export async function deleteGroup(connection: AdminConnection, group: string): Promise<boolean> {
  return connection.ask(`The consumer group ${group} cannot be deleted`, 'Delete', async (admin) => {
    try {
      await admin.deleteGroups({ groups: [group] })
      return true
    } catch (error) {
      if (isAnswer(error, 'GROUP_ID_NOT_FOUND')) return false
      throw error
    }
  })
}

function isUnsupported(error: unknown): boolean {
  return (
    isAnswer(error, 'UNSUPPORTED_VERSION') || (error as { code?: string }).code === 'PLT_KFK_UNSUPPORTED_API'
  )
}

/** The client writes states as Java's constants at times: PREPARING_REBALANCE. */
function wordOf(state: string): string {
  if (!/^[A-Z_]+$/.test(state)) return state
  return state.toLowerCase().replaceAll(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())
}
