// A process or a thread that writes, and ends in the way that its arguments say.
import { parentPort, workerData } from 'node:worker_threads'
import { packPlain } from '../../native/plain-batches.ts'
import { Writer } from '../../native/writer.ts'

/**
 * - `exit`: process.exit(7) in the middle of the load
 * - `leave`: everything is answered, the writer stays open, and nothing more happens
 * - `forget`: the writer is lost with records under way, and collected
 * - `close`: as one should
 * - `wait`: writes until somebody ends it
 */
export type Ending = 'exit' | 'leave' | 'forget' | 'close' | 'wait'

export interface ChildOrders {
  readonly bootstrap: string
  readonly topic: string
  readonly ending: Ending
  /** How many batches are answered before it ends. */
  readonly batches: number
}

const orders = (parentPort === null ? JSON.parse(process.argv[2]!) : workerData) as ChildOrders
const { bootstrap, topic, ending, batches } = orders

const batch = packPlain(
  Array.from({ length: 1000 }, (_, n) => ({ key: Buffer.from(`key-${n}`), value: Buffer.alloc(256, n) })),
)

async function load(writer: Writer, enough: () => boolean): Promise<void> {
  await Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (!enough()) {
        const { failed } = await writer.write(topic, batch)
        if (failed.length > 0) throw failed[0]!.error
        done++
      }
    }),
  )
}

let done = 0
const settings = { 'bootstrap.servers': bootstrap }

if (ending === 'forget') {
  const answers: Promise<{ readonly failed: readonly unknown[] }>[] = []
  await (async () => {
    const lost = await Writer.open({ settings })
    for (let n = 0; n < batches; n++) answers.push(lost.write(topic, batch))
  })()
  globalThis.gc!()
  const failed = (await Promise.all(answers)).flatMap((result) => result.failed)
  if (failed.length > 0) throw new Error(`${failed.length} records of the lost writer failed.`)
} else {
  const writer = await Writer.open({ settings })
  if (ending === 'exit') {
    const seen = () => {
      if (done >= batches) process.exit(7)
      return false
    }
    if (batches === 0) void writer.write(topic, batch)
    await load(writer, seen)
  }
  if (ending === 'wait') {
    parentPort!.postMessage('started')
    await load(writer, () => false)
  }
  await load(writer, () => done >= batches)
  if (ending === 'close') await writer.close()
}
