import type {
  FailedRow,
  Fetched,
  Log,
  OutgoingBatch,
  OutgoingRecord,
  RecordPosition,
  TopicOptions,
  WriteOptions,
} from '../../engine/component/contracts/log.ts'
import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import type { ReadPolicy, SourceReader } from '../../engine/component/contracts/reader.ts'

/** A member that is told, topic by topic, how it reads. */
export interface PoliticMember extends SourceReader {
  follow(topics: readonly string[], policy: ReadPolicy): void
}

/** The topics as one member of a group has them: whatever it reads comes through that one membership. */
export class MemberLog implements Log {
  readonly #log: Log
  readonly #member: PoliticMember

  constructor(log: Log, member: PoliticMember) {
    this.#log = log
    this.#member = member
  }

  ensureTopic(topic: string, options?: TopicOptions): Promise<number> {
    return this.#log.ensureTopic(topic, options)
  }

  partitionsOf(topic: string): Promise<number | undefined> {
    return this.#log.partitionsOf(topic)
  }

  read(_group: string, topics: readonly string[], policy: ReadPolicy = {}): Promise<SourceReader> {
    this.#member.follow(topics, policy)
    return Promise.resolve(this.#member)
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]> {
    return this.#log.append(records)
  }

  write(batch: OutgoingBatch, options?: WriteOptions): Promise<readonly FailedRow[]> {
    return this.#log.write(batch, options)
  }

  fetch(partition: TopicPartition, offset: number, limit: number): Promise<Fetched> {
    return this.#log.fetch(partition, offset, limit)
  }

  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.#log.bounds(partition)
  }

  committed(group: string, partition: TopicPartition): Promise<CommittedPosition | undefined> {
    return this.#log.committed(group, partition)
  }

  async trim(before: TopicPartition & { readonly offset: number }): Promise<void> {
    await this.#log.trim?.(before)
  }
}
