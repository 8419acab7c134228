// A producer whose brokers are away from the beginning: the spool that is full, the disk that is, and processes that end meanwhile.
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openProducer, type Producer, type ProducerOptions } from '../../producer/producer.ts'
import type { FolderOfFiles } from '../support/folder.ts'
import { clientProperties } from '../support/servers/client-properties.ts'
import { java } from '../support/servers/java-client.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { producerProject, topic, type ShopTypes } from './producer-project.ts'

// A limit for what hangs: five processes start one after the other.
jest.setTimeout(400_000)

let kafka: KafkaServer
let project: FolderOfFiles
let producer: Producer<ShopTypes> | undefined
const children: ChildProcess[] = []

beforeAll(async () => {
  kafka = await startKafka({ name: 'producer-away' })
  await kafka.createTopic(topic, { partitions: 3 })
  await kafka.stop(1)
})

afterAll(() => kafka.close())

beforeEach(() => {
  project = producerProject({
    'environments/test.yaml': `kafka: { brokers: ['${kafka.bootstrap}'] }\n`,
  })
})

afterEach(async () => {
  await producer?.close(100)
  producer = undefined
  for (const child of children.splice(0)) child.kill('SIGKILL')
  project.remove()
})

async function open(options: Partial<ProducerOptions> = {}): Promise<Producer<ShopTypes>> {
  producer = await openProducer<ShopTypes>({
    source: 'order-service',
    project: project.path,
    environment: 'test',
    awayAfter: '200ms',
    ...options,
  })
  return producer
}

let counted = 0
const order = (note: string | null = null) => ({
  data: { orderId: 'o', note },
  metadata: { sessionId: 's-1', sessionSeq: ++counted },
})
const accept = (opened: Producer<ShopTypes>, note?: string) =>
  opened.accept('shop.orders.OrderCreated', order(note))

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 240_000
  while (!(await isSo())) {
    if (Date.now() > limit) throw new Error(`It did not come to: ${what}`)
    await wait(50)
  }
}

test('without a spool a call says that it is on its way, or that nobody is there', async () => {
  const opened = await open({ within: '1s' })
  await expect(opened.write('shop.orders.OrderCreated', order())).rejects.toMatchObject({
    kind: 'downstream',
    code: 'TIMED_OUT',
    message: expect.stringMatching(/write it again with the eventId [0-9a-f-]{36}, it counts once\.$/),
  })
  expect(await opened.state()).toMatchObject({ breaker: 'open', written: 0, waiting: 1 })
  await opened.close(100)

  const strict = await open({ limits: { whenAway: 'refuse' } })
  // Nobody can know it before a first record was tried.
  const first = strict.write('shop.orders.OrderCreated', order())
  first.catch(() => undefined)
  await until('an open breaker', async () => (await strict.state()).breaker === 'open')
  await expect(strict.write('shop.orders.OrderCreated', order())).rejects.toMatchObject({
    code: 'KAFKA_AWAY',
  })
  await strict.close(100)
  await expect(first).rejects.toMatchObject({ code: 'PRODUCER_CLOSED' })
})

test.each(['wait', 'refuse'] as const)('a spool that is full (whenFull: %s)', async (whenFull) => {
  const spool = { folder: join(project.path, 'spool'), bytes: '8KiB' }
  const opened = await open({ spool, limits: { records: 5, whenFull } })
  const note = 'x'.repeat(500)
  const safe: unknown[] = []
  const refused: unknown[] = []
  const calls: Promise<unknown>[] = []
  for (let n = 0; n < 40; n++) {
    const call = accept(opened, note)
    calls.push(
      call.then(
        (told) => safe.push(told),
        (error: unknown) => refused.push(error),
      ),
    )
    await wait(5)
    if (n === 0) await until('an open breaker', async () => (await opened.state()).breaker === 'open')
  }
  // Those that wait for room, five at most, have no answer yet.
  await until('answers', () => safe.length + refused.length >= (whenFull === 'wait' ? 35 : 40))
  expect(safe.length).toBeGreaterThan(5)
  expect(safe.length).toBeLessThan(20)
  for (const error of refused) expect(error).toMatchObject({ kind: 'downstream', code: 'PRODUCER_FULL' })
  expect(await opened.state()).toMatchObject({
    written: 0,
    waiting: safe.length + (whenFull === 'wait' ? 5 : 0),
  })
  await opened.close(100)
  await Promise.allSettled(calls)
  // What was waiting for room is in the spool by now, room or not; what was refused is not.
  const again = await open({ spool })
  expect((await again.state()).waiting).toBe(40 - refused.filter(isFull).length)
})

const isFull = (error: unknown): boolean => (error as { code?: string }).code === 'PRODUCER_FULL'

// It needs root, to mount a small disk.
const asRoot = process.getuid?.() === 0 ? test : test.skip

asRoot('a disk that is full: the call says so, and with room again it goes on', async () => {
  const disk = join(project.path, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
  try {
    const told: string[] = []
    const opened = await open({ spool: { folder: disk }, onTrouble: (sentence) => told.push(sentence) })
    let safe = 0
    let failure: unknown
    for (; failure === undefined;) {
      await accept(opened, 'x'.repeat(20_000)).then(
        () => safe++,
        (error: unknown) => (failure = error),
      )
    }
    expect(failure).toMatchObject({ kind: 'fatal', code: 'STORE_FULL' })
    expect((failure as Error).message).toMatch(/^The disk that holds .* is full: free some space/)
    expect(safe).toBeGreaterThan(3)
    expect(told.some((sentence) => sentence.startsWith('The spool cannot be written: '))).toBe(true)
    expect((await opened.state()).waiting).toBe(safe)
    execFileSync('mount', ['-o', 'remount,size=20m', disk])
    await accept(opened, 'x'.repeat(20_000))
    await opened.close(100)
    const again = await open({ spool: { folder: disk } })
    expect((await again.state()).waiting).toBe(safe + 1)
    await again.close(100)
  } finally {
    execFileSync('umount', ['-l', disk])
  }
})

const spoolOf = (): string => join(project.path, 'spool')

/** A service in a process of its own. */
function service(env: Readonly<Record<string, string>>): { child: ChildProcess; ended: Promise<Ended> } {
  const node = ['--disable-warning=ExperimentalWarning', 'test/producer/producer-child.ts']
  const child = spawn(process.execPath, node, {
    env: {
      ...process.env,
      PROJECT: project.path,
      ENVIRONMENT: 'test',
      SPOOL: spoolOf(),
      LEDGER: join(project.path, 'ledger'),
      ...env,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  children.push(child)
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, err })),
  )
  return { child, ended }
}

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly err: string
}

/** The ids that services have promised to keep. */
const promised = (): string[] => {
  const ledger = join(project.path, 'ledger')
  if (!existsSync(ledger)) return []
  return readFileSync(ledger, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('s-'))
    .map((line) => line.split(' ')[0]!)
}

test('processes that end while the brokers are away: the next one writes what all of them promised', async () => {
  const first = service({ FROM: '1', COUNT: '1000000' })
  await until('records in the spool', () => promised().length > 200)

  const second = await service({ FROM: '1', COUNT: '1' }).ended
  expect(second.code).toBe(1)
  expect(second.err).toContain(
    `The spool in ${spoolOf()} belongs to process ${first.child.pid}: give each process a folder of its own, such as ${join(spoolOf(), 'NAME')}.`,
  )

  first.child.kill('SIGKILL')
  expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
  const before = promised().length
  const third = service({ FROM: '2000000', COUNT: '1000000' })
  await until('more records in the spool', () => promised().length > before + 200)
  third.child.kill('SIGTERM')
  expect(await third.ended).toMatchObject({ code: 0, signal: null, err: '' })

  await kafka.start(1)
  const last = service({ FROM: '4000000', COUNT: '10' })
  expect(await last.ended).toMatchObject({ code: 0, err: '' })
  const found = await java.consume({ client: clientProperties('java', kafka), topic })
  const ids = new Set(found.map(({ value }) => /s-\d+\/\d+/.exec(value!.toString('latin1'))![0]))
  expect(promised().filter((id) => !ids.has(id))).toEqual([])
  expect(ids.size).toBeGreaterThan(400)
})
