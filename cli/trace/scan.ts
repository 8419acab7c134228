import type { ValueCodec } from '../../engine/component/codec.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import { copyOut, keyOf, type PackedRecords } from '../../engine/component/packed-records.ts'
import { fatalError } from '../../engine/errors.ts'
import { keyText } from '../letters/parked.ts'
import type { PartitionRange } from '../reconcile/reader.ts'

/** What is looked for. */
export type Wanted =
  | { readonly kind: 'field'; readonly path: string; readonly id: string }
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'position'; readonly topic: string; readonly partition: number; readonly offset: number }

export interface ScanOptions {
  readonly log: Log
  readonly wanted: Wanted
  readonly ranges: readonly PartitionRange[]
  /** How the values of a topic are encoded. */
  readonly codecs: ReadonlyMap<string, ValueCodec>
  readonly signal: AbortSignal
  /** The share that was read, from 0 to 1. */
  readonly progress: (share: number) => void
}

export interface Scanned {
  /** One record each, in the order of topics, partitions and offsets. */
  readonly found: readonly PackedRecords[]
  /** Records that were read. */
  readonly read: number
  /** Those of them whose value does not decode: the event may be one of them. */
  readonly undecodable: number
  /** Those of types that their source passes over. */
  readonly passedOver: number
}

const recordsAtOnce = 5000

/** Reads ranges of topics for the records of an event. Values are decoded no further than the field that is asked for. */
export async function scanTopics(options: ScanOptions): Promise<Scanned> {
  const { log, wanted, ranges, codecs, signal, progress } = options
  const found: PackedRecords[] = []
  const count = { read: 0, undecodable: 0, passedOver: 0 }
  const all = ranges.reduce((sum, { first, end }) => sum + end - first, 0)
  let passed = 0
  for (const { topic, partition, first, end } of ranges) {
    for (let at = first; at < end;) {
      if (signal.aborted)
        throw fatalError('HALTED', 'The search was stopped before its end: nothing can be said.')
      const { records, next } = await log.fetch({ topic, partition }, at, Math.min(recordsAtOnce, end - at))
      if (next <= at) break
      passed += next - at
      at = next
      await codecs.get(topic)!.prepare(records)
      const test = matcher(wanted, codecs.get(topic)!, records, count)
      for (let row = 0; row < records.count && records.offsets[row]! < end; row++) {
        count.read++
        if (test(row)) found.push(copyOut(records, row))
      }
      progress(all === 0 ? 1 : passed / all)
    }
  }
  return { found, ...count }
}

function matcher(
  wanted: Wanted,
  codec: ValueCodec,
  records: PackedRecords,
  count: { undecodable: number; passedOver: number },
): (row: number) => boolean {
  if (wanted.kind === 'key') return (row) => keyText(keyOf(records, row)) === wanted.id
  if (wanted.kind === 'position') return (row) => records.offsets[row] === wanted.offset
  const reader = codec.reader(wanted.path.split('.'))
  const { bytes, valueStarts, valueEnds } = records
  return (row) => {
    const start = valueStarts[row]!
    if (start < 0) return false
    try {
      if (codec.takes?.(bytes, start, valueEnds[row]!) === false) {
        count.passedOver++
        return false
      }
      return idText(reader.read(bytes, start, valueEnds[row]!)) === wanted.id
    } catch {
      count.undecodable++
      return false
    }
  }
}

/** An id as it is written on a command line; undefined for what cannot be one. */
function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : undefined
}
