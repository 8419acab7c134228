import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { MillraceError } from '../../../engine/errors.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { Reader } from '../../../native/reader.ts'
import { Writer } from '../../../native/writer.ts'
import type { Access } from '../../support/servers/client-properties.ts'
import { startBlackhole } from '../../support/servers/blackhole.ts'
import { sharedKafka, type SharedKafka } from '../../support/servers/shared.ts'
import { accessSettings, unsignedToken } from './access-settings.ts'

let kafka: SharedKafka
let admin: KafkaAdmin

beforeAll(async () => {
  kafka = await sharedKafka()
  admin = await KafkaAdmin.open(accessSettings(kafka))
})

afterAll(async () => {
  await admin.close()
  await kafka.reset()
})

async function errorOf(promise: Promise<unknown>): Promise<MillraceError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof MillraceError)) throw new Error(`no error of Millrace: ${String(error)}`)
  return error
}

async function produce(topic: string, times: readonly number[]): Promise<void> {
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const records = times.map((timestamp) => ({
    topic,
    partition: 0,
    key: null,
    value: Buffer.from('v'),
    timestamp,
  }))
  const result = await writer.writePlain(records)
  await writer.close()
  expect(result.failed).toEqual([])
}

/** A member of a group that has its partitions. */
async function member(group: string, topic: string, settings: Record<string, string>): Promise<Reader> {
  const reader = await Reader.open({
    settings: { 'bootstrap.servers': kafka.bootstrap, 'group.id': group, ...settings },
  })
  await reader.subscribe([topic])
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    for (const event of await reader.poll({ maxBytes: 0, waitMs: 200 })) {
      if (event.type !== 'assigned') continue
      await reader.assign(event.partitions)
      return reader
    }
  }
  throw new Error('the member was not assigned anything')
}

describe('topics', () => {
  test('are made, described, changed and deleted', async () => {
    const name = kafka.uniqueTopic()
    expect(await admin.partitionsOf(name)).toBeUndefined()
    const configs = { 'retention.ms': '60000', 'cleanup.policy': 'delete' }
    expect(await admin.createTopic(name, { partitions: 2, replication: 1, configs })).toBe(true)
    expect(await admin.createTopic(name, { partitions: 5 })).toBe(false)

    const described = (await admin.topics([name, `${name}-none`])).get(name)
    expect(described).toMatchObject({ name, internal: false, id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(described?.partitions).toEqual([1, 2].map(() => ({ leader: 1, replicas: [1], inSync: [1] })))
    expect((await admin.topics()).has(name)).toBe(true)

    await admin.alterTopic(name, { 'retention.ms': '120000', 'cleanup.policy': null })
    const settings = (await admin.settings([name])).get(name)
    expect(settings?.get('retention.ms')).toEqual({ value: '120000', own: true })
    expect(settings?.get('cleanup.policy')).toEqual({ value: 'delete', own: false })

    await admin.addPartitions(name, 3)
    expect(await admin.partitionsOf(name)).toBe(3)
    await admin.deleteTopics([name])
    expect(await admin.partitionsOf(name)).toBeUndefined()
  })

  test('that cannot be are refused in one sentence with Kafka’s reason', async () => {
    const name = kafka.uniqueTopic()
    const tooMany = await errorOf(admin.createTopic(name, { partitions: 1, replication: 7 }))
    expect(tooMany).toMatchObject({ kind: 'permanent', code: 'KAFKA_REFUSED' })
    expect(tooMany.message).toMatch(
      /^The topic \S+ cannot be made: .*replication.*INVALID_REPLICATION_FACTOR\)\.$/i,
    )
    const setting = await errorOf(
      admin.createTopic(name, { partitions: 1, configs: { 'retention.msx': '1' } }),
    )
    expect(setting.message).toMatch(/cannot be made: .*retention\.msx.*INVALID_CONFIG\)\.$/)

    await admin.createTopic(name, { partitions: 3, replication: 1 })
    const fewer = await errorOf(admin.addPartitions(name, 2))
    expect(fewer).toMatchObject({ kind: 'permanent', code: 'KAFKA_REFUSED' })
    expect(await errorOf(admin.addPartitions(`${name}-none`, 2))).toMatchObject({ code: 'TOPIC_UNKNOWN' })
  })
})

describe('offsets', () => {
  test('are told by place and by time, and records before one are deleted', async () => {
    const topic = kafka.uniqueTopic()
    await admin.createTopic(topic, { partitions: 2, replication: 1 })
    const start = Date.UTC(2026, 0, 1)
    const one = { topic, partition: 0 }
    await produce(topic, [start, start + 1000, start + 2000])

    const both = [one, { topic, partition: 1 }]
    expect(await admin.offsets(both, 'earliest')).toEqual([0, 0])
    expect(await admin.offsets(both, 'latest')).toEqual([3, 0])
    expect(await admin.offsets(both, start + 500)).toEqual([1, undefined])
    await admin.deleteRecords([{ ...one, offset: 2 }])
    expect(await admin.offsets([one], 'earliest')).toEqual([2])
    expect(await errorOf(admin.offsets([{ topic, partition: 7 }], 'latest'))).toMatchObject({
      code: 'TOPIC_UNKNOWN',
      message: `The topic ${topic} has 2 partitions, from 0 on: there is no partition 7.`,
    })
  })
})

describe('groups', () => {
  test.each([
    ['classic', { 'group.protocol': 'classic', 'group.instance.id': 'one' }],
    ['consumer', { 'group.protocol': 'consumer', 'group.instance.id': 'one' }],
  ] as const)(
    'of the %s protocol: members, offsets with metadata, and who is busy',
    async (protocol, settings) => {
      const [topic, group] = [kafka.uniqueTopic(), kafka.uniqueGroup()]
      await admin.createTopic(topic, { partitions: 1, replication: 1 })
      await produce(topic, [1, 2])
      expect(await admin.group(group)).toBeUndefined()
      expect(await admin.committed(group)).toEqual([])

      const reader = await member(group, topic, settings)
      try {
        await reader.commit([{ topic, partition: 0, offset: 1, metadata: 'ranges' }])
        const described = await admin.group(group)
        expect(described).toMatchObject({ name: group, protocol, state: 'Stable' })
        expect(described?.members).toEqual([
          expect.objectContaining({
            instance: 'one',
            client: 'millrace',
            partitions: [{ topic, partition: 0 }],
          }),
        ])
        expect(await admin.committed(group)).toEqual([{ topic, partition: 0, offset: 1, metadata: 'ranges' }])
        expect((await admin.groups()).find(({ name }) => name === group)?.state).toBe('Stable')
        const busy = await errorOf(admin.setOffsets(group, [{ topic, partition: 0, offset: 0 }]))
        expect(busy).toMatchObject({ kind: 'permanent', code: 'GROUP_BUSY' })
      } finally {
        await reader.unsubscribe()
        await reader.close()
      }
    },
  )

  test('without members get other offsets, lose them, and are deleted', async () => {
    const [topic, group] = [kafka.uniqueTopic(), kafka.uniqueGroup()]
    await admin.createTopic(topic, { partitions: 2, replication: 1 })
    const offsets = [0, 1].map((partition) => ({ topic, partition, offset: 5 + partition }))
    await admin.setOffsets(group, offsets)
    expect(await admin.committed(group)).toEqual(offsets.map((one) => ({ ...one, metadata: '' })))
    expect(await admin.committed(group, [{ topic, partition: 1 }])).toHaveLength(1)
    await admin.deleteOffsets(group, [{ topic, partition: 0 }])
    expect(await admin.committed(group)).toEqual([{ topic, partition: 1, offset: 6, metadata: '' }])
    expect(await admin.deleteGroup(group)).toBe(true)
    expect(await admin.deleteGroup(group)).toBe(false)
  })
})

describe('getting in', () => {
  const welcome: Access[] = [
    { listener: 'tls' },
    { listener: 'tls', certificate: 'good' },
    { listener: 'sasl', mechanism: 'PLAIN' },
    { listener: 'sasl', mechanism: 'SCRAM-SHA-256' },
    { listener: 'saslTls', mechanism: 'SCRAM-SHA-512' },
    { listener: 'sasl', mechanism: 'OAUTHBEARER' },
  ]

  test.each(welcome)('%j', async (access) => {
    const token = () => Promise.resolve(unsignedToken())
    const own = await KafkaAdmin.open(accessSettings(kafka, access), { token })
    try {
      expect(await own.cluster()).toMatchObject({ id: kafka.clusterId, consumerProtocol: true })
    } finally {
      await own.close()
    }
  })

  const refused: [string, Access, RegExp][] = [
    [
      'a wrong password',
      { listener: 'sasl', mechanism: 'PLAIN', password: 'canary' },
      /refuses the credentials.*kafka\.sasl/,
    ],
    [
      'an unknown user',
      { listener: 'sasl', mechanism: 'SCRAM-SHA-512', user: 'mallory', password: 'canary' },
      /refuses the credentials/,
    ],
    [
      'an authority that is not trusted',
      { listener: 'tls', trust: 'stranger' },
      /certificate.*is refused.*kafka\.tls/,
    ],
    [
      'a certificate that ran out',
      { listener: 'tlsExpired' },
      /certificate.*is refused \(CERT_HAS_EXPIRED\)/,
    ],
  ]

  test.each(refused)('%s is refused at once, as fatal', async (_, access, message) => {
    const own = await KafkaAdmin.open(accessSettings(kafka, access))
    try {
      const error = await errorOf(own.topics())
      expect(error).toMatchObject({ kind: 'fatal', code: 'KAFKA_REFUSED' })
      expect(error.message).toMatch(message)
      expect(error.message).not.toContain('canary')
    } finally {
      await own.close()
    }
  })

  test('no TLS at a listener with TLS, and TLS at one without', async () => {
    const plain = { ...accessSettings(kafka), brokers: accessSettings(kafka, { listener: 'tls' }).brokers }
    const encrypted = {
      ...accessSettings(kafka, { listener: 'tls' }),
      brokers: accessSettings(kafka).brokers,
    }
    for (const settings of [plain, encrypted]) {
      const own = await KafkaAdmin.open(settings, { limitMs: 6000 })
      const error = await errorOf(own.topics())
      await own.close()
      expect(error.message).toMatch(/^Kafka at \S+ .*(TLS|kafka\.brokers)/)
    }
  })

  test('one that never answers is given up in time, and does not keep the close waiting', async () => {
    const silent = await startBlackhole()
    const settings = { ...accessSettings(kafka), brokers: [silent.address] }
    const own = await KafkaAdmin.open(settings, { limitMs: 1000 })
    const error = await errorOf(own.topics())
    await own.close()
    await silent.close()
    expect(error).toMatchObject({ kind: 'downstream', code: 'KAFKA_AWAY' })
    expect(error.message).toMatch(/no answer in time/)
  })

  test('nobody there is told as downstream', async () => {
    const own = await KafkaAdmin.open(
      { ...accessSettings(kafka), brokers: ['127.0.0.1:1'] },
      { limitMs: 5000 },
    )
    const error = await errorOf(own.topics())
    await own.close()
    expect(error).toMatchObject({ kind: 'downstream', code: 'KAFKA_AWAY' })
    expect(error.message).toBe(
      'Kafka at 127.0.0.1:1 does not answer (ECONNREFUSED): see that it runs, and kafka.brokers of the environment.',
    )
  })
})
