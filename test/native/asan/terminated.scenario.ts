// Workers that are terminated while they read take nothing with them, and leave nothing.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Reader } from '../../../native/reader.ts'
import { MockCluster } from '../../support/mock-cluster.ts'
import { fill, read } from './support.ts'

if (isMainThread) {
  const cluster = new MockCluster()
  cluster.createTopic('topic')
  await fill(cluster, 'topic', 1000)
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: `${cluster.bootstrap} group-${round}` })
    await once(worker, 'message')
    await worker.terminate()
  }
  cluster.destroy()
} else {
  const [bootstrap, group] = (workerData as string).split(' ')
  const reader = await Reader.open({ settings: { 'bootstrap.servers': bootstrap!, 'group.id': group! } })
  await reader.subscribe(['topic'])
  await read(reader, 500)
  parentPort!.postMessage('reading')
  for (;;) await reader.poll({ maxBytes: 1 << 20, waitMs: 1000 })
}
