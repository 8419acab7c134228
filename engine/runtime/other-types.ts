import type { RecordBatch } from '../component/record-batch.ts'

/**
 * True for a record of a type that its source passes over: it is settled, and counted apart. Throws a permanent error for
 * one that the source should not meet. Tombstones have no type, and are taken.
 */
export function passesOver(batch: RecordBatch, i: number): boolean {
  const { codec, records, lineage } = batch.origin
  const row = batch.rows[i]!
  const start = records.valueStarts[row]!
  if (start < 0 || codec.takes?.(records.bytes, start, records.valueEnds[row]!) !== false) return false
  lineage.judge(batch.lineageRow(i), 'unlisted')
  lineage.release(batch.lineageRow(i))
  return true
}
