// Brokers that are away in every way there is: all is told as something that passes, nothing hangs, and all goes on when
// they are back.

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import { Reader } from '../../native/reader.ts'
import type { Settings } from '../../native/settings.ts'
import { Writer } from '../../native/writer.ts'
import { startBlackhole, type Blackhole } from '../support/servers/blackhole.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { freePort } from '../support/servers/ports.ts'
import { hear, seenIn } from './interop/listen.ts'

const topic = 'somewhere'
const partition = { topic, partition: 0 }
const one = packPlain([{ key: null, value: Buffer.from('one') }])
const open: { close(options?: { limitMs?: number }): Promise<void> }[] = []

let blackhole: Blackhole
let refused: string

beforeAll(async () => {
  blackhole = await startBlackhole()
  refused = `127.0.0.1:${await freePort()}`
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close({ limitMs: 2000 })))
})
afterAll(() => blackhole.close())

async function reader(settings: Settings): Promise<Reader> {
  const made = await Reader.open({ settings: { 'group.id': 'nobody', ...settings } })
  open.push(made)
  return made
}

async function writer(settings: Settings): Promise<Writer> {
  const made = await Writer.open({ settings })
  open.push(made)
  return made
}

describe.each([
  ['accepts and never answers', () => blackhole.address, 'accepts connections and does not answer'],
  ['refuses connections', () => refused, 'cannot be reached: Connection refused'],
  [
    'has no address',
    () => 'no-such-host.invalid:9092',
    'The host name of no-such-host.invalid:9092 is not known',
  ],
])('a broker that %s', (_, address, why) => {
  const impatient = (): Settings => ({
    'bootstrap.servers': address(),
    'api.version.request.timeout.ms': 300,
  })

  test('is told as something that passes, with its address', async () => {
    const made = await reader(impatient())
    const events = await hear(made, (events) =>
      events.some((event) => event.type === 'failed' && event.error.message.includes(why)),
    )
    const failures = events.flatMap((event) => (event.type === 'failed' ? [event.error] : []))
    expect(new Set(failures.map((error) => error.class))).toEqual(new Set(['downstream']))
    expect(failures.at(-1)!.message).toContain(address())
  })

  test('queries reject within their limits, side by side, also while nobody polls', async () => {
    const made = await reader({ 'bootstrap.servers': address() })
    const limited = { limitMs: 300 }
    const answers = await Promise.allSettled([
      made.committed([partition], limited),
      made.committed([partition], { ...limited, stable: false, group: 'another' }),
      made.offsets([partition], 'latest', limited),
      made.offsets([partition], 0, { ...limited, isolation: 'read_uncommitted' }),
      made.partitionCount(topic, limited.limitMs),
    ])
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 'rejected', reason: { class: 'downstream' } })
  })

  test('poll answers when its time is over, and close while all of it is under way', async () => {
    const made = await reader({ 'bootstrap.servers': address() })
    await made.subscribe([topic])
    await made.assign([{ ...partition, offset: 'committed' }])
    const events = await made.poll({ maxBytes: 1000, waitMs: 50 })
    expect(events.filter(({ type }) => type === 'records' || type === 'assigned')).toEqual([])
    const asked = made.committed([partition], { limitMs: 60_000 }).catch((error: unknown) => error)
    const polled = made.poll({ maxBytes: 1000, waitMs: 60_000 })
    await made.close({ limitMs: 500 })
    expect(Array.isArray(await polled)).toBe(true)
    await expect(made.committed([partition])).rejects.toMatchObject({ class: 'closed' })
    void asked
  })

  test('a commit is given up when the session would be over', async () => {
    const short = { 'session.timeout.ms': 1000, 'heartbeat.interval.ms': 300 }
    const made = await reader({ ...impatient(), ...short })
    const committed = made.commit([{ ...partition, offset: 1 }]).catch((error: unknown) => error)
    let done = false
    void committed.finally(() => (done = true))
    await hear(made, () => done)
    expect(await committed).toMatchObject({ class: 'downstream' })
  })

  test('a write fails when its time is over, and was certainly not written', async () => {
    const made = await writer({ ...impatient(), 'message.timeout.ms': 1500 })
    await expect(made.flush(100)).resolves.toBeUndefined()
    const written = made.write(topic, one)
    await expect(made.flush(100)).rejects.toMatchObject({ class: 'downstream' })
    const { failed, offsets } = await written
    expect(failed).toMatchObject([
      { row: 0, maybeWritten: false, error: { class: 'downstream', message: expect.stringContaining(why) } },
    ])
    expect([...offsets]).toEqual([-1])
  })

  test('a transactional writer is not ready in time, and may try again', async () => {
    const made = await writer({ ...impatient(), 'transactional.id': 'nobody' })
    for (const limitMs of [600, 100]) {
      await expect(made.initTransactions(limitMs)).rejects.toMatchObject({ class: 'downstream' })
    }
  })
})

describe('a broker of our own', () => {
  let kafka: KafkaServer

  beforeAll(async () => {
    kafka = await startKafka({ name: 'away' })
    await kafka.createTopic(topic)
  })
  afterEach(() => kafka.resume(1))
  afterAll(() => kafka.close())

  test('that is frozen: queries reject, polls answer, and all goes on where it was when it thaws', async () => {
    const settings = {
      'bootstrap.servers': kafka.bootstrap,
      'socket.timeout.ms': 1500,
      'fetch.wait.max.ms': 100,
    }
    const [source, sink] = [await reader(settings), await writer(settings)]
    await sink.write(topic, one)
    await source.assign([{ ...partition, offset: 'beginning' }])
    expect(seenIn(await hear(source, (events) => seenIn(events).length > 0))).toHaveLength(1)

    kafka.pause(1)
    const limited = { limitMs: 300 }
    await expect(source.committed([partition], limited)).rejects.toMatchObject({ class: 'downstream' })
    await expect(source.offsets([partition], 'latest', limited)).rejects.toMatchObject({
      class: 'downstream',
    })
    await expect(source.partitionCount(topic, 300)).rejects.toMatchObject({ class: 'downstream' })
    const written = sink.write(topic, one)
    const away = await hear(source, (events) => events.some(({ type }) => type === 'failed'))
    expect(seenIn(away)).toEqual([])
    for (const event of away) if (event.type === 'failed') expect(event.error.class).toBe('downstream')

    kafka.resume(1)
    const seen = await hear(source, (events) => seenIn(events).length > 0)
    expect(seenIn(seen).map(({ offset }) => offset)).toEqual([1])
    expect((await written).failed).toEqual([])
    expect(await source.partitionCount(topic)).toBe(1)
  })

  test('that is frozen for good: close comes back all the same', async () => {
    const settings = { 'bootstrap.servers': kafka.bootstrap }
    const [source, sink] = [await reader(settings), await writer(settings)]
    await sink.write(topic, one)
    await source.subscribe([topic])
    await hear(source, (events) => events.some(({ type }) => type === 'assigned'))
    kafka.pause(1)
    const written = sink.write(topic, one)
    const committed = source.commit([{ ...partition, offset: 1 }]).catch((error: unknown) => error)
    await Promise.all([source.close({ limitMs: 1000 }), sink.close({ limitMs: 500 })])
    expect((await written).failed).toMatchObject([{ maybeWritten: true, error: { class: 'closed' } }])
    void committed
  })
})
