import { decodeHeaders, encodeHeaders, type Header } from './headers.ts'
import type { PackedColumns } from './packed-columns.ts'
import { RecordPacker } from './record-packer.ts'

export type { PackedColumns } from './packed-columns.ts'

/** A record outside a batch: what `produce`, letters and outputs are made of. `null` as value is a tombstone. */
export interface PlainRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
  /** Milliseconds since 1970, as the topic keeps it. */
  readonly timestamp: number
}

/**
 * Records of one partition, packed. Offsets ascend, with gaps where the log has them, and are exact (below 2^53).
 * Immutable once a source has handed it over, and never copied as a whole.
 */
export interface PackedRecords extends PackedColumns {
  readonly topic: string
  readonly partition: number
  readonly offsets: Float64Array
}

const none = new Uint8Array(0)

/** Packs plain records, one after the other from `firstOffset`. Offsets of its own go into `offsets`. */
export function packRecords(
  topic: string,
  partition: number,
  records: readonly PlainRecord[],
  firstOffset: number,
  offsets?: readonly number[],
): PackedRecords {
  const count = records.length
  const headers = records.map((record) =>
    record.headers.length === 0 ? none : encodeHeaders(record.headers),
  )
  // Just the room that they take: a record that waits may be kept for long.
  const room = records.reduce(
    (sum, { key, value }, row) => sum + (key?.length ?? 0) + (value?.length ?? 0) + headers[row]!.length,
    0,
  )
  const packer = new RecordPacker(count, room)
  for (const [row, { timestamp, key, value }] of records.entries()) {
    packer.begin(timestamp)
    packer.key(key)
    packer.value(value)
    packer.encodedHeaders(headers[row]!)
    packer.end()
  }
  const own = new Float64Array(count)
  for (let row = 0; row < count; row++) own[row] = offsets?.[row] ?? firstOffset + row
  return { topic, partition, offsets: own, ...packer.columns() }
}

/** One record copied out of a batch, so that the batch's buffer may go. */
export function copyOut(records: PackedRecords, row: number): PackedRecords {
  return packRecords(records.topic, records.partition, [plainRecord(records, row)], records.offsets[row]!)
}

/** Row `row` as a plain record; its parts are views into the batch. */
export function plainRecord(records: PackedColumns, row: number): PlainRecord {
  return {
    key: keyOf(records, row),
    value: valueOf(records, row),
    headers: decodeHeaders(records.bytes, records.headerStarts[row]!, records.headerEnds[row]!),
    timestamp: records.timestamps[row]!,
  }
}

/** The key's bytes (a view), or null. */
export function keyOf(records: PackedColumns, row: number): Buffer | null {
  const start = records.keyStarts[row]!
  return start < 0 ? null : records.bytes.subarray(start, records.keyEnds[row])
}

/** The value's bytes (a view), or null for a tombstone. */
export function valueOf(records: PackedColumns, row: number): Buffer | null {
  const start = records.valueStarts[row]!
  return start < 0 ? null : records.bytes.subarray(start, records.valueEnds[row])
}

/** The key as a string that is equal for equal bytes; undefined for null. For maps by key, not for people. */
export function keyText(records: PackedRecords, row: number): string | undefined {
  const start = records.keyStarts[row]!
  return start < 0 ? undefined : records.bytes.toString('latin1', start, records.keyEnds[row])
}

/** The rows from `from` to before `to`, which lie in the buffer from `low` to before `high`. Copies nothing but columns. */
export function cutRecords(
  records: PackedRecords,
  {
    from,
    to,
    low,
    high,
  }: { readonly from: number; readonly to: number; readonly low: number; readonly high: number },
): PackedRecords {
  const moved = (column: Int32Array): Int32Array =>
    column.subarray(from, to).map((at) => (at < 0 ? at : at - low))
  return {
    topic: records.topic,
    partition: records.partition,
    count: to - from,
    bytes: records.bytes.subarray(low, high),
    offsets: records.offsets.subarray(from, to),
    timestamps: records.timestamps.subarray(from, to),
    keyStarts: moved(records.keyStarts),
    keyEnds: moved(records.keyEnds),
    valueStarts: moved(records.valueStarts),
    valueEnds: moved(records.valueEnds),
    headerStarts: moved(records.headerStarts),
    headerEnds: moved(records.headerEnds),
  }
}
