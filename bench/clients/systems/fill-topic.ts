// Fills a topic with order records, the same number in each partition but for the last batches. Not measured.
import { Writer } from '../../../native/writer.ts'
import { batchBytes, compression, lingerMs } from '../workload.ts'
import { finish, readTask } from './child.ts'
import { OrderTopic, withHeaders } from './order-topic.ts'

const task = readTask()
const orders = new OrderTopic(1000)
const writer = await Writer.open({
  settings: {
    'bootstrap.servers': task.bootstrap,
    'compression.codec': compression,
    'linger.ms': lingerMs,
    'batch.size': batchBytes,
  },
})
let batches = Math.ceil(task.total / 1000)
let records = 0
let bytes = 0
await Promise.all(Array.from({ length: 2 * task.partitions }, (_, n) => fill(n % task.partitions)))
finish({ records, bytes })

async function fill(partition: number): Promise<void> {
  while (batches-- > 0) {
    const plain = orders.next(task.topic, partition)
    const packed = task.scenario === 'read-headers' ? withHeaders(plain) : plain
    const { failed } = await writer.write(task.topic, packed, { partition })
    if (failed.length > 0) throw failed[0]!.error
    records += packed.count
    bytes += packed.count * orders.valueBytes
  }
}
