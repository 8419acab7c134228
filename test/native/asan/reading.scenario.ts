// A group reads everything in small and in large batches, pauses, seeks, commits, asks, leaves; then closes.
import { Reader } from '../../../native/reader.ts'
import { MockCluster } from '../../support/mock-cluster.ts'
import { fill, read } from './support.ts'

const cluster = new MockCluster()
cluster.createTopic('topic', 2)
await fill(cluster, 'topic', 3000, 0)
await fill(cluster, 'topic', 3000, 1)
const partitions = [0, 1].map((partition) => ({ topic: 'topic', partition }))

for (const [round, protocol] of ['range', 'cooperative-sticky'].entries()) {
  const reader = await Reader.open({
    settings: {
      'bootstrap.servers': cluster.bootstrap,
      'group.id': `group-${round}`,
      'partition.assignment.strategy': protocol,
      'statistics.interval.ms': 50,
    },
    batchBytes: round === 0 ? 4096 : 1 << 20,
  })
  await reader.subscribe(['topic'])
  await read(reader, 6000)
  await reader.pause(partitions)
  await reader.resume(partitions)
  await reader.seek([{ topic: 'topic', partition: 0, offset: 100 }])
  await read(reader, 100)
  await reader.commit(
    partitions.map((partition) => ({ ...partition, offset: 50, metadata: 'x'.repeat(3000) })),
  )
  await reader.committed(partitions)
  await reader.watermarks(partitions[0]!)
  await reader.groupMetadata()
  await reader.close()
}
cluster.destroy()
