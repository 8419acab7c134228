// Writers over the mock cluster: records of all forms, failures, transactions, and ends in good and bad order, also in
// threads that are ended in the middle.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { packPlain } from '../../../native/plain-batches.ts'
import { Writer } from '../../../native/writer.ts'
import { MockCluster } from '../../support/mock-cluster.ts'

const contents = [null, Buffer.alloc(0), Buffer.from('text'), Buffer.alloc(2000, 255)]

const records = contents.flatMap((key) =>
  contents.map((value) => ({
    key,
    value,
    headers: contents.map((header) => ({ name: 'h', value: header })),
  })),
)

const open = (bootstrap: string, settings = {}) =>
  Writer.open({
    settings: { 'bootstrap.servers': bootstrap, 'statistics.interval.ms': 20, ...settings },
    onEvent: () => {},
  })

async function endlessly(bootstrap: string): Promise<void> {
  const writer = await open(bootstrap)
  for (;;) {
    await writer.write('topic', packPlain(records))
    parentPort!.postMessage('wrote')
  }
}

async function failures(cluster: MockCluster): Promise<void> {
  const writer = await open(cluster.bootstrap)
  cluster.pushErrors('produce', 'INVALID_RECORD')
  const batch = packPlain(records)
  await writer.write('topic', batch)
  const damaged = { ...batch, headerEnds: batch.headerEnds.map((end) => Math.max(0, end - 1)) }
  await writer.write('topic', damaged, { partitions: new Int32Array(batch.count).fill(77) })
  await writer.write('topic', { ...batch, valueEnds: batch.valueEnds.fill(1e9) }).catch(() => {})
  await writer.flush()
  await writer.close()
}

async function transactions(cluster: MockCluster): Promise<void> {
  const writer = await open(cluster.bootstrap, {
    'transactional.id': 'writer',
    'queue.buffering.max.messages': 5,
  })
  await writer.initTransactions()
  void writer.begin()
  void writer.write('topic', packPlain(records))
  await writer.commit()
  await writer.begin()
  const written = writer.write('topic', packPlain(records))
  void writer
    .sendOffsets([{ topic: 'topic', partition: 0, offset: 1, metadata: 'm' }], Buffer.alloc(3))
    .catch(() => {})
  void writer.commit().catch(() => {})
  await writer.abort()
  await written
  void writer.begin()
  const left = writer.write('topic', packPlain(records))
  await writer.close({ limitMs: 50 })
  await left
}

async function threads(bootstrap: string): Promise<void> {
  const workers = [1, 2, 3].map(() => new Worker(new URL(import.meta.url), { workerData: bootstrap }))
  await Promise.all(
    workers.map(async (worker) => {
      await once(worker, 'message')
      await worker.terminate()
    }),
  )
}

async function main(): Promise<void> {
  const cluster = new MockCluster()
  cluster.createTopic('topic', 3)
  await failures(cluster)
  await transactions(cluster)
  await threads(cluster.bootstrap)
  const gone = await open('127.0.0.1:1')
  const lost = gone.write('topic', packPlain(records))
  await gone.close({ limitMs: 10 })
  await lost
  cluster.destroy()
}

await (isMainThread ? main() : endlessly(workerData as string))
