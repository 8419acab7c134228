// Brokers that die: nothing is lost, nothing comes twice, and what cannot be delivered is told in time.
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { Writer } from '../../native/writer.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { readTopic, texts } from './topic-contents.ts'

let kafka: KafkaServer

afterEach(() => kafka.close())

function numbered(from: number, count: number): ReturnType<typeof packPlain> {
  return packPlain(
    Array.from({ length: count }, (_, n) => ({ key: null, value: Buffer.from(String(from + n)) })),
  )
}

/** Writes numbers one batch after the other, four at a time, until told to stop. */
function startLoad(writer: Writer, topic: string) {
  const results: WriteResult[] = []
  const waiting: { at: number; resolve: () => void }[] = []
  let next = 0
  let over = false
  const lanes = [1, 2, 3, 4].map(async () => {
    while (!over) {
      const from = next
      next += 100
      results.push(await writer.write(topic, numbered(from, 100), { partition: 0 }))
      for (const { at, resolve } of waiting) if (results.length >= at) resolve()
    }
  })
  return {
    results,
    /** Resolves when so many more batches are answered. */
    more: (count: number) =>
      new Promise<void>((resolve) => waiting.push({ at: results.length + count, resolve })),
    /** Resolves with how many numbers were written. */
    stop: async () => {
      over = true
      await Promise.all(lanes)
      return next
    },
  }
}

test('a broker that is killed and comes back has every record once, in order', async () => {
  kafka = await startKafka({ name: 'writer-kill' })
  const topic = kafka.uniqueTopic('killed')
  await kafka.createTopic(topic)
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const load = startLoad(writer, topic)
  for (let round = 0; round < 2; round++) {
    await load.more(50)
    await kafka.stop(1, 'SIGKILL')
    await kafka.start(1)
  }
  await load.more(50)
  const written = await load.stop()
  await writer.close()
  expect(load.results.flatMap(({ failed }) => failed)).toEqual([])
  const stored = await readTopic(kafka.bootstrap, topic)
  expect(texts(stored)).toEqual(Array.from({ length: written }, (_, n) => String(n)))
})

test('records whose acknowledgements are lost on the way are written once', async () => {
  const proxy = await startProxy()
  kafka = await startKafka({ name: 'writer-lost-answers', advertisedPorts: [proxy.port] })
  proxy.forwardTo(kafka.brokers[0]!.port)
  const topic = kafka.uniqueTopic('unheard')
  await kafka.createTopic(topic)
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  await writer.write(topic, numbered(0, 100))
  for (let round = 1; round <= 3; round++) {
    const before = proxy.swallowed
    proxy.swallow('responses')
    const written = [0, 1].map((half) => writer.write(topic, numbered(round * 100 + half * 50, 50)))
    while (proxy.swallowed === before) await wait(10)
    proxy.pass()
    expect((await Promise.all(written)).flatMap(({ failed }) => failed)).toEqual([])
  }
  await writer.close()
  const stored = await readTopic(kafka.bootstrap, topic)
  await proxy.close()
  expect(texts(stored)).toEqual(Array.from({ length: 400 }, (_, n) => String(n)))
})

test('the leader of three is killed: the others go on, and have every record once', async () => {
  kafka = await startKafka({ brokers: 3, name: 'writer-leader' })
  const topic = kafka.uniqueTopic('led')
  await kafka.createTopic(topic, { partitions: 1 })
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const load = startLoad(writer, topic)
  for (const broker of [1, 2, 3]) {
    await load.more(30)
    await kafka.stop(broker, 'SIGKILL')
    await load.more(30)
    await kafka.start(broker)
    await kafka.inSync(topic)
  }
  const written = await load.stop()
  await writer.close()
  expect(load.results.flatMap(({ failed }) => failed)).toEqual([])
  const stored = await readTopic(kafka.bootstrap, topic)
  expect(texts(stored)).toEqual(Array.from({ length: written }, (_, n) => String(n)))
})

test('a broker that is gone for good: records fail after their time, and the close returns', async () => {
  kafka = await startKafka({ name: 'writer-gone' })
  const topic = kafka.uniqueTopic('gone')
  await kafka.createTopic(topic)
  const settings = { 'bootstrap.servers': kafka.bootstrap, 'delivery.timeout.ms': 2000 }
  const writer = await Writer.open({ settings })
  expect((await writer.write(topic, numbered(0, 10))).failed).toEqual([])
  await kafka.stop(1, 'SIGKILL')
  const late = await writer.write(topic, numbered(10, 10))
  expect(late.failed.map(({ row, error }) => [row, error.code, error.class])).toEqual(
    Array.from({ length: 10 }, (_, row) => [row, '_MSG_TIMED_OUT', 'downstream']),
  )
  const left = writer.write(topic, numbered(20, 10))
  await writer.close({ limitMs: 100 })
  expect(new Set((await left).failed.map(({ error }) => error.class))).toEqual(new Set(['closed']))
})

test('a frozen broker: records that were sent may be there, and are said to be', async () => {
  kafka = await startKafka({ name: 'writer-frozen' })
  const topic = kafka.uniqueTopic('frozen')
  await kafka.createTopic(topic)
  const settings = {
    'bootstrap.servers': kafka.bootstrap,
    'delivery.timeout.ms': 2000,
    'socket.timeout.ms': 1500,
  }
  const writer = await Writer.open({ settings })
  await writer.write(topic, numbered(0, 1))
  kafka.pause(1)
  const { failed } = await writer.write(topic, numbered(1, 3))
  kafka.resume(1)
  expect(failed.map(({ maybeWritten }) => maybeWritten)).toEqual([true, true, true])
  await writer.close()
})

test('a transaction over the death of its broker: committed once, or abortable', async () => {
  kafka = await startKafka({ name: 'writer-transaction' })
  const topic = kafka.uniqueTopic('atomic')
  await kafka.createTopic(topic)
  const id = kafka.uniqueGroup()
  const settings = { 'bootstrap.servers': kafka.bootstrap, 'transactional.id': id }
  const writer = await Writer.open({ settings })
  await writer.initTransactions()
  const committed: string[] = []
  for (let round = 0; round < 3; round++) {
    await writer.begin()
    const written = writer.write(topic, numbered(round * 10, 10))
    if (round === 1) {
      await written
      await kafka.stop(1, 'SIGKILL')
      await kafka.start(1)
    }
    await writer.commit()
    committed.push(...Array.from({ length: 10 }, (_, n) => String(round * 10 + n)))
  }
  await writer.close()
  expect(texts(await readTopic(kafka.bootstrap, topic))).toEqual(committed)
})
