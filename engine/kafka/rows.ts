import type { PackedRecords } from '../component/packed-records.ts'

// Runs as native/ packs them: row after row, each key, value and headers; where headers end, the next row begins.

/** How many of the first rows fit into `maxBytes`; at least one. */
export function rowsIn(records: PackedRecords, maxBytes: number): number {
  if (records.bytes.length <= maxBytes) return records.count
  const end = startOf(records, 0) + maxBytes
  let row = 1
  while (row < records.count && records.headerEnds[row]! <= end) row++
  return row
}

/** The rows from `from` to before `to`, over the part of the buffer that is theirs. Copies nothing but columns. */
export function sliceRows(records: PackedRecords, from: number, to: number): PackedRecords {
  const start = startOf(records, from)
  const moved = (column: Int32Array): Int32Array =>
    column.subarray(from, to).map((at) => (at < 0 ? at : at - start))
  return {
    topic: records.topic,
    partition: records.partition,
    count: to - from,
    bytes: records.bytes.subarray(start, to === 0 ? start : records.headerEnds[to - 1]),
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

function startOf(records: PackedRecords, row: number): number {
  if (row > 0) return records.headerEnds[row - 1]!
  const [key, value, headers] = [records.keyStarts[0]!, records.valueStarts[0]!, records.headerStarts[0]!]
  return key >= 0 ? key : value >= 0 ? value : headers
}
