import type { BatchColumns } from '../../../native/write-results.ts'
import { writtenRecords } from './written-records.ts'

/** The same records as `writtenRecords` makes, packed in batches. */
export function writtenBatches(batches: number, size: number): BatchColumns[] {
  const records = writtenRecords(batches * size)
  return Array.from({ length: batches }, (_, n) => pack(records.slice(n * size, (n + 1) * size)))
}

function pack(records: ReturnType<typeof writtenRecords>): BatchColumns {
  const count = records.length
  const keyStarts = new Int32Array(count)
  const keyEnds = new Int32Array(count)
  const valueEnds = new Int32Array(count)
  let at = 0
  for (const [row, { key, value }] of records.entries()) {
    keyStarts[row] = at
    keyEnds[row] = at + key.length
    at += key.length + value.length
    valueEnds[row] = at
  }
  return {
    count,
    bytes: Buffer.concat(records.flatMap(({ key, value }) => [key, value])),
    timestamps: new Float64Array(count),
    keyStarts,
    keyEnds,
    valueStarts: keyEnds,
    valueEnds,
    headerStarts: new Int32Array(count),
    headerEnds: new Int32Array(count),
  }
}
