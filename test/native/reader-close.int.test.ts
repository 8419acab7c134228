import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type KafkaError } from '../../native/errors.ts'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import { startKafka } from '../support/servers/kafka.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { fill } from './support/fill.ts'
import { protocols, quicken } from './support/protocols.ts'
import { closeAll, PolledReader } from './support/polled-reader.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

const settings = (more = {}) => ({
  'bootstrap.servers': kafka.bootstrap,
  'auto.offset.reset': 'earliest',
  ...more,
})

async function filled(count: number, partitions = 1, size = 0): Promise<string> {
  const topic = kafka.uniqueTopic('close')
  await kafka.createTopic(topic, { partitions })
  if (count > 0) await fill(kafka.bootstrap, topic, { count, partitions, size })
  return topic
}

/** What became of calls that were under way: the code of an error, or nothing. Hangs where one of them does. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<(string | undefined)[]> {
  const settled = await Promise.allSettled(calls)
  return settled.map((one) => (one.status === 'fulfilled' ? undefined : (one.reason as KafkaError).class))
}

/** Calls of all kinds, with answers that need a broker. */
function callAll(reader: Reader, topic: string): Promise<unknown>[] {
  const partition = { topic, partition: 0 }
  return [
    reader.poll({ maxBytes: 1, waitMs: 60_000 }),
    reader.commit([{ ...partition, offset: 1 }]),
    reader.committed([partition], { limitMs: 600_000 }),
    reader.offsets([partition], 'latest', { limitMs: 600_000 }),
    reader.partitionCount(topic, 600_000),
    reader.groupMetadata(),
    reader.assignment(),
    reader.position([partition]),
    reader.assign([{ topic, partition: 0, offset: 'end' }]),
    reader.seek([{ topic, partition: 0, offset: 1 }]),
    reader.pause([partition]),
    reader.resume([partition]),
    reader.unassign([partition]),
  ]
}

test('closing twice, and what is called afterwards is closed', async () => {
  const topic = await filled(10)
  const reader = await Reader.open({ settings: settings({ 'group.id': kafka.uniqueGroup() }) })
  await Promise.all([reader.close(), reader.close()])
  await reader.close()
  expect(new Set(await outcomes(callAll(reader, topic)))).toEqual(new Set(['closed']))
})

test('a hundred readers that are closed under load, whatever is under way', async () => {
  const topic = await filled(20_000, 4, 200)
  const group = kafka.uniqueGroup()
  const seed = Date.now() % 100_000
  console.log(`seed ${seed}`)
  let random = seed
  const dice = (sides: number) => (random = (random * 48_271) % 2_147_483_647) % sides
  const kinds = Object.values(protocols)
  const one = async (round: number): Promise<void> => {
    const own = `${group}-${round % 3}`
    const reader = await Reader.open({
      settings: settings({ 'group.id': own, ...kinds[round % 3] }),
      batchRecords: 1000,
    })
    const subscribed = dice(2) === 0
    if (subscribed) await reader.subscribe([topic])
    else
      await reader.assign(
        [0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 'beginning' as const })),
      )
    // Answers to assignments and revocations are left out in half of the rounds.
    const answers = dice(2) === 0
    for (let left = dice(6); left > 0; left--)
      for (const event of await reader.poll({ maxBytes: 100_000, waitMs: 100 })) {
        if (event.type === 'assigned' && answers) await reader.assign(event.partitions)
        if (event.type === 'revoked' && answers) await reader.unassign(event.partitions)
      }
    const calls = outcomes(dice(2) === 0 ? callAll(reader, topic) : [])
    await reader.close()
    for (const outcome of await calls)
      expect([undefined, 'closed', 'lost', 'downstream', 'permanent']).toContain(outcome)
  }
  for (let round = 0; round < 100; round += 4)
    await Promise.all([0, 1, 2, 3].map((index) => one(round + index)))
})

describe.each(Object.entries(protocols))('%s', (protocol, ofProtocol) => {
  test('whoever closes without an answer to an assignment or a revocation leaves the group at once', async () => {
    const topic = await filled(10, 2)
    const group = kafka.uniqueGroup()
    if (protocol === 'consumer') await quicken(kafka.bootstrap, group)
    // Were it left to time-outs, the others would have to wait for longer than this test does.
    const patient = { ...ofProtocol, ...(protocol !== 'consumer' && { 'session.timeout.ms': 120_000 }) }
    const silent = await PolledReader.open(settings({ 'group.id': group, ...patient }), { answer: false })
    await silent.reader.subscribe([topic])
    await silent.event('assigned', (event) => event.partitions.length === 2)
    await silent.close()

    const owner = await PolledReader.open(settings({ 'group.id': group, ...patient }), {
      answer: false,
      onEvent: async (event, self) => {
        if (event.type === 'assigned') await self.reader.assign(event.partitions)
      },
    })
    await owner.reader.subscribe([topic])
    await owner.until(() => owner.owned.size === 2, 'both partitions')
    const heir = await PolledReader.open(settings({ 'group.id': group, ...patient }))
    await heir.reader.subscribe([topic])
    await owner.event('revoked')
    await owner.close()
    await heir.until(() => heir.owned.size === 2, 'what the other one has left')
  })
})

test('an open transaction that holds an answer back does not hold up closing', async () => {
  const topic = await filled(10)
  const group = kafka.uniqueGroup()
  const reader = await Reader.open({ settings: settings({ 'group.id': group }) })
  const writer = await Writer.open({
    settings: { ...settings(), 'transactional.id': kafka.uniqueGroup('tx') },
  })
  await writer.initTransactions()
  await writer.begin()
  await writer.sendOffsets([{ topic, partition: 0, offset: 5 }], (await reader.groupMetadata()).bytes)
  const held = outcomes([reader.committed([{ topic, partition: 0 }], { limitMs: 600_000 })])
  await reader.watermarks({ topic, partition: 0 })
  await reader.close()
  expect(await held).toEqual(['closed'])
  await writer.abort()
  await writer.close()
})

test('no broker at all: closing does not wait for one', async () => {
  const reader = await Reader.open({ settings: { 'bootstrap.servers': '127.0.0.1:1', 'group.id': 'nobody' } })
  await reader.subscribe(['nothing'])
  const down = PolledReader.over(reader)
  expect((await down.event('failed')).error.class).toBe('downstream')
  await down.stop()
  const calls = outcomes(callAll(reader, 'nothing'))
  await reader.close({ limitMs: 2000 })
  for (const outcome of await calls) expect([undefined, 'closed', 'permanent']).toContain(outcome)
})

test('a broker that is frozen or dead: closing does not hang', async () => {
  const own = await startKafka({ name: 'close' })
  try {
    const topic = own.uniqueTopic()
    await own.createTopic(topic, { partitions: 2 })
    await fill(own.bootstrap, topic, { count: 10_000, partitions: 2, size: 100 })
    for (const go of [() => Promise.resolve(own.pause(1)), () => own.stop(1, 'SIGKILL')]) {
      // Members of the last round are not gone yet for the broker.
      const group = own.uniqueGroup()
      const readers = await Promise.all(
        Object.values(protocols).map(async (ofProtocol, index) => {
          const at = { 'bootstrap.servers': own.bootstrap, 'group.id': `${group}-${index}`, ...ofProtocol }
          const reader = await PolledReader.open(at, { maxBytes: 1000, batchBytes: 1000 })
          await reader.reader.subscribe([topic])
          return reader
        }),
      )
      for (const reader of readers) await reader.until(() => reader.seen.length > 10, 'records')
      await go()
      await Promise.all(readers.map((reader) => reader.stop()))
      const calls = outcomes(readers.flatMap(({ reader }) => callAll(reader, topic)))
      await Promise.all(readers.map((reader) => reader.close(3000)))
      for (const outcome of await calls)
        expect([undefined, 'closed', 'downstream', 'unknown', 'permanent']).toContain(outcome)
      own.resume(1)
    }
  } finally {
    await own.close()
  }
})
