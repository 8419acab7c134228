import { packHeaders, type PlainRecord } from './records.ts'
import type { BatchColumns, FailedRecord, WriteResult } from './write-results.ts'

/** A record on its own, with where it goes. */
export interface AddressedRecord extends PlainRecord {
  readonly topic: string
  /** By the key, if it is not given. */
  readonly partition?: number
}

/** The records of one topic, packed, and which of the caller's records they are. */
export interface TopicBatch {
  readonly topic: string
  readonly columns: BatchColumns
  readonly partitions: Int32Array
  /** `rows[i]` is the caller's number of the batch's row i; ascending. */
  readonly rows: Int32Array
}

/** Packs records into one batch a topic; within each, their order is kept. */
export function packByTopic(records: readonly AddressedRecord[]): TopicBatch[] {
  const byTopic = new Map<string, number[]>()
  for (const [row, { topic }] of records.entries()) {
    const rows = byTopic.get(topic)
    if (rows === undefined) byTopic.set(topic, [row])
    else rows.push(row)
  }
  return [...byTopic].map(([topic, rows]) => {
    const chosen = rows.map((row) => records[row]!)
    return {
      topic,
      columns: packPlain(chosen),
      partitions: Int32Array.from(chosen, ({ partition = -1 }) => partition),
      rows: Int32Array.from(rows),
    }
  })
}

/** Packs plain records. A record without a timestamp gets that of now when it is written. */
export function packPlain(records: readonly PlainRecord[]): BatchColumns {
  const count = records.length
  const headers = records.map((record) => packHeaders(record.headers ?? []))
  const size = records.reduce(
    (sum, { key, value }, row) => sum + (key?.length ?? 0) + (value?.length ?? 0) + headers[row]!.length,
    0,
  )
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  const column = (part: (row: number) => Uint8Array | null) => {
    const starts = new Int32Array(count).fill(-1)
    const ends = new Int32Array(count).fill(-1)
    for (let row = 0; row < count; row++) {
      const content = part(row)
      if (content === null) continue
      bytes.set(content, at)
      starts[row] = at
      at += content.length
      ends[row] = at
    }
    return { starts, ends }
  }
  const keys = column((row) => records[row]!.key)
  const values = column((row) => records[row]!.value)
  const packed = column((row) => headers[row]!)
  return {
    count,
    bytes,
    timestamps: Float64Array.from(records, ({ timestamp = -1 }) => timestamp),
    keyStarts: keys.starts,
    keyEnds: keys.ends,
    valueStarts: values.starts,
    valueEnds: values.ends,
    headerStarts: packed.starts,
    headerEnds: packed.ends,
  }
}

/** Puts the results of batches together, in the order of the caller's records. */
export function mergeResults(
  count: number,
  batches: readonly TopicBatch[],
  results: readonly WriteResult[],
): WriteResult {
  const partitions = new Int32Array(count)
  const offsets = new Float64Array(count)
  const failed: FailedRecord[] = []
  for (const [index, { rows }] of batches.entries()) {
    const result = results[index]!
    for (const [row, place] of rows.entries()) {
      partitions[place] = result.partitions[row]!
      offsets[place] = result.offsets[row]!
    }
    for (const failure of result.failed) failed.push({ ...failure, row: rows[failure.row]! })
  }
  return { partitions, offsets, failed: failed.sort((a, b) => a.row - b.row) }
}
