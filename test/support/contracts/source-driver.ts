import type { OutgoingRecord } from '../../../engine/component/contracts/log.ts'
import type { SourceEvent, SourceReader } from '../../../engine/component/contracts/reader.ts'
import {
  type PackedRecords,
  type PlainRecord,
  plainRecord,
} from '../../../engine/component/packed-records.ts'

/** One delivered record, with parts as text so that they compare. */
export interface Delivered {
  readonly partition: number
  readonly offset: number
  readonly record: PlainRecord
}

/** Bytes for a poll that is not to be held back. */
export const enough = 1 << 20
/** A record with the given parts; otherwise a key and a value of a few bytes. */
export function record(topic: string, parts: Partial<OutgoingRecord> = {}): OutgoingRecord {
  return {
    topic,
    key: Buffer.from('key'),
    value: Buffer.from('value 0'),
    headers: [],
    timestamp: 1_700_000_000_000,
    ...parts,
  }
}

/** Small records that differ, in the given partition or where their keys lead them. */
export function plain(topic: string, count: number, partition?: number): OutgoingRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const parts = { key: Buffer.from(`key ${index % 7}`), value: Buffer.from(`value ${index}`) }
    return record(topic, partition === undefined ? parts : { ...parts, partition })
  })
}

/** The records in events, copied out. A `failed` event fails the test. */
export function delivered(events: readonly SourceEvent[]): Delivered[] {
  return events.flatMap((event) => {
    if (event.type === 'failed') throw event.error
    return event.type === 'records' ? rowsOf(event.records) : []
  })
}

function rowsOf(records: PackedRecords): Delivered[] {
  return Array.from({ length: records.count }, (_, row) => {
    return { partition: records.partition, offset: records.offsets[row]!, record: plainRecord(records, row) }
  })
}

/** The numbers of the partitions that the events assign. */
export function assignedPartitions(events: readonly SourceEvent[]): number[] {
  return events.flatMap((event) => {
    return event.type === 'assigned' ? event.partitions.map(({ partition }) => partition) : []
  })
}

/** Polls until this many partitions are assigned. */
export async function assignment(reader: SourceReader, partitions = 1): Promise<number[]> {
  return assignedPartitions(
    await pollFor(reader, (events) => assignedPartitions(events).length >= partitions, 0),
  )
}

/** Polls until the events are enough; the test's time limit and a `failed` event are the only other ends. */
export async function pollFor(
  reader: SourceReader,
  done: (events: readonly SourceEvent[]) => boolean,
  maxBytes = enough,
): Promise<SourceEvent[]> {
  const events: SourceEvent[] = []
  while (!done(events)) {
    for (const event of await reader.poll({ maxBytes, waitMs: 200 })) {
      if (event.type === 'failed') throw event.error
      events.push(event)
    }
  }
  return events
}

/** Polls until this many ends were told. */
export function readToEnd(reader: SourceReader, partitions: number): Promise<SourceEvent[]> {
  return pollFor(reader, (events) => events.filter(({ type }) => type === 'end').length >= partitions)
}

/** A record as something that compares and prints. */
export function readable({ key, value, headers, timestamp }: PlainRecord): unknown {
  const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex')
  return {
    key: hex(key),
    value: hex(value),
    headers: headers.map((each) => [each.name, hex(each.value)]),
    timestamp,
  }
}
