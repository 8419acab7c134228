import type { PackedRecords, PlainRecord } from '../packed-records.ts'
import type { CommittedPosition, TopicPartition } from './position.ts'
import type { SourceReader } from './reader.ts'

/** A record on its way into a topic. Without a partition the key decides (murmur2, as Java's clients do). */
export interface OutgoingRecord extends PlainRecord {
  readonly topic: string
  readonly partition?: number
}

/** Where a record went. */
export interface RecordPosition extends TopicPartition {
  readonly offset: number
}

/** How a topic is made where it does not exist yet. */
export interface TopicOptions {
  readonly partitions?: number
  /** How long records are kept; undefined = for ever. */
  readonly retentionMs?: number
}

/** The topics of an environment: SQLite in embedded mode, Kafka in a cluster. */
export interface Log {
  /** Makes a topic if there is none; answers how many partitions it has. */
  ensureTopic(topic: string, options?: TopicOptions): Promise<number>
  /** The number of partitions, or undefined where there is no such topic. */
  partitionsOf(topic: string): Promise<number | undefined>
  /** A reader of whole topics as a member of `group`. */
  read(group: string, topics: readonly string[]): Promise<SourceReader>
  /** Appends; resolves when all are acknowledged. Rejects with a downstream error, having written a prefix or nothing. */
  append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]>
  /** The records of a partition from `offset` on, at most `limit`; for letters and for people, not for processing. */
  fetch(partition: TopicPartition, offset: number, limit: number): Promise<PackedRecords>
  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }>
  committed(group: string, partition: TopicPartition): Promise<CommittedPosition | undefined>
}
