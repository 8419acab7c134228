import type { Log } from '../../engine/component/contracts/log.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { PollRequest, SourceEvent, SourceReader } from '../../engine/component/contracts/reader.ts'
import type { PackedRecords } from '../../engine/component/packed-records.ts'

/** What of a partition is read: the records from `first` to `end`. */
export interface PartitionRange extends TopicPartition {
  readonly first: number
  readonly end: number
}

const recordsAtOnce = 5000
const pauseMs = 20

interface Cursor extends PartitionRange {
  next: number
  started: boolean
  paused: boolean
  /** The offset behind the last record that was delivered. */
  delivered: number
  toldEnd: boolean
}

/** Reads ranges of partitions once, as no member of any group. */
export class RangeReader implements SourceReader {
  readonly #log: Log
  readonly #cursors: Cursor[]
  readonly #seen: (records: PackedRecords) => void | Promise<void>
  #assigned = false
  #turn = 0
  #closed = false

  /** `seen` gets all that is delivered. */
  constructor(
    log: Log,
    ranges: readonly PartitionRange[],
    seen: (records: PackedRecords) => void | Promise<void>,
  ) {
    this.#log = log
    this.#seen = seen
    this.#cursors = ranges.map((range) => ({
      ...range,
      next: range.first,
      started: false,
      paused: false,
      delivered: 0,
      toldEnd: false,
    }))
  }

  async poll({ maxBytes, waitMs }: PollRequest): Promise<SourceEvent[]> {
    if (!this.#assigned) {
      this.#assigned = true
      return [{ type: 'assigned', partitions: this.#cursors.map(partitionOf), epoch: 1 }]
    }
    const cursor = maxBytes > 0 && !this.#closed ? this.#nextCursor() : undefined
    if (cursor === undefined) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, pauseMs)))
      return []
    }
    try {
      return await this.#read(cursor)
    } catch (error) {
      return [{ type: 'failed', error }]
    }
  }

  async #read(cursor: Cursor): Promise<SourceEvent[]> {
    const partition = partitionOf(cursor)
    if (cursor.next >= cursor.end) {
      cursor.toldEnd = true
      // Markers of transactions, and what was deleted, are no records: the way to the end goes over them.
      const offset = Math.max(cursor.end, cursor.delivered)
      return [
        { type: 'passed', partition, offset },
        { type: 'end', partition, offset },
      ]
    }
    const { records, next } = await this.#log.fetch(partition, cursor.next, recordsAtOnce)
    // What was deleted since the beginning is gone; nothing more comes.
    cursor.next = next > cursor.next ? next : cursor.end
    if (records.count === 0) return []
    cursor.delivered = records.offsets[records.count - 1]! + 1
    await this.#seen(records)
    return [{ type: 'records', records }]
  }

  #nextCursor(): Cursor | undefined {
    for (let tried = 0; tried < this.#cursors.length; tried++) {
      const cursor = this.#cursors[this.#turn++ % this.#cursors.length]!
      if (cursor.started && !cursor.paused && !cursor.toldEnd) return cursor
    }
    return undefined
  }

  async start(partition: TopicPartition): Promise<void> {
    this.#cursor(partition).started = true
  }

  async release(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.#cursor(partition).started = false
  }

  pause(partition: TopicPartition): void {
    this.#cursor(partition).paused = true
  }

  resume(partition: TopicPartition): void {
    this.#cursor(partition).paused = false
  }

  async bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    const { first, end } = this.#cursor(partition)
    return { first, end }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #cursor({ topic, partition }: TopicPartition): Cursor {
    return this.#cursors.find((one) => one.topic === topic && one.partition === partition)!
  }
}

function partitionOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
