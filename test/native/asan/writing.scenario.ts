// Batches, single records, refusals, transactions that end either way, and a close that does not wait.
import { packPlain } from '../../../native/plain-batches.ts'
import { Writer } from '../../../native/writer.ts'
import { MockCluster } from '../../support/mock-cluster.ts'

const cluster = new MockCluster()
cluster.createTopic('topic', 2)
cluster.setCoordinator('transaction', 'writer', 1)
const records = (count: number) =>
  packPlain(
    Array.from({ length: count }, (_, n) => ({ key: Buffer.from(`${n}`), value: Buffer.alloc(n % 300) })),
  )

const plain = await Writer.open({
  settings: { 'bootstrap.servers': cluster.bootstrap, 'retry.backoff.ms': 10 },
})
await plain.write('topic', records(5000))
cluster.pushErrors('produce', 'NOT_ENOUGH_REPLICAS', 'INVALID_RECORD')
await plain.write('topic', records(10), { partition: 0 })
await plain.write('topic', records(10), { partition: 77 }).catch(() => undefined)
await plain.flush()
await plain.close()

const transactional = await Writer.open({
  settings: { 'bootstrap.servers': cluster.bootstrap, 'transactional.id': 'writer', 'retry.backoff.ms': 10 },
})
await transactional.initTransactions()
for (const end of ['commit', 'abort'] as const) {
  await transactional.begin()
  await transactional.write('topic', records(100))
  await transactional[end]()
}
await transactional.begin()
const unfinished = transactional.write('topic', records(100)).catch(() => undefined)
await transactional.close({ limitMs: 0 })
await unfinished
cluster.destroy()
