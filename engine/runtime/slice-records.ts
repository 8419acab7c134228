import type { PackedRecords } from '../component/packed-records.ts'

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
  const moved = (column: Int32Array): Int32Array =>
    column.subarray(from, to).map((at) => (at < 0 ? at : at - low))
  return {
    topic: records.topic,
    partition: records.partition,
    count: to - from,
    bytes: records.bytes.subarray(low, Math.max(low, high)),
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
