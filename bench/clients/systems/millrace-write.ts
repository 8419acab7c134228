// Ours: packed batches of 2,000 records to the native writer, eight of them under way.
import type { BatchColumns } from '../../../native/write-results.ts'
import { Writer } from '../../../native/writer.ts'
import { batchBytes, compression, lingerMs, transactionRecords, valueBytes } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'
import { writtenBatches } from './written-batches.ts'

const task = readTask()
const clock = stopwatch(task.seconds)
const transactional = task.scenario === 'write-transactional'
const batchRecords = 2_000
const underWay = 8
const batches = writtenBatches(5, batchRecords)
const writer = await Writer.open({
  settings: {
    'bootstrap.servers': task.bootstrap,
    'compression.codec': compression,
    'linger.ms': lingerMs,
    'batch.size': batchBytes,
    ...(transactional && { 'transactional.id': `bench-millrace-${process.pid}` }),
  },
})
let sent = 0
let records = 0
if (transactional) {
  await writer.initTransactions()
  while (!clock.over()) await writeTransaction()
} else {
  await inLanes(() => !clock.over())
}
finish({ records, bytes: records * valueBytes })

async function writeTransaction(): Promise<void> {
  await writer.begin()
  let left = transactionRecords / batchRecords
  await inLanes(() => left-- > 0)
  await writer.commit()
}

async function inLanes(goOn: () => boolean): Promise<void> {
  const lane = async (): Promise<void> => {
    while (goOn()) await write(batches[sent++ % batches.length]!)
  }
  await Promise.all(Array.from({ length: underWay }, lane))
}

async function write(batch: BatchColumns): Promise<void> {
  const { failed } = await writer.write(task.topic, batch)
  if (failed.length > 0) throw failed[0]!.error
  records += batch.count
}
