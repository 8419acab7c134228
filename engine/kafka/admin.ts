import type { TopicPartition } from '../component/contracts/position.ts'
import { AdminConnection, type AdminConnectionOptions } from './admin-connection.ts'
import {
  committedOffsets,
  deleteGroup,
  deleteOffsets,
  describeGroup,
  listGroups,
  setOffsets,
  type GroupDescription,
  type GroupOffset,
  type GroupSummary,
} from './admin-groups.ts'
import { addPartitions, alterTopic, createTopic, deleteTopics, type NewTopic } from './admin-topic-changes.ts'
import {
  deleteRecords,
  describeCluster,
  describeTopics,
  listOffsets,
  topicSettings,
  type ClusterDescription,
  type OffsetWanted,
  type TopicDescription,
  type TopicSetting,
} from './admin-topics.ts'
import { untilEnded } from './admin-transactions.ts'
import type { KafkaSettings } from './settings.ts'

/**
 * Topics, settings, groups and offsets of a Kafka cluster; for people and for setting up, not for processing. Every
 * request has a time limit. All reject with a MillraceError: `downstream` (KAFKA_AWAY), `fatal` (KAFKA_REFUSED: TLS,
 * credentials, permissions) or `permanent` (TOPIC_UNKNOWN, GROUP_UNKNOWN, GROUP_BUSY, KAFKA_REFUSED).
 */
export class KafkaAdmin {
  readonly #connection: AdminConnection

  private constructor(connection: AdminConnection) {
    this.#connection = connection
  }

  /** Loads the client; nothing is connected before the first request. */
  static async open(settings: KafkaSettings, options: AdminConnectionOptions = {}): Promise<KafkaAdmin> {
    return new KafkaAdmin(await AdminConnection.open(settings, options))
  }

  cluster(): Promise<ClusterDescription> {
    return describeCluster(this.#connection)
  }

  /** Topics by name, without those that do not exist; all that may be seen if no names are given. */
  topics(names?: readonly string[]): Promise<Map<string, TopicDescription>> {
    return describeTopics(this.#connection, names)
  }

  /** The number of partitions, or undefined where there is no such topic. */
  async partitionsOf(name: string): Promise<number | undefined> {
    return (await this.topics([name])).get(name)?.partitions.length
  }

  /** The settings of topics that exist, by topic and by name. */
  settings(names: readonly string[]): Promise<Map<string, ReadonlyMap<string, TopicSetting>>> {
    return topicSettings(this.#connection, names)
  }

  /** Makes a topic; false if there was one already, which stays as it is. */
  createTopic(name: string, topic: NewTopic = {}): Promise<boolean> {
    return createTopic(this.#connection, name, topic)
  }

  /** Gives a topic more partitions. Keys that were in one partition are then spread anew. */
  addPartitions(name: string, total: number): Promise<void> {
    return addPartitions(this.#connection, name, total)
  }

  /** Sets settings of a topic; null restores the broker's default. What is not named stays. */
  alterTopic(name: string, changes: Readonly<Record<string, string | null>>): Promise<void> {
    return alterTopic(this.#connection, name, changes)
  }

  deleteTopics(names: readonly string[]): Promise<void> {
    return deleteTopics(this.#connection, names)
  }

  /** Deletes what lies before these offsets, for good. */
  deleteRecords(before: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    return deleteRecords(this.#connection, before)
  }

  /**
   * The offset of each partition; undefined where no record is that late. As read_committed sees it (the default), the
   * latest is the last stable offset.
   */
  offsets(
    partitions: readonly TopicPartition[],
    wanted: OffsetWanted,
    isolation?: 'read_committed' | 'read_uncommitted',
  ): Promise<(number | undefined)[]> {
    return listOffsets(this.#connection, partitions, wanted, isolation)
  }

  groups(): Promise<GroupSummary[]> {
    return listGroups(this.#connection)
  }

  /** A group with its members, of either protocol; undefined where there is none. */
  group(name: string): Promise<GroupDescription | undefined> {
    return describeGroup(this.#connection, name)
  }

  /**
   * What a group has committed, with metadata; all of its partitions if none are given. Those without a position are left
   * out, and so is what an open transaction is about to commit.
   */
  committed(group: string, partitions?: readonly TopicPartition[]): Promise<GroupOffset[]> {
    return committedOffsets(this.#connection, group, partitions)
  }

  /** Commits in the name of a group without members (GROUP_BUSY otherwise). Metadata is gone thereafter. */
  setOffsets(
    group: string,
    offsets: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<void> {
    return setOffsets(this.#connection, group, offsets)
  }

  /** Forgets what a group without members has committed for these partitions. */
  deleteOffsets(group: string, partitions: readonly TopicPartition[]): Promise<void> {
    return deleteOffsets(this.#connection, group, partitions)
  }

  /** Deletes a group without members, and all it has committed. False if there was none. */
  deleteGroup(group: string): Promise<boolean> {
    return deleteGroup(this.#connection, group)
  }

  /**
   * Resolves when the last transaction of this id, committed or aborted, can be seen to be so; after three seconds too, and where
   * nobody can tell. Never rejects.
   */
  untilEnded(transactionalId: string): Promise<void> {
    return untilEnded(this.#connection, transactionalId)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
