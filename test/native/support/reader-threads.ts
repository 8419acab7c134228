// A program for tests: readers in threads of their own that are ended in different ways. It prints what it has done.
//
// node reader-threads.ts WHAT BOOTSTRAP TOPIC

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Reader } from '../../../native/reader.ts'

interface Task {
  readonly bootstrap: string
  readonly topic: string
}

const program = new URL(import.meta.url)

function open({ bootstrap }: Task, group?: string): Promise<Reader> {
  const settings = { 'bootstrap.servers': bootstrap, 'auto.offset.reset': 'earliest' }
  return Reader.open({ settings: { ...settings, ...(group !== undefined && { 'group.id': group }) } })
}

/** Reads for ever, from the beginning again whenever it comes to the end; says `reading` after the first records. */
async function readOn(reader: Reader, { topic }: Task, reading: () => void): Promise<void> {
  const partitions = [0, 1].map((partition) => ({ topic, partition, offset: 'beginning' as const }))
  await reader.assign(partitions)
  for (;;)
    for (const event of await reader.poll({ maxBytes: 1 << 20, waitMs: 100 })) {
      if (event.type === 'records') reading()
      if (event.type === 'end')
        await reader.seek(partitions.filter((one) => one.partition === event.partition.partition))
    }
}

/** A thread that reads with two readers, one of them in a group. */
async function thread(task: Task): Promise<void> {
  const readers = await Promise.all([open(task), open(task, 'threads')])
  let started = 0
  const reading = readers.map(() => () => {
    if ((started += 1) >= 2) parentPort!.postMessage('reading')
  })
  await Promise.all(readers.map((reader, index) => readOn(reader, task, reading[index]!)))
}

async function startThreads(task: Task, count: number): Promise<Worker[]> {
  const workers = Array.from({ length: count }, () => new Worker(program, { workerData: task }))
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  return workers
}

const programs: Readonly<Record<string, (task: Task) => Promise<void>>> = {
  /** Threads are ended while their readers read, again and again. */
  terminate: async (task) => {
    for (let round = 0; round < 3; round++) {
      const workers = await startThreads(task, 3)
      await Promise.all(workers.map((worker) => worker.terminate()))
    }
    console.log('terminated 9')
  },
  /** The process ends itself while threads and the main thread read. */
  exit: async (task) => {
    await startThreads(task, 2)
    const reader = await open(task)
    await readOn(reader, task, () => process.exit(7))
  },
  /** Readers that nobody closes, and nobody knows any more. */
  forget: async (task) => {
    for (let round = 0; round < 20; round++) {
      const reader = await open(task, `forgotten-${round}`)
      await reader.assign([{ topic: task.topic, partition: 0, offset: 'beginning' }])
      await reader.poll({ maxBytes: 1 << 20, waitMs: 100 })
    }
    for (let round = 0; round < 20; round++) {
      globalThis.gc!()
      await new Promise((resolve) => setImmediate(resolve))
    }
    console.log('forgot 20')
  },
  /** The process has nothing more to do: an open reader without a call under way does not keep it. */
  idle: async (task) => {
    const reader = await open(task)
    await reader.assign([{ topic: task.topic, partition: 0, offset: 'beginning' }])
    await reader.poll({ maxBytes: 1 << 20, waitMs: 5000 })
    console.log('idle')
  },
}

if (isMainThread) {
  const [what = '', bootstrap = '', topic = ''] = process.argv.slice(2)
  await programs[what]!({ bootstrap, topic })
} else {
  await thread(workerData as Task)
}
