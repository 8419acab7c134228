import { Reader } from '../../native/reader.ts'
import { plainRecord, type PlainRecord } from '../../native/records.ts'

/** A record as it lies in a topic. */
export interface StoredRecord extends Required<PlainRecord> {
  readonly partition: number
  readonly offset: number
}

/** All records of a topic from the beginning, by partition and offset; committed ones only, unless told otherwise. */
export async function readTopic(
  bootstrap: string,
  topic: string,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<StoredRecord[]> {
  const reader = await Reader.open({
    settings: { 'bootstrap.servers': bootstrap, 'isolation.level': isolation },
  })
  const count = await reader.partitionCount(topic)
  const open = new Set(Array.from({ length: count }, (_, partition) => partition))
  await reader.assign([...open].map((partition) => ({ topic, partition, offset: 'beginning' as const })))
  const stored: StoredRecord[] = []
  while (open.size > 0) {
    for (const event of await reader.poll({ maxBytes: 1 << 20, waitMs: 1000 })) {
      if (event.type === 'end') open.delete(event.partition.partition)
      if (event.type === 'failed' && event.error.class !== 'downstream') throw event.error
      if (event.type !== 'records') continue
      const { records } = event
      for (let row = 0; row < records.count; row++)
        stored.push({
          ...plainRecord(records, row),
          partition: records.partition,
          offset: records.offsets[row]!,
        })
    }
  }
  await reader.close()
  return stored.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** The values of records as text, null for tombstones. */
export function texts(records: readonly StoredRecord[]): (string | null)[] {
  return records.map(({ value }) => (value === null ? null : Buffer.from(value).toString()))
}
