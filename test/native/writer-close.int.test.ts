// A writer can be closed, lost, or left behind at any moment: everything is answered, nothing hangs, nothing crashes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { Writer } from '../../native/writer.ts'
import { startBlackhole } from '../support/servers/blackhole.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import type { ChildOrders, Ending } from './writer-child.ts'

let kafka: SharedKafka
let topic: string

beforeAll(async () => {
  kafka = await sharedKafka()
  topic = kafka.uniqueTopic('closed')
  await kafka.createTopic(topic, { partitions: 3, configs: { 'retention.bytes': 50_000_000 } })
})

afterAll(() => kafka.reset())

const batch = packPlain(
  Array.from({ length: 500 }, (_, n) => ({ key: Buffer.from(`key-${n}`), value: Buffer.alloc(100, n) })),
)

const open = (settings = {}) =>
  Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap, ...settings } })

const classes = ({ failed }: WriteResult) => [...new Set(failed.map(({ error }) => error.class))]

test('a close waits for records under way', async () => {
  const writer = await open({ 'queue.buffering.max.messages': 1000 })
  const written = Array.from({ length: 20 }, () => writer.write(topic, batch))
  await writer.close()
  for (const result of await Promise.all(written)) expect(result.failed).toEqual([])
})

test('it may be called twice, and nothing else afterwards', async () => {
  const writer = await open()
  const written = writer.write(topic, batch)
  await Promise.all([writer.close(), writer.close({ limitMs: 0 })])
  await writer.close()
  expect((await written).failed).toEqual([])
  const closed = { code: '_DESTROY', class: 'closed' }
  await expect(writer.write(topic, batch)).rejects.toMatchObject(closed)
  await expect(writer.flush()).rejects.toMatchObject(closed)
  await expect(writer.begin()).rejects.toMatchObject(closed)
})

test.each([0, 200])('without a broker it fails what is left, after %d ms', async (limitMs) => {
  const writer = await open({ 'bootstrap.servers': '127.0.0.1:1', 'queue.buffering.max.messages': 700 })
  const written = [writer.write(topic, batch), writer.write(topic, batch), writer.write(topic, batch)]
  const flushed = writer.flush().catch((error: unknown) => error)
  await writer.close({ limitMs })
  for (const result of await Promise.all(written)) {
    expect(result.failed.length).toBe(500)
    expect(result.failed.some(({ maybeWritten }) => maybeWritten)).toBe(false)
    expect(classes(result)).toEqual(['closed'])
  }
  expect(await flushed).toMatchObject({ class: 'closed' })
})

test('so it does with a broker that accepts connections and never answers', async () => {
  const hole = await startBlackhole()
  const writer = await open({ 'bootstrap.servers': hole.address, 'transactional.id': kafka.uniqueGroup() })
  const prepared = writer.initTransactions().catch((error: unknown) => error)
  const begun = writer.begin().catch((error: unknown) => error)
  const written = writer.write(topic, batch)
  await hole.reached
  await writer.close({ limitMs: 100 })
  expect(await prepared).toMatchObject({ class: 'downstream' })
  expect(await begun).toMatchObject({ class: 'closed' })
  expect(classes(await written)).toEqual(['closed'])
  await hole.close()
})

/** A short life: some batches, and a close before, between or after their answers. */
async function live(round: number): Promise<void> {
  const isTransactional = round % 10 === 9
  const limitMs = round % 5 === 4 ? 0 : 10_000
  const writer = await open(isTransactional ? { 'transactional.id': kafka.uniqueGroup() } : {})
  const prepared = isTransactional && writer.initTransactions().catch((error: unknown) => error)
  const written = Array.from({ length: round % 4 }, () => writer.write(topic, batch))
  if (round % 3 === 0) await written[0]
  await writer.close({ limitMs })
  for (const result of await Promise.all(written)) {
    if (isTransactional) expect(['fatal', 'closed']).toContain(classes(result)[0])
    else if (limitMs > 0) expect(result.failed).toEqual([])
  }
  await prepared
}

test('a hundred writers are opened and closed at all moments while another one writes', async () => {
  const loaded = await open()
  let over = false
  const failed: unknown[] = []
  const load = [1, 2].map(async () => {
    while (!over) failed.push(...(await loaded.write(topic, batch)).failed)
  })
  let round = 0
  await Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (round < 100) await live(round++)
    }),
  )
  over = true
  await Promise.all(load)
  expect(failed).toEqual([])
  await loaded.close()
})

const script = join(import.meta.dirname, 'writer-child.ts')

function orders(ending: Ending, batches: number): ChildOrders {
  return { bootstrap: kafka.bootstrap, topic, ending, batches }
}

/** Exit code or signal of a process that ends so, and what it printed. */
async function runChild(ending: Ending, batches: number): Promise<[number | string, string]> {
  const args = ['--expose-gc', '--disable-warning=ExperimentalWarning', script]
  const child = spawn(process.execPath, [...args, JSON.stringify(orders(ending, batches))])
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (printed += text.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return [code ?? signal!, printed]
}

test('process.exit at any moment keeps its exit code', async () => {
  for (const batches of [0, 1, 2, 3, 5, 8, 13, 40]) expect(await runChild('exit', batches)).toEqual([7, ''])
})

test('an open writer without work does not keep the process alive', async () => {
  expect(await runChild('leave', 5)).toEqual([0, ''])
})

test('a writer that is lost still answers', async () => {
  expect(await runChild('forget', 20)).toEqual([0, ''])
})

test('several threads write at once, and may end in the middle of it', async () => {
  const endings: Ending[] = ['close', 'leave', 'wait', 'close', 'wait', 'leave', 'wait']
  const codes = await Promise.all(
    endings.map(async (ending) => {
      const worker = new Worker(script, { workerData: orders(ending, 20) })
      const ended = once(worker, 'exit')
      if (ending === 'wait') {
        await once(worker, 'message')
        await worker.terminate()
      }
      return [ending, (await ended)[0] as number]
    }),
  )
  expect(codes).toEqual(endings.map((ending) => [ending, ending === 'wait' ? 1 : 0]))
})
