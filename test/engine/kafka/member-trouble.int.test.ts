// What goes wrong for a member: positions that are gone, topics that are not there or grow, brokers that are away or old.

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import type { MemberOptions } from '../../../engine/kafka/member.ts'
import { tokenSource } from '../../../engine/kafka/oauth.ts'
import { plain } from '../../support/contracts/source-driver.ts'
import { startKafka, type KafkaServer } from '../../support/servers/kafka.ts'
import { accessSettings, unsignedToken } from './access-settings.ts'
import { settingsFor } from './kafka-settings.ts'
import { closeMembers, PolledMember, type PolledOptions } from './polled-member.ts'

/** A broker as it was before KIP-848, with all ways in. */
let kafka: KafkaServer
let log: KafkaLog

beforeAll(async () => {
  kafka = await startKafka({
    name: 'member-trouble',
    tls: true,
    sasl: true,
    properties: { 'group.coordinator.rebalance.protocols': 'classic' },
  })
  log = new KafkaLog({ settings: settingsFor(kafka.bootstrap), onTrouble: () => undefined })
})
afterEach(closeMembers)
afterAll(async () => {
  await log.close()
  await kafka.close()
})

async function topicOf(partitions: number, each = 0): Promise<string> {
  const topic = kafka.uniqueTopic()
  await kafka.createTopic(topic, { partitions })
  for (let partition = 0; partition < partitions; partition++) await log.append(plain(topic, each, partition))
  return topic
}

const member = (
  options: Partial<MemberOptions> & Pick<MemberOptions, 'drives'>,
  polled: PolledOptions = {},
): Promise<PolledMember> =>
  PolledMember.open(
    { group: kafka.uniqueGroup(), settings: settingsFor(kafka.bootstrap), ...options },
    polled,
  )

test('a broker without KIP-848 is joined in the older way, where both are allowed', async () => {
  const topic = await topicOf(2, 5)
  const one = await member({ drives: [[topic]] })
  await one.until(() => one.held.size === 2, 'both partitions')
  expect(one.member.protocol).toBe('classic')
  expect(one.errors).toEqual([])
  const strict = settingsFor(kafka.bootstrap, { protocol: 'consumer' })
  const two = await member({ drives: [[topic]], settings: strict })
  const error = await two.error(({ kind }) => kind === 'fatal')
  expect(error.message).toMatch(/version/i)
})

describe('a position that is not in the topic', () => {
  /** Offsets 40 to 99 are there. */
  async function shortened(): Promise<string> {
    const topic = await topicOf(1, 100)
    const admin = await KafkaAdmin.open(settingsFor(kafka.bootstrap))
    await admin.deleteRecords([{ topic, partition: 0, offset: 40 }])
    await admin.close()
    return topic
  }
  const at = (offset: number): PolledOptions => ({ position: () => ({ offset, metadata: '' }) })

  test('is fatal where nothing else is said', async () => {
    const topic = await shortened()
    for (const offset of [7, 1000]) {
      const one = await member({ drives: [[topic]] }, at(offset))
      const error = await one.error()
      expect(error).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', kind: 'fatal' })
      expect(error.message).toContain(`Offset ${offset} of partition 0 of ${topic}`)
      expect(error.message).toContain('40 to 100')
      expect(one.offsets.size).toBe(0)
    }
  })

  test('is made up for, and told, where the topology says how', async () => {
    const topic = await shortened()
    const early = await member({ drives: [[topic]], outOfRange: 'earliest' }, at(7))
    await early.until(() => early.offsets.get(`${topic}/0`)?.length === 60, 'what is there')
    expect(early.offsets.get(`${topic}/0`)![0]).toBe(40)
    const late = await member({ drives: [[topic]], outOfRange: 'latest' }, at(7))
    await late.until(() => late.troubles.length > 0, 'trouble')
    await log.append(plain(topic, 3, 0))
    await late.until(() => late.offsets.get(`${topic}/0`)?.length === 3, 'what comes')
    const passedTo = ({ events }: PolledMember) =>
      events.flatMap((event) => (event.type === 'passed' ? [event.offset] : []))
    expect([passedTo(early), passedTo(late)]).toEqual([[40], [100]])
    for (const { troubles, errors } of [early, late]) {
      expect(troubles).toEqual([expect.stringContaining(`Offset 7 of partition 0 of ${topic}`)])
      expect(errors).toEqual([])
    }
  })

  test('is committed anew where it goes back, and the task begins again from there', async () => {
    const [topic, partner] = [await shortened(), await topicOf(1, 5)]
    const group = kafka.uniqueGroup()
    const first = await member({ group, drives: [[topic, partner]] })
    await first.until(() => first.held.size === 2, 'the partition')
    await first.member.commit([
      { topic, partition: 0, offset: 5000, metadata: 'of a topic that was deleted' },
    ])
    await first.close()
    const one = await member({ group, drives: [[topic, partner]], outOfRange: 'earliest' })
    await one.until(() => one.offsets.get(`${topic}/0`)?.length === 60, 'what is there')
    const steps = one.events.flatMap((event) => (event.type === 'end' ? [] : [event.type]))
    expect(steps).toEqual(['assigned', 'lost', 'assigned'])
    const epochs = one.events.flatMap((event) => (event.type === 'assigned' ? [event.epoch] : []))
    expect(epochs[1]).toBeGreaterThan(epochs[0]!)
    await one.until(() => one.offsets.get(`${partner}/0`)?.at(-1) === 4, 'the partner')
    expect(await one.member.identity()).toBeDefined()
    expect(await one.member.committed([{ topic, partition: 0 }])).toEqual([{ offset: 40, metadata: '' }])
    expect(one.troubles).toHaveLength(1)
  })
})

describe('a partition of which nothing is committed', () => {
  test.each([
    ['latest', 6],
    [Date.UTC(2026, 0, 1, 0, 0, 3), 3],
    [Date.UTC(2027, 0, 1), 6],
  ] as const)('begins where the topology says (%s), also after a restart', async (begin, first) => {
    const [topic, other] = [await topicOf(1), await topicOf(1, 4)]
    const at = (second: number) => ({
      ...plain(topic, 1, 0)[0]!,
      timestamp: Date.UTC(2026, 0, 1, 0, 0, second),
    })
    await log.append([0, 1, 2, 3, 4, 5].map(at))
    const group = kafka.uniqueGroup()
    const drives = [[topic], [other]]
    const one = await member({ group, drives })
    one.member.follow([topic], { begin })
    await one.until(
      () => one.events.some((event) => event.type === 'end' && event.partition.topic === topic),
      'the end',
    )
    expect(await one.member.committed([{ topic, partition: 0 }])).toEqual([{ offset: first, metadata: '' }])
    await one.until(
      () => one.offsets.get(`${other}/0`)?.length === 4,
      'the other topic from its first record',
    )
    await one.close()
    // Nobody reads meanwhile; and what is said counts only where nothing is committed.
    await log.append([at(6)])
    const two = await member({ group, drives })
    two.member.follow([topic], { begin: 'none' })
    await two.until(() => two.offsets.get(`${topic}/0`)?.at(-1) === 6, 'what came meanwhile')
    expect(two.offsets.get(`${topic}/0`)![0]).toBe(first)
    expect([...one.errors, ...two.errors]).toEqual([])
  })

  test('does not begin where the topology says none', async () => {
    const topic = await topicOf(1, 5)
    const group = kafka.uniqueGroup()
    const one = await member({ group, drives: [[topic]], begin: 'none' })
    const error = await one.error()
    expect(error).toMatchObject({ code: 'OFFSET_MISSING', kind: 'fatal' })
    expect(error.message).toContain(`Group ${group} has committed no offset of partition 0 of ${topic}`)
    expect(one.offsets.size).toBe(0)
  })
})

test('topics that are not there, or do not fit together, are told in one sentence', async () => {
  const missing = await member({ drives: [['no-such-topic']] })
  expect(await missing.error()).toMatchObject({ code: 'TOPIC_UNKNOWN', kind: 'fatal' })
  expect(missing.errors[0]!.message).toMatch(/^Topic no-such-topic, .*cannot be read: .*\.$/)
  const [two, three] = [await topicOf(2), await topicOf(3)]
  const unequal = await member({ drives: [[two, three]] })
  const error = await unequal.error()
  expect(error).toMatchObject({ code: 'PLAN_INVALID', kind: 'fatal' })
  expect(error.message).toContain(`${two} and ${three} are read together and have 2 and 3 partitions`)
  await expect(member({ drives: [[two], [two]] })).rejects.toMatchObject({ code: 'PLAN_INVALID' })
})

test('a topic that grows is refused, or followed where that is said', async () => {
  const topic = await topicOf(2, 5)
  const settings = settingsFor(kafka.bootstrap, { settings: { 'topic.metadata.refresh.interval.ms': 300 } })
  const strict = await member({ drives: [[topic]], settings })
  const loose = await member({ drives: [[topic]], settings, growth: 'follow' })
  for (const each of [strict, loose]) await each.until(() => each.held.size === 2, 'both')
  const admin = await KafkaAdmin.open(settings)
  await admin.addPartitions(topic, 3)
  await admin.close()
  expect(await strict.error(({ kind }) => kind === 'fatal')).toMatchObject({ code: 'PLAN_INVALID' })
  expect(strict.held.size).toBe(2)
  await loose.until(() => loose.held.size === 3, 'the new one')
  const later = new KafkaLog({ settings, onTrouble: () => undefined })
  await later.append(plain(topic, 4, 2))
  await later.close()
  await loose.until(() => loose.offsets.get(`${topic}/2`)?.length === 4, 'its records')
})

test('TLS with SCRAM, and a token from an endpoint, get a member and a log in', async () => {
  const topic = await topicOf(1, 5)
  const scram = accessSettings(kafka, { listener: 'saslTls', mechanism: 'SCRAM-SHA-512' })
  const one = await member({ drives: [[topic]], settings: scram })
  await one.until(() => one.offsets.get(`${topic}/0`)?.length === 5, 'records')
  const endpoint = await tokenEndpoint()
  const sasl = {
    mechanism: 'OAUTHBEARER',
    tokenEndpoint: endpoint.url,
    clientId: 'alice',
    clientSecret: secretOf('wonderland'),
  } as const
  const settings = { ...accessSettings(kafka, { listener: 'sasl' }), sasl }
  const tokens = tokenSource(sasl)
  const two = await member({ drives: [[topic]], settings, tokens })
  const other = new KafkaLog({ settings, tokens, onTrouble: () => undefined })
  await other.append(plain(topic, 2, 0))
  expect(await other.ensureTopic(kafka.uniqueTopic(), { partitions: 2 })).toBe(2)
  await two.until(() => two.offsets.get(`${topic}/0`)?.length === 7, 'records')
  expect(two.errors).toEqual([])
  await other.close()
  endpoint.server.close()
})

test('while the broker is away there is downstream trouble, and afterwards it goes on', async () => {
  const topic = await topicOf(1, 5)
  const one = await member({ drives: [[topic]] })
  await one.until(() => one.offsets.get(`${topic}/0`)?.length === 5, 'records')
  await kafka.stop(1, 'SIGKILL')
  expect(await one.error()).toMatchObject({ kind: 'downstream' })
  // One that comes while nobody is there.
  const two = await member({ drives: [[topic]] })
  expect(await two.error()).toMatchObject({ kind: 'downstream', code: 'KAFKA_AWAY' })
  await kafka.start(1)
  await log.append(plain(topic, 3, 0))
  await one.until(() => one.offsets.get(`${topic}/0`)?.at(-1) === 7, 'what came since')
  // All of it again, where the broker was away for longer than the group waits.
  expect([...new Set(one.offsets.get(`${topic}/0`))]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  await two.until(() => two.offsets.get(`${topic}/0`)?.length === 8, 'all of it')
  for (const { errors } of [one, two]) expect(errors.filter(({ kind }) => kind !== 'downstream')).toEqual([])
})

/** An endpoint that gives tokens that the brokers of the test kit take. */
async function tokenEndpoint(): Promise<{ server: Server; url: string }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ access_token: unsignedToken('alice'), expires_in: 3600 }))
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` }
}
