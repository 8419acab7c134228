// Transactions as a reader sees them: all or nothing, offsets included, and only from the one who owns the id.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import type { PlainRecord } from '../../native/records.ts'
import { Writer } from '../../native/writer.ts'
import { packPlain } from '../../native/plain-batches.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { readTopic, texts } from './topic-contents.ts'

let kafka: SharedKafka
let topic: string
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  kafka = await sharedKafka()
})

beforeEach(async () => {
  topic = kafka.uniqueTopic('transactional')
  await kafka.createTopic(topic, { partitions: 2 })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

afterAll(() => kafka.reset())

async function newWriter(id = kafka.uniqueGroup('writer'), settings = {}): Promise<Writer> {
  const writer = await Writer.open({
    settings: { 'bootstrap.servers': kafka.bootstrap, 'transactional.id': id, ...settings },
  })
  open.push(writer)
  await writer.initTransactions()
  return writer
}

function batch(...values: string[]): ReturnType<typeof packPlain> {
  return packPlain(values.map((value): PlainRecord => ({ key: null, value: Buffer.from(value) })))
}

/** What readers see of transactions that were committed, once those that are over can be seen to be so. */
async function committed(): Promise<(string | null)[]> {
  await kafka.untilEnded()
  return texts(await readTopic(kafka.bootstrap, topic)).sort()
}

test('what is committed is seen, what is aborted is not, and what is open is not yet', async () => {
  const writer = await newWriter()
  await writer.begin()
  await writer.write(topic, batch('a', 'b'))
  expect(await committed()).toEqual([])
  await writer.commit()
  expect(await committed()).toEqual(['a', 'b'])
  await writer.begin()
  await writer.write(topic, batch('c'))
  await writer.abort()
  await writer.begin()
  await writer.write(topic, batch('d'))
  await writer.commit()
  expect(await committed()).toEqual(['a', 'b', 'd'])
  const all = await readTopic(kafka.bootstrap, topic, 'read_uncommitted')
  expect(texts(all).sort()).toEqual(['a', 'b', 'c', 'd'])
})

test('calls stand in line: nobody has to wait for one before the next', async () => {
  const writer = await newWriter(undefined, { 'queue.buffering.max.messages': 100 })
  const many = Array.from({ length: 1000 }, (_, n) => String(n))
  const steps = [
    writer.begin(),
    writer.write(topic, batch(...many)),
    writer.commit(),
    writer.begin(),
    writer.write(topic, batch('aborted')),
    writer.flush(),
    writer.begin().catch((error: unknown) => error),
  ]
  const results = await Promise.all(steps)
  expect(results.at(-1)).toMatchObject({ code: '_STATE', class: 'fatal' })
  await writer.abort()
  expect(await committed()).toEqual(many.sort())
})

test('records outside of a transaction are refused one by one, and the writer goes on', async () => {
  const writer = await newWriter()
  const { failed } = await writer.write(topic, batch('early', 'bird'))
  expect(failed.map(({ row, error }) => [row, error.code, error.message])).toEqual(
    [0, 1].map((row) => [row, '_STATE', 'Records are written within a transaction: begin one first.']),
  )
  await writer.begin()
  await writer.write(topic, batch('later'))
  await writer.commit()
  expect(await committed()).toEqual(['later'])
})

test('an abort fails records that are not acknowledged, and calls that stand in line', async () => {
  const writer = await newWriter(undefined, { 'queue.buffering.max.messages': 10 })
  await writer.begin()
  const written = writer.write(topic, batch(...Array.from({ length: 5000 }, (_, n) => String(n))))
  const late = writer.commit().catch((error: unknown) => error)
  await writer.abort()
  expect(await late).toMatchObject({ code: '_PURGE_QUEUE', class: 'closed' })
  const { failed } = await written
  expect(failed.length).toBeGreaterThan(0)
  expect(new Set(failed.map(({ error }) => error.class))).toEqual(new Set(['closed']))
  await writer.begin()
  await writer.write(topic, batch('next'))
  await writer.commit()
  expect(await committed()).toEqual(['next'])
})

test('an abort that nobody waited for takes back its own transaction alone', async () => {
  const writer = await newWriter()
  const steps = [
    writer.begin(),
    writer.write(topic, batch('a')),
    writer.commit(),
    writer.begin(),
    writer.write(topic, batch('b')),
    writer.abort(),
    writer.begin(),
    writer.write(topic, batch('c')),
    writer.commit(),
  ]
  await Promise.all(steps)
  expect(await committed()).toEqual(['a', 'c'])
})

test('offsets with 4 KB of metadata are committed with the transaction, and only with it', async () => {
  const group = kafka.uniqueGroup()
  const source = kafka.uniqueTopic('source')
  await kafka.createTopic(source, { partitions: 2 })
  const reader = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap, 'group.id': group } })
  open.push(reader)
  await reader.subscribe([source])
  for (let assigned = 0; assigned < 2;) {
    for (const event of await reader.poll({ maxBytes: 0, waitMs: 1000 }))
      if (event.type === 'assigned') {
        await reader.assign(event.partitions)
        assigned += event.partitions.length
      }
  }
  const { bytes } = await reader.groupMetadata()
  const writer = await newWriter()
  const metadata = 'ü'.repeat(2048)
  const partitions = [0, 1].map((partition) => ({ topic: source, partition }))
  await writer.begin()
  await writer.write(topic, batch('aborted'))
  await writer.sendOffsets([{ ...partitions[0]!, offset: 7, metadata: 'never' }], bytes)
  await writer.abort()
  expect(await reader.committed(partitions)).toEqual([undefined, undefined])
  await writer.begin()
  await writer.write(topic, batch('kept'))
  await writer.sendOffsets(
    [
      { ...partitions[0]!, offset: 5, metadata },
      { ...partitions[1]!, offset: 0 },
    ],
    bytes,
  )
  await writer.commit()
  const found = await reader.committed(partitions)
  expect(found.map((one) => [one?.offset, one?.metadata])).toEqual([
    [5, metadata],
    [0, ''],
  ])
  expect(await committed()).toEqual(['kept'])
})

test('offsets of a member that the group does not know make the transaction abortable, and no more', async () => {
  const writer = await newWriter()
  const reader = await Reader.open({
    settings: { 'bootstrap.servers': kafka.bootstrap, 'group.id': kafka.uniqueGroup() },
  })
  open.push(reader)
  await reader.subscribe([topic])
  let assigned: { topic: string; partition: number }[] = []
  while (assigned.length === 0)
    for (const event of await reader.poll({ maxBytes: 0, waitMs: 1000 }))
      if (event.type === 'assigned') assigned = [...event.partitions]
  const { bytes } = await reader.groupMetadata()
  await reader.close()
  await writer.begin()
  await writer.write(topic, batch('gone'))
  const offsets = [{ topic, partition: 0, offset: 1 }]
  await expect(writer.sendOffsets(offsets, bytes)).rejects.toMatchObject({ class: 'abortable' })
  await expect(writer.commit()).rejects.toMatchObject({ class: 'abortable' })
  const refused = await writer.write(topic, batch('more'))
  expect(refused.failed.map(({ error }) => error.class)).toEqual(['abortable'])
  await writer.abort()
  await writer.begin()
  await writer.write(topic, batch('again'))
  await writer.commit()
  expect(await committed()).toEqual(['again'])
})

test('metadata that is no metadata is refused before anything is sent', async () => {
  const writer = await newWriter()
  await writer.begin()
  const offsets = [{ topic, partition: 0, offset: 1 }]
  await expect(writer.sendOffsets(offsets, Buffer.from('nonsense'))).rejects.toMatchObject({
    class: 'permanent',
  })
  await writer.write(topic, batch('still'))
  await writer.commit()
  expect(await committed()).toEqual(['still'])
})

test('who takes over the transactional id fences the one before, whatever that one does next', async () => {
  const id = kafka.uniqueGroup('twin')
  const doings: ((zombie: Writer) => Promise<unknown>)[] = [
    (zombie) => zombie.commit(),
    (zombie) => zombie.abort(),
    async (zombie) => {
      const { failed } = await zombie.write(topic, batch('zombie'))
      if (failed.length > 0) throw failed[0]!.error
      await zombie.commit()
    },
  ]
  for (const doing of doings) {
    const zombie = await newWriter(id)
    await zombie.begin()
    await zombie.write(topic, batch('zombie'))
    const heir = await newWriter(id)
    await expect(doing(zombie)).rejects.toMatchObject({ class: 'fenced' })
    await expect(zombie.begin()).rejects.toMatchObject({ class: 'fenced' })
    const { failed } = await zombie.write(topic, batch('zombie'))
    expect(failed.map(({ error }) => error.class)).toEqual(['fenced'])
    await heir.begin()
    await heir.write(topic, batch('heir'))
    await heir.commit()
    await zombie.close()
    await heir.close()
  }
  expect(await committed()).toEqual(doings.map(() => 'heir'))
})

test('a close aborts the open transaction, so that nobody has to wait for its time-out', async () => {
  const writer = await newWriter(undefined, { 'transaction.timeout.ms': 600_000 })
  await writer.begin()
  await writer.write(topic, batch('left', 'open'))
  await writer.close()
  // The last stable offset has moved past it: a committed record behind it can be read.
  const next = await newWriter()
  await next.begin()
  await next.write(topic, batch('behind', 'behind'))
  await next.commit()
  expect(await committed()).toEqual(['behind', 'behind'])
  const all = await readTopic(kafka.bootstrap, topic, 'read_uncommitted')
  expect(texts(all).sort()).toEqual(['behind', 'behind', 'left', 'open'])
})

test('a close lets a commit that was called before it finish', async () => {
  const writer = await newWriter()
  const steps = [writer.begin(), writer.write(topic, batch('a')), writer.commit()]
  await writer.close()
  await Promise.all(steps)
  expect(await committed()).toEqual(['a'])
})

test('what is empty commits, and calls out of turn are told so', async () => {
  const writer = await newWriter()
  await expect(writer.commit()).rejects.toMatchObject({ code: '_STATE' })
  await writer.begin()
  await writer.commit()
  await writer.begin()
  await writer.abort()
  const plain = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  open.push(plain)
  await expect(plain.begin()).rejects.toMatchObject({ code: '_NOT_CONFIGURED', class: 'fatal' })
})
