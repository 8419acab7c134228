// A producer whose registry is away at the start or later, or answers what it should not; with a real Kafka.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { openProducer, type Producer } from '../../producer/producer.ts'
import { type FakeAnswer, FakeRegistry } from '../engine/avro/registry-fake.ts'
import type { FolderOfFiles } from '../support/folder.ts'
import { startProxy, type Proxy } from '../support/servers/proxy.ts'
import { sharedRegistry, type SharedRegistry } from '../support/servers/registry-shared.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { producerProject, topic, type ShopTypes } from './producer-project.ts'

let kafka: SharedKafka
let registry: SharedRegistry
let proxy: Proxy
let fake: FakeRegistry
let project: FolderOfFiles
let producer: Producer<ShopTypes> | undefined

beforeAll(async () => {
  ;[kafka, registry] = await Promise.all([sharedKafka(), sharedRegistry()])
})

beforeEach(async () => {
  await kafka.createTopic(topic, { partitions: 3 })
  proxy = await startProxy()
  fake = await FakeRegistry.open()
  project = producerProject()
})

afterEach(async () => {
  await producer?.close(1000)
  producer = undefined
  await Promise.all([proxy.close(), fake.close(), kafka.deleteTopic(topic)])
  project.remove()
})

afterAll(() => kafka.reset())

async function open(url: string): Promise<Producer<ShopTypes>> {
  await producer?.close()
  const settings = `{ url: '${url}', register: true, cache: cache }`
  const environment = `kafka: { brokers: ['${kafka.bootstrap}'] }\nregistry: ${settings}\n`
  project.write('environments/test.yaml', environment)
  producer = await openProducer<ShopTypes>({
    source: 'order-service',
    project: project.path,
    environment: 'test',
  })
  return producer
}

/** The registry through the proxy. */
function throughProxy(): string {
  const { port, pathname } = new URL(registry.url)
  proxy.forwardTo(Number(port))
  return `http://127.0.0.1:${proxy.port}${pathname}`
}

const order = (sessionSeq: number) => ({
  data: { orderId: `o-${sessionSeq}` },
  metadata: { sessionId: 's-1', sessionSeq },
})

/** Writes until it is taken: what the registry answered when it was asked last is good for a moment. */
async function writtenSoon(opened: Producer<ShopTypes>, n: number): Promise<{ readonly offset: number }> {
  const limit = Date.now() + 60_000
  for (;;) {
    try {
      return await opened.write('shop.orders.OrderCreated', order(n))
    } catch (error) {
      if ((error as { kind?: string }).kind !== 'downstream' || Date.now() > limit) throw error
      await wait(100)
    }
  }
}

test('a registry that is away at the start is asked again, and the next process does without it', async () => {
  const url = throughProxy()
  proxy.cut()
  const first = await open(url)
  await expect(first.write('shop.orders.OrderCreated', order(1))).rejects.toMatchObject({
    kind: 'downstream',
    code: 'REGISTRY_UNAVAILABLE',
    message: expect.stringMatching(
      /^The schema registry does not answer \(http:\/\/127\.0\.0\.1:\d+.*: .+\): /,
    ),
  })
  expect(await first.state()).toMatchObject({ breaker: 'closed', written: 0, waiting: 0 })
  proxy.pass()
  // The number of a record that was not taken is free.
  expect((await writtenSoon(first, 1)).offset).toBe(0)

  proxy.cut()
  // A type that is known goes on; one that is not waits for nobody, and holds nobody up.
  expect((await first.write('shop.orders.OrderCreated', order(2))).offset).toBe(1)
  const unknown = first.write('shop.orders.OrderPaid', order(3))
  const known = first.write('shop.orders.OrderCreated', order(4))
  await expect(unknown).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
  expect((await known).offset).toBe(2)

  const second = await open(url)
  expect((await second.write('shop.orders.OrderCreated', order(5))).offset).toBe(3)
})

test.each<[string, FakeAnswer, object]>([
  [
    'wants credentials',
    { status: 401, body: { error_code: 40101, message: 'Unauthorized' } },
    {
      kind: 'fatal',
      code: 'REGISTRY_REFUSED',
      message: expect.stringMatching(/denies access .*registry\.username/),
    },
  ],
  [
    'is asked too often',
    { status: 429, body: { error_code: 42901, message: 'slow down' }, headers: { 'retry-after': '120' } },
    { kind: 'downstream', code: 'REGISTRY_UNAVAILABLE', facts: { retryInMs: expect.closeTo(120_000, -4) } },
  ],
  [
    'is broken',
    { status: 500, body: { error_code: 50001, message: 'Error in the backend data store' } },
    { kind: 'downstream', message: expect.stringMatching(/500: Error in the backend data store/) },
  ],
  ['is behind a gateway that is', { status: 503, body: '<html>' }, { kind: 'downstream' }],
  [
    'is none',
    { status: 404, body: '<html>' },
    {
      kind: 'fatal',
      message: expect.stringMatching(/is no schema registry \(404, a web page\): give the base/),
    },
  ],
  [
    'takes no schema',
    { status: 422, body: { error_code: 42205, message: 'Subject is in read-only mode' } },
    {
      kind: 'fatal',
      code: 'SCHEMA_REFUSED',
      message: expect.stringMatching(/422: Subject is in read-only mode/),
    },
  ],
])('a registry that %s: the call says so, and nothing is written', async (_, answer, expected) => {
  const isRegistering = expected !== undefined && 'code' in expected && expected.code === 'SCHEMA_REFUSED'
  fake.answer = ({ method, path }) =>
    !isRegistering || (method === 'POST' && path.includes('/versions')) ? answer : undefined
  const opened = await open(fake.url)
  await expect(opened.write('shop.orders.OrderCreated', order(1))).rejects.toMatchObject(expected)
  const asked = fake.seen.length
  await expect(opened.write('shop.orders.OrderCreated', order(1))).rejects.toMatchObject(expected)
  if (expected !== undefined && 'facts' in expected) expect(fake.seen.length).toBe(asked)
  expect(await opened.state()).toMatchObject({ written: 0, waiting: 0 })
  fake.answer = () => undefined
  if (!('facts' in expected)) expect((await writtenSoon(opened, 1)).offset).toBe(0)
})

test('without a registry the schemas of the project are enough', async () => {
  project.write('environments/test.yaml', `kafka: { brokers: ['${kafka.bootstrap}'] }\n`)
  producer = await openProducer<ShopTypes>({
    source: 'order-service',
    project: project.path,
    environment: 'test',
  })
  expect((await producer.write('shop.orders.OrderCreated', order(1))).offset).toBe(0)
})
