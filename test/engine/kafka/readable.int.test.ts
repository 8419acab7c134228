// What a worker has committed can be read once it has ended.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packBatch } from '../../../engine/component/outgoing.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { Transactions } from '../../../engine/kafka/transactions.ts'
import { writerSettings } from '../../../engine/kafka/writer-settings.ts'
import { Reader } from '../../../native/reader.ts'
import { sharedKafka, type SharedKafka } from '../../support/servers/shared.ts'
import { settingsFor } from './kafka-settings.ts'

let kafka: SharedKafka
let admin: KafkaAdmin

beforeAll(async () => {
  kafka = await sharedKafka()
  admin = await KafkaAdmin.open(settingsFor(kafka.bootstrap))
})
afterAll(async () => {
  await admin.close()
  await kafka.reset()
})

const partitions = Array.from({ length: 12 }, (_, partition) => partition)

test('once transactions are closed, all that they have committed can be read: records, and positions', async () => {
  const topic = kafka.uniqueTopic()
  const group = kafka.uniqueGroup()
  await kafka.createTopic(topic, { partitions: partitions.length })
  const places = partitions.map((partition) => ({ topic, partition }))
  const settings = settingsFor(kafka.bootstrap)
  const reader = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap, 'group.id': group } })
  const { bytes: identity } = await reader.groupMetadata()
  let late = 0
  for (let round = 1; round <= 30; round++) {
    const transactions = new Transactions({
      settings: writerSettings(settings, group),
      untilEnded: (id) => admin.untilEnded(id),
    })
    const record = { topic, key: null, value: Buffer.from('one'), headers: [], timestamp: 1 }
    const ended = await transactions.run({
      batches: partitions.map((partition) => packBatch(topic, [record], partition)),
      offsets: places.map((place) => ({ ...place, offset: round, metadata: '' })),
      identity,
    })
    expect(ended.how).toBe('committed')
    await transactions.close()
    const ends = (how: 'read_committed' | 'read_uncommitted') => admin.offsets(places, 'latest', how)
    // The position at once, and the ends as they are then.
    const [committed, stable] = await Promise.all([
      reader.committed(places, { stable: false }),
      ends('read_committed'),
    ])
    if (stable.some((end) => end !== 2 * round)) late++
    else if (committed.some((one) => one?.offset !== round)) late++
  }
  await reader.close()
  expect(late).toBe(0)
})

test('whose transactional id the brokers do not know, or where there are none, nobody waits', async () => {
  await admin.untilEnded(kafka.uniqueGroup('nobody'))
  const away = await KafkaAdmin.open(settingsFor('127.0.0.1:1'))
  await away.untilEnded('nobody')
  await away.close()
})
