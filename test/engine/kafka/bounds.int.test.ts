// Where partitions begin and end, asked by a client that heard of their leaders before a broker was restarted.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { kindOf } from '../../../engine/errors.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import { startKafka, type KafkaServer } from '../../support/servers/kafka.ts'
import { settingsFor } from './kafka-settings.ts'
import { closeMembers, PolledMember } from './polled-member.ts'

let kafka: KafkaServer
let log: KafkaLog
beforeAll(async () => {
  kafka = await startKafka({ name: 'bounds' })
  log = new KafkaLog({ settings: settingsFor(kafka.bootstrap), onTrouble: () => undefined })
})
afterEach(closeMembers)
afterAll(async () => {
  await log.close()
  await kafka.close()
})

/** The bounds, once the brokers can tell them: far sooner than librdkafka looks at its topics again by itself. */
async function bounds(topic: string) {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      return await log.bounds({ topic, partition: 0 })
    } catch (error) {
      if (kindOf(error) !== 'downstream' || Date.now() > deadline) throw error
      await wait(200)
    }
  }
}

test('the bounds of a partition are told again soon after its broker was restarted', async () => {
  const topic = kafka.uniqueTopic()
  await log.ensureTopic(topic, { partitions: 1 })
  expect(await bounds(topic)).toEqual({ first: 0, end: 0 })
  await kafka.stop(1)
  await kafka.start(1)
  expect(await bounds(topic)).toEqual({ first: 0, end: 0 })
})

test.each([
  ['a time', Date.UTC(2026, 0, 1)],
  ['the end', 'latest'],
] as const)('a partition begins at %s soon after its broker was restarted', async (_, begin) => {
  const topic = kafka.uniqueTopic()
  await log.ensureTopic(topic, { partitions: 1 })
  const one = await PolledMember.open(
    { group: kafka.uniqueGroup(), settings: settingsFor(kafka.bootstrap), drives: [[topic]], begin },
    { onEvent: ({ type }) => type !== 'assigned' },
  )
  await one.event('assigned')
  await kafka.stop(1)
  await kafka.start(1)
  await one.member.start({ topic, partition: 0 }, undefined)
  expect(await one.event('end')).toMatchObject({ offset: 0 })
})
