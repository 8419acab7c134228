import { cutRecords, type PackedRecords } from '../component/packed-records.ts'

/** The rows from `from` to before `to`, over the part of the buffer that is theirs. Copies nothing but columns. */
export function sliceRecords(records: PackedRecords, from: number, to: number): PackedRecords {
  if (from === 0 && to === records.count) return records
  const starts = [records.keyStarts, records.valueStarts, records.headerStarts]
  const ends = [records.keyEnds, records.valueEnds, records.headerEnds]
  let low = records.bytes.length
  let high = 0
  for (let row = from; row < to; row++) {
    for (const column of starts) if (column[row]! >= 0) low = Math.min(low, column[row]!)
    for (const column of ends) high = Math.max(high, column[row]!)
  }
  return cutRecords(records, { from, to, low, high: Math.max(low, high) })
}
