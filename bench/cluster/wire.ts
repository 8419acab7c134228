import { setTimeout as delay } from 'node:timers/promises'
import type { TopicPartition } from '../../native/positions.ts'
import { Reader } from '../../native/reader.ts'
import type { PackedRecords } from '../../native/records.ts'
import { Writer } from '../../native/writer.ts'
import type { BatchColumns } from '../../native/write-results.ts'
import { BenchFailure } from '../clients/options.ts'
import { batchBytes, compression, lingerMs } from '../clients/workload.ts'

/** Something that makes records, in order, until there are no more. */
export interface RecordMaker {
  next(count: number): BatchColumns | undefined
}

const batchRecords = 2_000
const underWay = 8

/** Writes records to a topic, by Java's partitioner; answers how many. Records of a partition stay in their order. */
export async function fillTopic(bootstrap: string, topic: string, maker: RecordMaker): Promise<number> {
  const writer = await Writer.open({
    settings: {
      'bootstrap.servers': bootstrap,
      'compression.codec': compression,
      'linger.ms': lingerMs,
      'batch.size': batchBytes,
    },
  })
  let written = 0
  const lane = async (): Promise<void> => {
    for (let batch = maker.next(batchRecords); batch !== undefined; batch = maker.next(batchRecords)) {
      const { failed } = await writer.write(topic, batch)
      if (failed.length > 0) throw failed[0]!.error
      written += batch.count
    }
  }
  try {
    await Promise.all(Array.from({ length: underWay }, lane))
  } finally {
    await writer.close()
  }
  return written
}

/** How long the broker may take to end the transactions that were committed, in milliseconds. */
const markersMs = 60_000

/**
 * Reads a topic as consumers of committed records see it, from its beginning to its end.
 *
 * @throws BenchFailure where a transaction stays open
 */
export async function readTopic(
  bootstrap: string,
  topic: string,
  partitions: number,
  look: (records: PackedRecords) => void,
): Promise<void> {
  const reader = await Reader.open({
    settings: { 'bootstrap.servers': bootstrap, 'isolation.level': 'read_committed' },
  })
  try {
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 }))
    await transactionsEnded(reader, all)
    const open = new Set(all.map(({ partition }) => partition))
    await reader.assign(all)
    while (open.size > 0) {
      for (const event of await reader.poll({ maxBytes: 4 << 20, waitMs: 200 })) {
        if (event.type === 'failed') throw event.error
        if (event.type === 'end') open.delete(event.partition.partition)
        if (event.type !== 'records') continue
        look(event.records)
        reader.release(event.records)
      }
    }
  } finally {
    await reader.close()
  }
}

/** A commit is answered before its markers are in all partitions: until then nobody sees what it wrote. */
async function transactionsEnded(reader: Reader, partitions: readonly TopicPartition[]): Promise<void> {
  const deadline = performance.now() + markersMs
  for (;;) {
    const [visible, ends] = await Promise.all([
      reader.offsets(partitions, 'latest', { isolation: 'read_committed' }),
      reader.offsets(partitions, 'latest', { isolation: 'read_uncommitted' }),
    ])
    if (ends.every((end, n) => end === visible[n])) return
    if (performance.now() > deadline)
      throw new BenchFailure(
        `A transaction over ${partitions[0]?.topic} is open ${markersMs / 1000} s after the run.`,
      )
    await delay(100)
  }
}
