// Polls a reader of ours for what a test waits for.

import type { Reader } from '../../../native/reader.ts'
import type { ReaderEvent } from '../../../native/reader-events.ts'
import type { TopicPartition } from '../../../native/positions.ts'
import { plainRecord, type PackedRecords } from '../../../native/records.ts'
import type { SeenRecord } from '../../support/servers/interop-records.ts'

/** How long a test waits for what must come, in milliseconds, before it gives up. */
const patience = 30_000

/**
 * All events until those so far are enough.
 *
 * @throws Error with what was heard, where that does not happen
 */
export async function hear(
  reader: Reader,
  enough: (events: readonly ReaderEvent[]) => boolean,
): Promise<ReaderEvent[]> {
  const events: ReaderEvent[] = []
  for (const deadline = Date.now() + patience; !enough(events);) {
    if (Date.now() > deadline) throw new Error(`The reader did not tell what it should:\n${told(events)}`)
    events.push(...(await reader.poll({ maxBytes: 16 << 20, waitMs: 100 })))
  }
  return events
}

function told(events: readonly ReaderEvent[]): string {
  const line = (event: ReaderEvent): string => {
    if (event.type === 'failed')
      return `failed ${event.error.class} ${event.error.code} ${event.error.message}`
    if (event.type === 'records') return `${event.records.count} records`
    return JSON.stringify(event)
  }
  return events.map(line).join('\n')
}

/** Reads partitions from their beginnings up to where they end now; what failed meanwhile is an error. */
export async function readToEnd(
  reader: Reader,
  partitions: readonly TopicPartition[],
): Promise<SeenRecord[]> {
  await reader.assign(partitions.map((one) => ({ ...one, offset: 'beginning' as const })))
  const events = await hear(reader, (events) => {
    const failed = events.find((event) => event.type === 'failed')
    if (failed !== undefined) throw failed.error
    const ended = new Set(events.flatMap((one) => (one.type === 'end' ? [one.partition.partition] : [])))
    return ended.size === partitions.length
  })
  await reader.unassign(partitions)
  return seenIn(events)
}

/** The records in some events, by partition and offset. */
export function seenIn(events: readonly ReaderEvent[]): SeenRecord[] {
  const records = events.flatMap((event) => (event.type === 'records' ? rows(event.records) : []))
  return inOrder(records)
}

/** Records by partition and offset. */
export function inOrder<T extends { partition: number; offset: number }>(records: readonly T[]): T[] {
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function rows(records: PackedRecords): SeenRecord[] {
  return Array.from({ length: records.count }, (_, row) => {
    const { key, value, headers, timestamp } = plainRecord(records, row)
    return {
      partition: records.partition,
      offset: records.offsets[row]!,
      timestamp,
      key: key as Buffer | null,
      value: value as Buffer | null,
      headers: headers.map(({ name, value: content }) => [name, content as Buffer | null]),
    }
  })
}

/** The partitions 0 to `count` - 1 of a topic. */
export function partitionsOf(topic: string, count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}
