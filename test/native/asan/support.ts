// What scenarios share: records in a mock cluster, and reading them in a group.
import { packPlain } from '../../../native/plain-batches.ts'
import type { Reader } from '../../../native/reader.ts'
import { Writer } from '../../../native/writer.ts'
import type { MockCluster } from '../../support/mock-cluster.ts'

/** Writes records with keys, values, headers, nulls and empty values to one partition. */
export async function fill(cluster: MockCluster, topic: string, count: number, partition = 0): Promise<void> {
  const writer = await Writer.open({ settings: { 'bootstrap.servers': cluster.bootstrap } })
  const record = (n: number) => ({
    key: n % 3 === 0 ? null : Buffer.from(`key ${n}`),
    value: n % 7 === 0 ? null : Buffer.alloc(n % 200, n),
    headers: n % 2 === 0 ? [] : [{ name: 'trace', value: Buffer.from([0, n % 256, 255]) }],
  })
  const { failed } = await writer.write(
    topic,
    packPlain(Array.from({ length: count }, (_, n) => record(n))),
    { partition },
  )
  await writer.close()
  if (failed.length > 0) throw failed[0]!.error
}

/** Polls until so many records came, answering assignments from the beginning; every byte of them is looked at. */
export async function read(reader: Reader, wanted: number, maxBytes = 1 << 16): Promise<number> {
  let sum = 0
  for (let seen = 0; seen < wanted;)
    for (const event of await reader.poll({ maxBytes, waitMs: 1000 })) {
      if (event.type === 'assigned')
        await reader.assign(
          event.partitions.map((partition) => ({ ...partition, offset: 'beginning' as const })),
        )
      if (event.type === 'revoked') await reader.unassign(event.partitions)
      if (event.type === 'failed' && event.error.class !== 'downstream') throw event.error
      if (event.type !== 'records') continue
      const { records } = event
      seen += records.count
      for (const byte of records.bytes) sum += byte
    }
  return sum
}
