import { crc32 } from 'node:zlib'
import type { OutgoingRecord } from '../component/contracts/log.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { encodeHeaders } from '../component/headers.ts'

/**
 * A block: the columns of `count` records, then their bytes. Format 1, in the order of the machine (little-endian on
 * all that Node supports well): timestamps (float64 each), then key starts, key ends, value starts, value ends, header
 * starts, header ends (int32 each, relative to the bytes; -1 = null), then keys, values and headers. Offsets follow
 * from the base offset in the block's row.
 */
export const blockFormat = 1

/** What the columns of a record take. */
export const columnBytes = 8 + 6 * 4

/** Where a block lies. */
export interface BlockPlace {
  readonly partitionId: number
  readonly base: number
  readonly count: number
}

/** The bytes that a record takes in a block, with its columns; `headers` as they were encoded. */
export function recordBytes(record: OutgoingRecord, headers: Uint8Array | undefined): number {
  return columnBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0) + (headers?.length ?? 0)
}

/** The headers of a record, packed; undefined where there are none. */
export function packHeaders(record: OutgoingRecord): Uint8Array | undefined {
  return record.headers.length === 0 ? undefined : encodeHeaders(record.headers)
}

/** Packs the records at `rows`; `headers` is parallel to `records`, `bytes` the sum of their `recordBytes`. */
export function encodeBlock(
  records: readonly OutgoingRecord[],
  headers: readonly (Uint8Array | undefined)[],
  rows: readonly number[],
  bytes: number,
): Uint8Array {
  const count = rows.length
  const block = Buffer.allocUnsafeSlow(bytes)
  const columns = columnsOf(block, count)
  const body = block.subarray(count * columnBytes)
  let at = 0
  for (let index = 0; index < count; index++) {
    const row = rows[index]!
    const { key, value, timestamp } = records[row]!
    const packed = headers[row]
    columns.timestamps[index] = timestamp
    columns.keyStarts[index] = key === null ? -1 : at
    if (key !== null) {
      body.set(key, at)
      at += key.length
    }
    columns.keyEnds[index] = key === null ? -1 : at
    columns.valueStarts[index] = value === null ? -1 : at
    if (value !== null) {
      body.set(value, at)
      at += value.length
    }
    columns.valueEnds[index] = value === null ? -1 : at
    columns.headerStarts[index] = at
    if (packed !== undefined) {
      body.set(packed, at)
      at += packed.length
    }
    columns.headerEnds[index] = at
  }
  return block
}

/** A block as packed records: its columns and bytes are views into `data`. */
export function decodeBlock(
  topic: string,
  partition: number,
  place: BlockPlace,
  data: Uint8Array,
): PackedRecords {
  const { base, count } = place
  // Columns are viewed where they lie; a row that SQLite hands over starts its own memory, so this copies only if that changes.
  const aligned = data.byteOffset % 8 === 0 ? data : new Uint8Array(data)
  const offsets = new Float64Array(count)
  for (let row = 0; row < count; row++) offsets[row] = base + row
  const at = aligned.byteOffset + count * columnBytes
  const bytes = Buffer.from(aligned.buffer as ArrayBuffer, at, aligned.byteLength - count * columnBytes)
  return { topic, partition, count, bytes, offsets, ...columnsOf(aligned, count) }
}

/** The checksum of a block with its place: a block that lies at another offset than it was written for is damaged too. */
export function blockChecksum(place: BlockPlace, dataChecksum: number): number {
  return crc32(
    new Uint8Array(Float64Array.of(place.partitionId, place.base, place.count).buffer),
    dataChecksum,
  )
}

/** Rows `[from, to)` of packed records; views. */
export function sliceRecords(records: PackedRecords, from: number, to: number): PackedRecords {
  return {
    topic: records.topic,
    partition: records.partition,
    count: to - from,
    bytes: records.bytes,
    offsets: records.offsets.subarray(from, to),
    timestamps: records.timestamps.subarray(from, to),
    keyStarts: records.keyStarts.subarray(from, to),
    keyEnds: records.keyEnds.subarray(from, to),
    valueStarts: records.valueStarts.subarray(from, to),
    valueEnds: records.valueEnds.subarray(from, to),
    headerStarts: records.headerStarts.subarray(from, to),
    headerEnds: records.headerEnds.subarray(from, to),
  }
}

/** Several runs of one partition as one, copied. */
export function mergeRecords(runs: readonly PackedRecords[]): PackedRecords {
  const first = runs[0]!
  if (runs.length === 1) return first
  const count = runs.reduce((sum, run) => sum + run.count, 0)
  const columns = columnsOf(new Uint8Array(count * columnBytes), count)
  const merged = { ...first, count, offsets: new Float64Array(count), ...columns }
  let row = 0
  let shift = 0
  for (const run of runs) {
    merged.offsets.set(run.offsets, row)
    merged.timestamps.set(run.timestamps, row)
    for (const name of ranges) moveColumn(run[name], merged[name], row, shift)
    row += run.count
    shift += run.bytes.length
  }
  return { ...merged, bytes: Buffer.concat(runs.map((run) => run.bytes)) }
}

const ranges = ['keyStarts', 'keyEnds', 'valueStarts', 'valueEnds', 'headerStarts', 'headerEnds'] as const

function moveColumn(from: Int32Array, to: Int32Array, row: number, shift: number): void {
  for (let index = 0; index < from.length; index++) {
    const place = from[index]!
    to[row + index] = place < 0 ? -1 : place + shift
  }
}

function columnsOf(
  block: Uint8Array,
  count: number,
): Omit<PackedRecords, 'topic' | 'partition' | 'count' | 'bytes' | 'offsets'> {
  const { buffer, byteOffset } = block
  const range = (index: number): Int32Array =>
    new Int32Array(buffer, byteOffset + count * (8 + index * 4), count)
  return {
    timestamps: new Float64Array(buffer, byteOffset, count),
    keyStarts: range(0),
    keyEnds: range(1),
    valueStarts: range(2),
    valueEnds: range(3),
    headerStarts: range(4),
    headerEnds: range(5),
  }
}
