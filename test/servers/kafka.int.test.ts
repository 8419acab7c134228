import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { clientProperties } from '../support/servers/client-properties.ts'
import { java } from '../support/servers/java-client.ts'
import { askMetadata } from '../support/servers/kafka-wire.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { kcat } from '../support/servers/kcat-client.ts'
import { freePort } from '../support/servers/ports.ts'
import { startProxy, type Proxy } from '../support/servers/proxy.ts'
import { sharedKafka } from '../support/servers/shared.ts'

const values = (records: { value: Buffer | null }[]) => records.map(({ value }) => value?.toString())
const record = (text: string) => ({ key: Buffer.from('k'), value: Buffer.from(text) })

/** Listens on a port, and hands what comes to another, or to nobody. */
async function squat(port: number, to?: number): Promise<() => Promise<void>> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    if (to === undefined) return void socket.resume()
    const beyond = connect(to, '127.0.0.1')
    beyond.on('error', () => undefined)
    socket.pipe(beyond).pipe(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return () => new Promise((resolve) => server.close(() => resolve()))
}

describe('one broker', () => {
  let kafka: KafkaServer
  let client: Record<string, string>
  let topic: string

  beforeAll(async () => {
    kafka = await startKafka({ properties: { 'message.max.bytes': 2000 } })
    client = clientProperties('rdkafka', kafka)
    topic = kafka.uniqueTopic()
    await kafka.createTopic(topic, { configs: { 'retention.ms': -1 } })
  })

  afterAll(() => kafka.close())

  test('answers with its own id', async () => {
    const { clusterId, brokers } = await askMetadata(kafka.brokers[0]!.port)
    expect(clusterId).toBe(kafka.clusterId)
    expect(brokers).toEqual([{ id: 1, host: '127.0.0.1', port: kafka.brokers[0]!.port }])
  })

  test('takes settings of its own, and a topic its own', async () => {
    const produce = (records: ReturnType<typeof record>[]) =>
      java.produce({ client: clientProperties('java', kafka), topic, records })
    await expect(produce([record('x'.repeat(5000))])).rejects.toThrow(/RecordTooLarge/)
    await kafka.alterTopicConfig(topic, { 'max.message.bytes': 10_000 })
    expect(await produce([record('x'.repeat(5000))])).toHaveLength(1)
    await kafka.alterTopicConfig(topic, { 'max.message.bytes': null })
    await expect(produce([record('x'.repeat(5000))])).rejects.toThrow(/RecordTooLarge/)
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'comes back after %s on the same port, with its data',
    async (signal) => {
      const name = kafka.uniqueTopic()
      await kafka.createTopic(name)
      await kcat.produce({ client, topic: name, records: [record('before')] })
      await kafka.stop(1, signal)
      expect(kafka.pid(1)).toBeUndefined()
      await expect(askMetadata(kafka.brokers[0]!.port)).rejects.toThrow('ECONNREFUSED')
      await kafka.start(1)
      await kcat.produce({ client, topic: name, records: [record('after')] })
      expect(values(await kcat.consume({ client, topic: name }))).toEqual(['before', 'after'])
    },
  )

  test('frozen, it takes connections and does not answer', async () => {
    const { port } = kafka.brokers[0]!
    kafka.pause(1)
    await expect(askMetadata(port, { timeout: 200 })).rejects.toThrow('does not answer')
    kafka.resume(1)
    expect((await askMetadata(port, { timeout: 20_000 })).clusterId).toBe(kafka.clusterId)
  })

  test('comes back when another process gives its port back', async () => {
    const { port } = kafka.brokers[0]!
    await kafka.stop(1)
    const leave = await squat(port)
    const started = kafka.start(1)
    await expect(askMetadata(port, { timeout: 100 })).rejects.toThrow()
    expect(kafka.pid(1)).toBeUndefined()
    await leave()
    await started
    expect((await askMetadata(port)).clusterId).toBe(kafka.clusterId)
  })

  test('does not take another cluster for its own', async () => {
    const wanted = await freePort()
    const leave = await squat(wanted, kafka.brokers[0]!.port)
    await expect(startKafka({ port: wanted })).rejects.toThrow(`another cluster answers: ${kafka.clusterId}`)
    await leave()
  })

  test('does not start on a port that another process has', async () => {
    const wanted = await freePort()
    const leave = await squat(wanted)
    await expect(startKafka({ port: wanted })).rejects.toThrow(
      'a port of broker 1 is taken by another process',
    )
    await leave()
  })

  test('a reset deletes what is named after the test, and nothing else', async () => {
    const other = await sharedKafka()
    const mine = await sharedKafka()
    const [kept, gone] = [other.uniqueTopic('kept'), mine.uniqueTopic('gone')]
    const [derived, group] = [`group.${gone}.parked`, mine.uniqueGroup()]
    for (const name of [kept, gone, derived]) await mine.createTopic(name)
    await java.commit({
      client: clientProperties('java', mine),
      group,
      offsets: [{ topic: gone, partition: 0, offset: 1, metadata: '' }],
    })
    await mine.reset()
    const { topics } = await askMetadata(mine.brokers[0]!.port, { topics: [kept, gone, derived] })
    expect(topics.map(({ error }) => error)).toEqual([0, 3, 3])
    expect(await java.offsets({ client: clientProperties('java', mine), group })).toEqual([])
    await other.reset()
  })

  test('says which broker there is not', () => {
    expect(() => kafka.pause(2)).toThrow('there is no broker 2')
  })
})

test('a broker that cannot start is an error with the words of its log', async () => {
  const trouble = await startKafka({ properties: { 'num.io.threads': -1 }, name: 'broken' }).then(
    String,
    String,
  )
  expect(trouble).toMatch(/Kafka broker 1 did not start: .*num\.io\.threads.*; see \S+broker\.log$/)
  expect(existsSync(trouble.replace(/.*; see /, ''))).toBe(true)
})

test('three brokers: one dies, nothing is lost, and it comes back in sync', async () => {
  const kafka = await startKafka({ brokers: 3 })
  const client = clientProperties('rdkafka', kafka)
  const topic = kafka.uniqueTopic()
  await kafka.createTopic(topic, { partitions: 3 })
  const { topics } = await askMetadata(kafka.brokers[1]!.port, { topics: [topic] })
  expect(topics[0]!.partitions.map(({ replicas }) => replicas.toSorted())).toEqual(Array(3).fill([1, 2, 3]))

  await kcat.produce({ client, topic, records: [record('one')], partition: 0 })
  await kafka.stop(topics[0]!.partitions.find(({ partition }) => partition === 0)!.leader, 'SIGKILL')
  await kcat.produce({ client: { ...client, acks: 'all' }, topic, records: [record('two')], partition: 0 })
  const dead = kafka.brokers.find(({ id }) => kafka.pid(id) === undefined)!
  await kafka.start(dead.id)
  await kafka.inSync(topic)
  expect(values(await kcat.consume({ client, topic }))).toEqual(['one', 'two'])
  await kafka.close()
  expect(kafka.brokers.map(({ id }) => kafka.pid(id))).toEqual([undefined, undefined, undefined])
})

describe('behind a proxy', () => {
  let proxy: Proxy
  let kafka: KafkaServer

  beforeAll(async () => {
    proxy = await startProxy()
    kafka = await startKafka({ advertisedPorts: [proxy.port] })
    proxy.forwardTo(kafka.brokers[0]!.port)
  })

  afterAll(async () => {
    await kafka.close()
    await proxy.close()
  })

  test('clients go through it, the test kit goes past it', async () => {
    expect(kafka.bootstrap).toBe(proxy.address)
    const client = { ...clientProperties('rdkafka', kafka), 'message.timeout.ms': '1500' }
    const topic = kafka.uniqueTopic()
    proxy.cut()
    await kafka.createTopic(topic)
    await expect(kcat.produce({ client, topic, records: [record('lost')] })).rejects.toThrow(/fail/i)
    proxy.pass()
    await kcat.produce({ client, topic, records: [record('through')] })
    expect(values(await kcat.consume({ client, topic }))).toEqual(['through'])
  })
})
