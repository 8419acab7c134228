import type { KafkaError } from './errors.ts'
import type { PackedRecords } from './records.ts'

/** What `write` takes of a batch: records as they are read, or columns of the caller's own. */
export type BatchColumns = Omit<PackedRecords, 'topic' | 'partition' | 'offsets'>

/** A record that was not written. */
export interface FailedRecord {
  /** Its place in the batch. */
  readonly row: number
  readonly error: KafkaError
  /** It was sent and never answered for: it may be in the topic all the same. */
  readonly maybeWritten: boolean
}

/** Where the records of a batch have gone, by row. */
export interface WriteResult {
  readonly partitions: Int32Array
  /**
   * -1 where the record failed, and in rare cases where it was written: the broker does not say where it had already put
   * a record that was sent twice.
   */
  readonly offsets: Float64Array
  /** Ascending by row. The others are written. */
  readonly failed: readonly FailedRecord[]
}
