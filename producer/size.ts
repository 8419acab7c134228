import type { OutgoingRecord } from '../engine/component/contracts/log.ts'

/** What holds a record together, roughly. */
const overhead = 100

/** The bytes that a record takes while it waits, in memory or on disk, roughly. */
export function recordSize({ key, value, headers, topic }: OutgoingRecord): number {
  let bytes = overhead + topic.length + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += header.name.length + (header.value?.length ?? 0)
  return bytes
}
