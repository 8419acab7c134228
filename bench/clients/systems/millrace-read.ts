// Ours: whole batches from the native reader, each record's value (and header) found through the batch's columns.
import { Reader } from '../../../native/reader.ts'
import type { PackedRecords } from '../../../native/records.ts'
import { fetchBytes, partitionFetchBytes } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'

const task = readTask()
const clock = stopwatch(task.seconds)
const withHeaders = task.scenario === 'read-headers'
const traceName = Buffer.from('trace')
const beginning = Array.from({ length: task.partitions }, (_, partition) => ({
  topic: task.topic,
  partition,
  offset: 0,
}))
const reader = await Reader.open({
  settings: {
    'bootstrap.servers': task.bootstrap,
    'fetch.message.max.bytes': partitionFetchBytes,
    'fetch.max.bytes': fetchBytes,
  },
})
let records = 0
let bytes = 0
let left = task.total
await reader.assign(beginning)
while (!clock.over()) {
  for (const event of await reader.poll({ maxBytes: 4 * 1024 * 1024, waitMs: 100 })) {
    if (event.type === 'failed') throw event.error
    if (event.type !== 'records') continue
    look(event.records)
    records += event.records.count
    left -= event.records.count
    reader.release(event.records)
  }
  if (left > 0) continue
  await reader.seek(beginning)
  left = task.total
}
finish({ records, bytes })

function look({
  count,
  bytes: content,
  valueStarts,
  valueEnds,
  headerStarts,
  headerEnds,
}: PackedRecords): void {
  for (let row = 0; row < count; row++) {
    bytes += valueEnds[row]! - valueStarts[row]!
    if (withHeaders) bytes += traceBytes(content, headerStarts[row]!, headerEnds[row]!)
  }
}

/** The length of the value of the header `trace`, found in place. Names and values here are shorter than 128 bytes. */
function traceBytes(content: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end;) {
    const nameStart = at + 1
    const nameEnd = nameStart + content[at]!
    const length = content[nameEnd]! - 1
    if (nameEnd - nameStart === traceName.length && isTrace(content, nameStart)) return length
    at = nameEnd + 1 + length
  }
  return 0
}

function isTrace(content: Buffer, start: number): boolean {
  for (let n = 0; n < traceName.length; n++) if (content[start + n] !== traceName[n]) return false
  return true
}
