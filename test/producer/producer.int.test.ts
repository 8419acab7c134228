import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openProducer, type Producer } from '../../producer/producer.ts'
import type { FolderOfFiles } from '../support/folder.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { clientProperties } from '../support/servers/client-properties.ts'
import { java } from '../support/servers/java-client.ts'
import { producerProject, topic, type ShopTypes } from './producer-project.ts'

let kafka: KafkaServer
let project: FolderOfFiles
let producer: Producer<ShopTypes> | undefined

beforeAll(async () => {
  kafka = await startKafka({ name: 'producer' })
})

afterAll(async () => {
  await kafka.close()
})

beforeEach(async () => {
  await kafka.createTopic(topic, { partitions: 3 })
  project = producerProject({
    'environments/test.yaml': `kafka: { brokers: ['${kafka.bootstrap}'] }\n`,
  })
})

afterEach(async () => {
  await producer?.close(1000)
  producer = undefined
  project.remove()
  await kafka.deleteTopic(topic)
})

const open = async (): Promise<Producer<ShopTypes>> =>
  (producer = await openProducer<ShopTypes>({
    source: 'order-service',
    project: project.path,
    environment: 'test',
    awayAfter: '300ms',
  }))

const order = (session: number, sessionSeq: number) => ({
  eventId: `s-${session}/${sessionSeq}`,
  data: { orderId: `${session}-${sessionSeq}` },
  metadata: { sessionId: `s-${session}`, sessionSeq },
})

/** The ids in the topic by session, in their order. */
async function idsInTopic(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const { key, value } of await java.consume({ client: clientProperties('java', kafka), topic })) {
    const [id] = /s-\d+\/\d+/.exec(value!.toString('latin1'))!
    const ids = found.get(key!.toString()) ?? []
    found.set(key!.toString(), [...ids, id])
  }
  return found
}

const inOrder = (ids: readonly string[]): string[] =>
  [...new Set(ids)].sort((left, right) => Number(left.split('/')[1]) - Number(right.split('/')[1]))

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 60_000
  while (!(await isSo())) {
    if (Date.now() > limit) throw new Error(`It did not come to: ${what}`)
    await wait(50)
  }
}

test('a broker that is killed under it: every call gets its position, once, in the order of the calls', async () => {
  const opened = await open()
  await opened.write('shop.orders.OrderCreated', order(0, 1))
  const calls: Promise<{ readonly offset: number }>[] = []
  for (let n = 1; n <= 2000; n++) {
    for (let session = 1; session <= 3; session++)
      calls.push(opened.write('shop.orders.OrderCreated', order(session, n)))
    if (n === 500) await kafka.stop(1, 'SIGKILL')
    if (n === 1000) await until('an open breaker', async () => (await opened.state()).breaker === 'open')
    if (n === 1500) await kafka.start(1)
    if (n % 50 === 0) await wait(1)
  }
  await Promise.all(calls)
  expect(await opened.state()).toMatchObject({ breaker: 'closed', written: 6001, waiting: 0 })
  const found = await idsInTopic()
  for (let session = 1; session <= 3; session++) {
    const ids = Array.from({ length: 2000 }, (_, n) => `s-${session}/${n + 1}`)
    expect(found.get(`s-${session}`)).toEqual(ids)
  }
})

test('a topic that is not there is said at once', async () => {
  const opened = await open()
  await expect(opened.write('audit.AuditEvent', { what: 'seen' })).rejects.toMatchObject({
    code: 'TOPIC_UNKNOWN',
    message: expect.stringMatching(
      /^There is no topic audit-events at .*: make it first, with millrace topics apply --env test\.$/,
    ),
  })
})

test('a process that is killed with a full spool: what it had promised is written by the next one', async () => {
  const ledger = join(project.path, 'ledger')
  const promised = (): string[] =>
    existsSync(ledger)
      ? readFileSync(ledger, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('s-'))
      : []
  const first = service({ FROM: '1', COUNT: '1000000' })
  await until('records in the topic', () => promised().length > 500)
  await kafka.stop(1, 'SIGKILL')
  await until('records in the spool', () => promised().filter((line) => line.endsWith(' spool')).length > 500)
  first.kill('SIGKILL')
  await new Promise((resolve) => first.once('exit', resolve))
  await kafka.start(1)

  const second = service({ FROM: '2000000', COUNT: '10' })
  await until('the end of the second', () => readFileSync(ledger, 'utf8').includes('\nend '))
  await new Promise((resolve) => (second.exitCode === null ? second.once('exit', resolve) : resolve(0)))
  const found = await idsInTopic()
  for (const ids of found.values()) expect([...new Set(ids)]).toEqual(inOrder(ids))
  const all = new Set([...found.values()].flat())
  const lost = promised().filter((line) => !all.has(line.split(' ')[0]!))
  expect(lost).toEqual([])
})

function service(env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'test/producer/producer-child.ts'],
    {
      env: {
        ...process.env,
        PROJECT: project.path,
        ENVIRONMENT: 'test',
        SPOOL: join(project.path, 'spool'),
        LEDGER: join(project.path, 'ledger'),
        ...env,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
}
