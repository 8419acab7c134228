// Committed offsets and their metadata: what we commit Java reads, and the other way round.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { OffsetAndMetadata } from '../../native/positions.ts'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import { clientProperties } from '../support/servers/client-properties.ts'
import { java } from '../support/servers/java-client.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { partitionsOf } from './interop/listen.ts'

/** None, empty, beyond ASCII, with a NUL, and as much as brokers take by default. */
const texts = [undefined, '', 'Größe 東京 🚃', 'a\u0000b', 'x'.repeat(4096)]

let kafka: SharedKafka
let client: Record<string, string>
let topic: string
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  kafka = await sharedKafka()
  client = clientProperties('java', kafka)
  topic = kafka.uniqueTopic('positions')
  await kafka.createTopic(topic, { partitions: texts.length })
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})
afterAll(() => kafka.reset())

async function reader(group: string): Promise<Reader> {
  const made = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap, 'group.id': group } })
  open.push(made)
  return made
}

async function transactions(): Promise<Writer> {
  const settings = { 'bootstrap.servers': kafka.bootstrap, 'transactional.id': kafka.uniqueGroup('writer') }
  const made = await Writer.open({ settings })
  open.push(made)
  await made.initTransactions()
  return made
}

const offsets = (from: number): OffsetAndMetadata[] =>
  texts.map((metadata, partition) => ({
    topic,
    partition,
    offset: from + partition,
    ...(metadata !== undefined && { metadata }),
  }))

const withText = (from: number) => offsets(from).map((one) => ({ ...one, metadata: one.metadata ?? '' }))

test('what we commit plainly, Java reads', async () => {
  const group = kafka.uniqueGroup()
  await (await reader(group)).commit(offsets(10))
  expect(await java.offsets({ client, group })).toEqual(withText(10))
})

test('what we commit in a transaction, Java reads, once it is committed', async () => {
  const group = kafka.uniqueGroup()
  const [source, sink] = [await reader(group), await transactions()]
  await source.commit(offsets(10))
  const { bytes } = await source.groupMetadata()
  for (const [from, end] of [
    [20, () => sink.abort()],
    [30, () => sink.commit()],
  ] as const) {
    await sink.begin()
    await sink.sendOffsets(offsets(from), bytes)
    await end()
    await kafka.untilEnded()
    expect(await java.offsets({ client, group })).toEqual(withText(from === 20 ? 10 : 30))
  }
})

test('what Java commits, we read: our group’s, another’s, and nothing where there is nothing', async () => {
  const [group, other] = [kafka.uniqueGroup(), kafka.uniqueGroup()]
  await java.commit({ client, group, offsets: withText(40) })
  const partitions = partitionsOf(topic, texts.length)
  expect(await (await reader(group)).committed(partitions)).toEqual(withText(40))
  const stranger = await reader(other)
  expect(await stranger.committed(partitions, { group })).toEqual(withText(40))
  expect(await stranger.committed(partitions)).toEqual(texts.map(() => undefined))
})

test('an open transaction of Java is waited for, or not, as asked; what it commits is then there', async () => {
  const group = kafka.uniqueGroup()
  const [one] = withText(50)
  const ours = await reader(group)
  await ours.commit([one!])
  const producers = await java.transactions({ client })
  open.push({ close: () => producers.leave() })
  await producers.open('java', { transactionalId: kafka.uniqueGroup('java') })
  await producers.begin('java')
  await producers.offsets('java', group, [{ ...one!, offset: 60, metadata: 'of the transaction' }])

  expect(await ours.committed([one!], { stable: false })).toMatchObject([{ offset: 50 }])
  await expect(ours.committed([one!], { limitMs: 300 })).rejects.toMatchObject({ class: 'downstream' })
  const waiting = ours.committed([one!])
  await producers.commit('java')
  expect(await waiting).toMatchObject([{ offset: 60, metadata: 'of the transaction' }])
})

test('more metadata than the broker takes is permanent, plainly and in a transaction', async () => {
  const group = kafka.uniqueGroup()
  const [source, sink] = [await reader(group), await transactions()]
  const long = [{ topic, partition: 0, offset: 1, metadata: 'x'.repeat(4097) }]
  await expect(source.commit(long)).rejects.toMatchObject({
    code: 'OFFSET_METADATA_TOO_LARGE',
    class: 'permanent',
  })
  await sink.begin()
  await expect(sink.sendOffsets(long, (await source.groupMetadata()).bytes)).rejects.toMatchObject({
    code: 'OFFSET_METADATA_TOO_LARGE',
  })
  expect(await java.offsets({ client, group })).toEqual([])
})
