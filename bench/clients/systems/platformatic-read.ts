// @platformatic/kafka: a stream of the whole topic, its data events counted.
import { fetchBytes, partitionFetchBytes } from '../workload.ts'
import { finish, readTask, stopwatch } from './child.ts'
import { openPeer } from './peer-package.ts'
import type { Platformatic, PlatformaticMessage } from './platformatic-client.ts'

const { Consumer } = await openPeer<Platformatic>('@platformatic/kafka')
const task = readTask()
const clock = stopwatch(task.seconds)
const withHeaders = task.scenario === 'read-headers'
let records = 0
let bytes = 0
for (let pass = 1; ; pass++) await readTopic(pass)

async function readTopic(pass: number): Promise<void> {
  const consumer = new Consumer({
    groupId: `bench-platformatic-${process.pid}-${pass}`,
    clientId: 'bench',
    bootstrapBrokers: [task.bootstrap],
  })
  const stream = await consumer.consume({
    topics: [task.topic],
    mode: 'earliest',
    autocommit: false,
    maxBytes: fetchBytes,
    maxBytesPerPartition: partitionFetchBytes,
    maxWaitTime: 500,
  })
  await new Promise<void>((resolve, reject) => {
    let left = task.total
    stream.on('error', reject)
    stream.on('data', (message) => {
      count(message)
      if (--left === 0) resolve()
    })
  })
  await consumer.close(true)
}

function count(message: PlatformaticMessage): void {
  records++
  bytes += message.value.length
  if (withHeaders) bytes += traceBytes(message)
  if (records % 1000 === 0 && clock.over()) finish({ records, bytes })
}

function traceBytes({ headers }: PlatformaticMessage): number {
  for (const [name, value] of headers) if (name.length === 5) return value.length
  return 0
}
