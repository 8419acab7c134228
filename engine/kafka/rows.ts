import { cutRecords, type PackedRecords } from '../component/packed-records.ts'

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
  const low = startOf(records, from)
  return cutRecords(records, { from, to, low, high: to === 0 ? low : records.headerEnds[to - 1]! })
}

function startOf(records: PackedRecords, row: number): number {
  if (row > 0) return records.headerEnds[row - 1]!
  const [key, value, headers] = [records.keyStarts[0]!, records.valueStarts[0]!, records.headerStarts[0]!]
  return key >= 0 ? key : value >= 0 ? value : headers
}
