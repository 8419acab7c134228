import type { OutgoingBatch, OutgoingRecord } from './contracts/log.ts'
import { packRecords, plainRecord, type PackedColumns, type PlainRecord } from './packed-records.ts'

/** The records of a batch one by one, in their order; their parts are views into it. */
export function unpackBatch(batch: OutgoingBatch): OutgoingRecord[] {
  const { topic, partition, count } = batch
  const target = partition === undefined ? { topic } : { topic, partition }
  return Array.from({ length: count }, (_, row) => ({ ...plainRecord(batch, row), ...target }))
}

/** Plain records as a batch for one topic. */
export function packBatch(topic: string, records: readonly PlainRecord[], partition?: number): OutgoingBatch {
  const { bytes, count, timestamps, ...columns } = packRecords(topic, 0, records, 0)
  const { keyStarts, keyEnds, valueStarts, valueEnds, headerStarts, headerEnds } = columns
  const parts = { keyStarts, keyEnds, valueStarts, valueEnds, headerStarts, headerEnds }
  return { topic, ...(partition !== undefined && { partition }), bytes, count, timestamps, ...parts }
}

/** Some rows of a batch, in the order given, over the same buffer. */
export function selectRows(batch: OutgoingBatch, rows: Int32Array): OutgoingBatch {
  const { topic, partition } = batch
  return { topic, ...(partition !== undefined && { partition }), ...selectColumns(batch, rows) }
}

/** Bytes of key, value and headers of a row. */
export function rowBytes(columns: PackedColumns, row: number): number {
  const { keyStarts, keyEnds, valueStarts, valueEnds, headerStarts, headerEnds } = columns
  const key = keyEnds[row]! - keyStarts[row]!
  const value = valueEnds[row]! - valueStarts[row]!
  return key + value + headerEnds[row]! - headerStarts[row]!
}

/** Some rows of packed columns, in the order given, over the same buffer. */
export function selectColumns(columns: PackedColumns, rows: Int32Array): PackedColumns {
  const count = rows.length
  const timestamps = new Float64Array(count)
  for (let n = 0; n < count; n++) timestamps[n] = columns.timestamps[rows[n]!]!
  return {
    bytes: columns.bytes,
    count,
    timestamps,
    keyStarts: pick(columns.keyStarts, rows),
    keyEnds: pick(columns.keyEnds, rows),
    valueStarts: pick(columns.valueStarts, rows),
    valueEnds: pick(columns.valueEnds, rows),
    headerStarts: pick(columns.headerStarts, rows),
    headerEnds: pick(columns.headerEnds, rows),
  }
}

function pick(column: Int32Array, rows: Int32Array): Int32Array {
  const picked = new Int32Array(rows.length)
  for (let n = 0; n < rows.length; n++) picked[n] = column[rows[n]!]!
  return picked
}
