import type { TopicPartition } from '../component/contracts/position.ts'
import type { PackedRecords } from '../component/packed-records.ts'

/** What of one partition is read. */
export interface ReadBound {
  /** The first offset that is read. */
  readonly start: number
  /** The first one that is not. */
  readonly end: number
  /** Of what lies between, only records of this time or later (milliseconds since 1970, as the topic keeps them). */
  readonly since: number
  /** And before this one. */
  readonly until: number
}

/** The bound of a partition; undefined for one that is read as it is. */
export type BoundOf = (partition: TopicPartition) => ReadBound | undefined

/** True for a record that is within. */
export function isWithin(bound: ReadBound, offset: number, timestamp: number): boolean {
  const { start, end, since, until } = bound
  return offset >= start && offset < end && timestamp >= since && timestamp < until
}

/** How many records lie between the offsets, of whatever time. */
export function countBetween({ count, offsets }: PackedRecords, { start, end }: ReadBound): number {
  let between = 0
  for (let row = 0; row < count; row++) if (offsets[row]! >= start && offsets[row]! < end) between++
  return between
}

/** The rows that are within, as a run over the same buffer; the same run where that is all, undefined where it is none. */
export function recordsWithin(records: PackedRecords, bound: ReadBound): PackedRecords | undefined {
  const rows = new Int32Array(records.count)
  let count = 0
  for (let row = 0; row < records.count; row++)
    if (isWithin(bound, records.offsets[row]!, records.timestamps[row]!)) rows[count++] = row
  if (count === 0) return undefined
  return count === records.count ? records : pickRecords(records, rows.subarray(0, count))
}

function pickRecords(records: PackedRecords, rows: Int32Array): PackedRecords {
  const picked = (column: Int32Array): Int32Array => Int32Array.from(rows, (row) => column[row]!)
  const exact = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row]!)
  return {
    topic: records.topic,
    partition: records.partition,
    count: rows.length,
    bytes: records.bytes,
    offsets: exact(records.offsets),
    timestamps: exact(records.timestamps),
    keyStarts: picked(records.keyStarts),
    keyEnds: picked(records.keyEnds),
    valueStarts: picked(records.valueStarts),
    valueEnds: picked(records.valueEnds),
    headerStarts: picked(records.headerStarts),
    headerEnds: picked(records.headerEnds),
  }
}
