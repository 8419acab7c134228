import type { Log, OutgoingRecord, RecordPosition } from '../../engine/component/contracts/log.ts'
import { keyOf, valueOf, type PackedRecords } from '../../engine/component/packed-records.ts'
import type { FirstSince } from './times.ts'

/** A record that a sink makes of another, and where it is in its topic. */
export interface TracedOutput {
  readonly topic: string
  /** Where a record with the same key, time and value is; several where it was written again. */
  readonly found: readonly RecordPosition[]
  /** Where one with the same key and time has another value. */
  readonly similar: readonly RecordPosition[]
  /** False where the topic is not there. */
  readonly topicExists: boolean
}

const recordsAtOnce = 5000
const mostTold = 20

/**
 * Looks for a record in the topic that it was for: by its key, its time (the event time of what it was made of) and its
 * bytes. Nothing in it says which record it was made of. Each partition is read from the first record of that time on.
 */
export async function tracedOutput(
  log: Log,
  firstSince: FirstSince,
  wanted: OutgoingRecord,
  progress: (share: number) => void,
): Promise<TracedOutput> {
  const { topic, timestamp } = wanted
  const partitions = await log.partitionsOf(topic)
  const found: RecordPosition[] = []
  const similar: RecordPosition[] = []
  for (let partition = 0; partition < (partitions ?? 0); partition++) {
    const { first, end } = await log.bounds({ topic, partition })
    const from = (await firstSince({ topic, partition }, timestamp)) ?? end
    for (let at = Math.max(first, from); at < end;) {
      const { records, next } = await log.fetch({ topic, partition }, at, recordsAtOnce)
      if (next <= at) break
      for (let row = 0; row < records.count; row++) {
        const kind = likeness(records, row, wanted)
        const list = kind === 'same' ? found : similar
        if (kind !== 'other' && list.length < mostTold)
          list.push({ topic, partition, offset: records.offsets[row]! })
      }
      at = next
      progress((partition + (at - first) / (end - first)) / partitions!)
    }
  }
  return { topic, found, similar, topicExists: partitions !== undefined }
}

function likeness(records: PackedRecords, row: number, wanted: OutgoingRecord): 'same' | 'similar' | 'other' {
  if (records.timestamps[row] !== Math.trunc(wanted.timestamp)) return 'other'
  if (!sameBytes(keyOf(records, row), wanted.key)) return 'other'
  return sameBytes(valueOf(records, row), wanted.value) ? 'same' : 'similar'
}

function sameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === null || right === null) return left === right
  return Buffer.compare(left, right) === 0
}
