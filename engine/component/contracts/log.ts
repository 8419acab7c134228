import type { MillraceError } from '../../errors.ts'
import type { PackedColumns, PackedRecords, PlainRecord } from '../packed-records.ts'
import type { CommittedPosition, TopicPartition } from './position.ts'
import type { ReadPolicy, SourceReader } from './reader.ts'

/** A record on its way into a topic. Without a partition the key decides (murmur2, as Java's clients do). */
export interface OutgoingRecord extends PlainRecord {
  readonly topic: string
  readonly partition?: number
}

/** Records for one topic, packed. Nobody changes them before the write is answered. */
export interface OutgoingBatch extends PackedColumns {
  readonly topic: string
  /** The partition of all of them; by their keys, if it is not given. */
  readonly partition?: number
}

/** How a batch is written. */
export interface WriteOptions {
  /** It overtakes what is written without that, where anything has to wait. False if not given. */
  readonly ahead?: boolean
  /** Who writes, such as the topology. Where anything has to wait, those of each name get their turn. */
  readonly writer?: string
}

/** A record of a written batch that was not taken. */
export interface FailedRow {
  readonly row: number
  readonly error: unknown
}

/** Where a record went. */
export interface RecordPosition extends TopicPartition {
  readonly offset: number
}

/** What became of a record: its position, or why it was not written. Of the error the kind says whether that may pass. */
export type AppendOutcome = RecordPosition | MillraceError

/** How a topic is made where it does not exist yet. */
export interface TopicOptions {
  readonly partitions?: number
  /** How long records are kept; undefined = for ever. */
  readonly retentionMs?: number
  /** The largest record that it takes, bytes; undefined = as is usual there. */
  readonly recordBytes?: number
}

/** What `Log.fetch` found. */
export interface Fetched {
  readonly records: PackedRecords
  readonly next: number
}

/** The topics of an environment: SQLite in embedded mode, Kafka in a cluster. */
export interface Log {
  /** Makes a topic if there is none; answers how many partitions it has. */
  ensureTopic(topic: string, options?: TopicOptions): Promise<number>
  /** The number of partitions, or undefined where there is no such topic. */
  partitionsOf(topic: string): Promise<number | undefined>
  /** A reader of whole topics as a member of `group`. */
  read(group: string, topics: readonly string[], policy?: ReadPolicy): Promise<SourceReader>
  /** Appends; resolves when all are acknowledged. Rejects with a downstream error, having written a prefix or nothing. */
  append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]>
  /**
   * Appends a batch; resolves when each record is acknowledged or refused: the refused ones are answered. Rejects with a
   * downstream error, having written some of it or nothing. `ahead`: it need not wait for what is written without that.
   */
  write(batch: OutgoingBatch, options?: WriteOptions): Promise<readonly FailedRow[]>
  /**
   * The records of a partition from `offset` on, at most `limit`; for letters and for people, not for processing. `next`
   * is where to go on: beyond gaps (markers of transactions, aborted records) that no record tells of.
   */
  fetch(partition: TopicPartition, offset: number, limit: number): Promise<Fetched>
  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }>
  /** The ends of several partitions, in their order, for the price of one question; absent where each costs nothing. */
  ends?(partitions: readonly TopicPartition[]): Promise<readonly number[]>
  committed(group: string, partition: TopicPartition): Promise<CommittedPosition | undefined>
  /** Deletes records of a partition that lie before an offset, for good; as many as is easily done. */
  trim?(before: TopicPartition & { readonly offset: number }): Promise<void>
}
