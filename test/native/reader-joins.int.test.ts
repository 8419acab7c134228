// What librdkafka's members of KIP-848 do wrong when they join: one that is given partitions of a topic it does not know
// sends the group a heartbeat that gives them back, and begins with them all the same; one that is closed before it has
// heard that it has joined does not leave. A reader makes up for both.

import { afterEach, beforeAll, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { startKafka } from '../support/servers/kafka.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { filledTopic } from './support/filled.ts'
import { protocols, quicken } from './support/protocols.ts'
import { closeAll, PolledReader } from './support/polled-reader.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

/** A member that hears what librdkafka says of its group. */
async function talking(
  bootstrap = kafka.bootstrap,
  group = kafka.uniqueGroup(),
): Promise<{ reader: PolledReader; said: () => string[] }> {
  if (bootstrap === kafka.bootstrap) await quicken(bootstrap, group)
  const reader = await PolledReader.open({
    'bootstrap.servers': bootstrap,
    'group.id': group,
    debug: 'cgrp',
    ...protocols.consumer,
  })
  const said = () => reader.events.flatMap((event) => (event.type === 'log' ? [event.message] : []))
  return { reader, said }
}

test('a reader knows its topics before the group gives it any of them', async () => {
  const topics = [
    await filledTopic(kafka, 'known', { count: 3, partitions: 2 }),
    await filledTopic(kafka, 'known', { count: 3, partitions: 1 }),
  ]
  const { reader, said } = await talking()
  await reader.reader.subscribe(topics)
  await reader.until(() => reader.seen.length === 9, 'all records')
  expect(said().filter((line) => line.includes('received target assignment')).length).toBeGreaterThan(0)
  expect(said().filter((line) => line.includes('Metadata not found'))).toEqual([])
})

test('what is not there, and a regular expression, hold up nothing', async () => {
  const topic = await filledTopic(kafka, 'known', { count: 3, partitions: 2 })
  const { reader } = await talking()
  await reader.reader.subscribe([topic, kafka.uniqueTopic('missing')])
  await reader.until(() => reader.seen.length === 6, 'the records of the one that is there')
  const other = await talking()
  await other.reader.reader.subscribe([`^${topic}$`])
  await other.reader.until(() => other.reader.seen.length === 6, 'the records of what is matched')
})

test('only the last of several subscriptions counts, and none after leaving', async () => {
  const [first, last] = [
    await filledTopic(kafka, 'known', { count: 3, partitions: 1 }),
    await filledTopic(kafka, 'known', { count: 4, partitions: 1 }),
  ]
  const { reader } = await talking()
  await Promise.all([reader.reader.subscribe([first]), reader.reader.subscribe([last])])
  await reader.until(() => reader.seen.length === 4, 'the records of the last')
  expect([...reader.owned]).toEqual([`${last}/0`])

  const left = await talking()
  await Promise.all([left.reader.reader.subscribe([first]), left.reader.reader.unsubscribe()])
  // The answer to this question comes behind the one that was asked for the subscription.
  await left.reader.reader.partitionCount(first)
  await left.reader.morePolls(2)
  expect(left.said().filter((line) => line.includes('subscribe to new subscription'))).toEqual([])
})

test('a reader that is closed while it joins leaves the group', async () => {
  const proxy = await startProxy()
  // A member that does not leave is waited for longer than this test waits for anything.
  const session = 600_000
  const slow = await startKafka({
    name: 'slow',
    advertisedPorts: [proxy.port],
    properties: {
      'group.consumer.max.session.timeout.ms': session,
      'group.consumer.session.timeout.ms': session,
    },
  })
  try {
    const [broker] = slow.brokers
    proxy.forwardTo(broker!.port)
    await slow.createTopic('joined', { partitions: 3 })
    const early = await talking(slow.bootstrap, 'joined')
    proxy.delay(300)
    await early.reader.reader.subscribe(['joined'])
    const isJoining = () => early.said().some((line) => line.includes('ConsumerGroupHeartbeat of member id'))
    await early.reader.until(isJoining, 'it joins')
    proxy.stall('responses')
    const hasJoined = () => readFileSync(broker!.log, 'utf8').includes('joins the consumer group')
    await early.reader.until(hasJoined, 'the broker has taken it in')
    const closing = early.reader.close(60_000)
    proxy.pass()
    await closing
    const next = await talking(slow.bootstrap, 'joined')
    await next.reader.reader.subscribe(['joined'])
    await next.reader.until(() => next.reader.owned.size === 3, 'all partitions')
    await next.reader.close()
  } finally {
    await slow.close()
    await proxy.close()
  }
})
