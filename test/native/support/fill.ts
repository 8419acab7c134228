// Records for tests of readers, written by a writer.

import type { BatchColumns } from '../../../native/write-results.ts'
import { Writer } from '../../../native/writer.ts'

export interface FillOptions {
  /** Records in each partition. */
  readonly count: number
  readonly partitions?: number
  /** The first number; values are `value-<partition>-<number>`, padded to `size`. */
  readonly from?: number
  readonly size?: number
}

/** Writes numbered records into each partition: keys `key-<number>`, values `value-<partition>-<number>`. */
export async function fill(bootstrap: string, topic: string, options: FillOptions): Promise<void> {
  const { count, partitions = 1, from = 0, size = 0 } = options
  const writer = await Writer.open({ settings: { 'bootstrap.servers': bootstrap } })
  try {
    for (let partition = 0; partition < partitions; partition++) {
      for (let at = from; at < from + count; at += 10_000) {
        const columns = numbered(partition, at, Math.min(10_000, from + count - at), size)
        const { failed } = await writer.write(topic, columns, { partition })
        if (failed.length > 0) throw failed[0]!.error
      }
    }
  } finally {
    await writer.close()
  }
}

/** A batch of `count` numbered records. */
export function numbered(partition: number, from: number, count: number, size = 0): BatchColumns {
  const parts: Buffer[] = []
  const column = () => new Int32Array(count)
  const [keyStarts, keyEnds, valueStarts, valueEnds] = [column(), column(), column(), column()]
  let at = 0
  for (let row = 0; row < count; row++) {
    const key = Buffer.from(`key-${from + row}`)
    const value = Buffer.from(`value-${partition}-${from + row}`.padEnd(size, '.'))
    keyStarts[row] = at
    keyEnds[row] = valueStarts[row] = at + key.length
    valueEnds[row] = at += key.length + value.length
    parts.push(key, value)
  }
  const none = new Int32Array(count)
  const timestamps = new Float64Array(count)
  const bytes = Buffer.concat(parts)
  return {
    count,
    bytes,
    timestamps,
    keyStarts,
    keyEnds,
    valueStarts,
    valueEnds,
    headerStarts: none,
    headerEnds: none,
  }
}
