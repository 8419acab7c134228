// What a real broker cannot be brought to do when a test wants it: answers that are late, lost, or odd.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { packPlain } from '../../native/plain-batches.ts'
import type { ClientEvent } from '../../native/client-events.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { Writer } from '../../native/writer.ts'
import { MockCluster } from '../support/mock-cluster.ts'

let cluster: MockCluster
let writer: Writer
let events: ClientEvent[]

beforeEach(() => {
  cluster = new MockCluster()
  cluster.createTopic('topic', 2)
  cluster.setCoordinator('transaction', 'writer', 1)
  events = []
})

afterEach(async () => {
  await writer.close({ limitMs: 0 })
  cluster.destroy()
})

async function open(settings = {}): Promise<void> {
  const all = { 'bootstrap.servers': cluster.bootstrap, 'retry.backoff.ms': 10, ...settings }
  writer = await Writer.open({ settings: all, onEvent: (event) => events.push(event) })
}

async function openTransactional(settings = {}): Promise<void> {
  await open({ 'transactional.id': 'writer', ...settings })
  await writer.initTransactions()
}

function batch(count = 1): ReturnType<typeof packPlain> {
  return packPlain(Array.from({ length: count }, (_, n) => ({ key: null, value: Buffer.from(String(n)) })))
}

const failures = ({ failed }: WriteResult) =>
  failed.map(({ row, error, maybeWritten }) => [row, error.code, error.class, maybeWritten])

test('what passes is tried again, and no record comes twice or out of order', async () => {
  await open()
  cluster.trackRequests()
  cluster.pushErrors('produce', 'NOT_ENOUGH_REPLICAS', 'REQUEST_TIMED_OUT', 'NOT_LEADER_FOR_PARTITION')
  const result = await writer.write('topic', batch(100), { partition: 0 })
  expect(result.failed).toEqual([])
  expect(Array.from(result.offsets)).toEqual(Array.from({ length: 100 }, (_, row) => row))
  expect(cluster.countRequests('produce')).toBeGreaterThanOrEqual(4)
})

test('a refusal names the records that it hits, and no others', async () => {
  await open()
  await writer.write('topic', batch(), { partition: 0 })
  cluster.pushErrors('produce', 'INVALID_RECORD')
  const refused = await writer.write('topic', batch(2), { partition: 1 })
  expect(failures(refused)).toEqual([0, 1].map((row) => [row, 'INVALID_RECORD', 'permanent', false]))
  expect((await writer.write('topic', batch(), { partition: 0 })).failed).toEqual([])
  expect((await writer.write('topic', batch(), { partition: 1 })).failed).toEqual([])
})

test('records that were sent and never answered for may be there', async () => {
  await open({ 'delivery.timeout.ms': 1000, 'socket.timeout.ms': 900 })
  await writer.write('topic', batch(), { partition: 0 })
  cluster.setDelay(1, 60_000)
  const result = await writer.write('topic', batch(), { partition: 0 })
  expect(failures(result)).toEqual([[0, '_MSG_TIMED_OUT', 'downstream', true]])
})

test('a fatal error of the client is told as what it is, once by event and by each write afterwards', async () => {
  await open()
  await writer.write('topic', batch(), { partition: 0 })
  cluster.pushErrors('produce', 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect((await writer.write('topic', batch(), { partition: 0 })).failed.length).toBe(1)
  const { failed } = await writer.write('topic', batch(2))
  expect(failed.map(({ error }) => [error.code, error.class])).toEqual(
    [0, 1].map(() => ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'fatal']),
  )
  const fatal = events.filter((event) => event.type === 'failed' && event.error.class === 'fatal')
  expect(fatal).toMatchObject([{ error: { code: 'OUT_OF_ORDER_SEQUENCE_NUMBER' } }])
})

test('a commit that is not answered in time is of unknown outcome, and is asked for again', async () => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch())
  cluster.trackRequests()
  cluster.pushAnswer(1, 'endTxn', 'NO_ERROR', 1500)
  await expect(writer.commit(300)).rejects.toMatchObject({ code: '_TIMED_OUT', class: 'unknown' })
  await expect(writer.abort(300)).rejects.toMatchObject({ code: '_CONFLICT', class: 'permanent' })
  await writer.commit()
  expect(cluster.countRequests('endTxn')).toBe(1)
  await writer.begin()
  await writer.commit()
})

test('so is an abort', async () => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch())
  cluster.pushAnswer(1, 'endTxn', 'NO_ERROR', 1500)
  await expect(writer.abort(300)).rejects.toMatchObject({ code: '_TIMED_OUT', class: 'unknown' })
  await writer.abort()
  await writer.begin()
  await writer.write('topic', batch())
  await writer.commit()
})

test('a commit goes on through a coordinator that moves', async () => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch())
  cluster.pushErrors('endTxn', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS')
  await writer.commit()
})

test('a close takes up a commit of unknown outcome', async () => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch())
  cluster.pushErrors('endTxn', 'COORDINATOR_NOT_AVAILABLE')
  await expect(writer.commit(50)).rejects.toMatchObject({ class: 'unknown' })
  cluster.trackRequests()
  await writer.close()
  expect(cluster.countRequests('endTxn')).toBe(1)
})

test('records that the transaction has lost make it abortable', async () => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch(), { partition: 0 })
  cluster.pushErrors('produce', 'TOPIC_AUTHORIZATION_FAILED')
  expect((await writer.write('topic', batch(), { partition: 0 })).failed.length).toBe(1)
  await expect(writer.commit()).rejects.toMatchObject({ class: 'abortable' })
  await writer.abort()
  await writer.begin()
  await writer.write('topic', batch(), { partition: 0 })
  await writer.commit()
})

test('records that are not sent because of it say so, instead of having been purged by nobody', async () => {
  await openTransactional({ 'max.in.flight.requests.per.connection': 1, 'batch.num.messages': 1 })
  await writer.begin()
  await writer.write('topic', batch(), { partition: 0 })
  cluster.pushAnswer(1, 'produce', 'TOPIC_AUTHORIZATION_FAILED', 200)
  const { failed } = await writer.write('topic', batch(50), { partition: 0 })
  expect(failed.map(({ row }) => row)).toEqual(Array.from({ length: 50 }, (_, row) => row))
  const classes = failed.slice(1).map(({ error }) => error.class)
  expect(new Set(classes)).toEqual(new Set(['abortable']))
  await expect(writer.commit()).rejects.toMatchObject({ class: 'abortable' })
  await writer.abort()
})

test.each(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED'])('%s at the commit is fencing', async (code) => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch())
  cluster.pushErrors('endTxn', code)
  await expect(writer.commit()).rejects.toMatchObject({ class: 'fenced' })
  await expect(writer.begin()).rejects.toMatchObject({ class: 'fenced' })
})

test('other fatal errors at the commit are not', async () => {
  await openTransactional()
  await writer.begin()
  await writer.write('topic', batch())
  cluster.pushErrors('endTxn', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  await expect(writer.commit()).rejects.toMatchObject({
    code: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    class: 'fatal',
  })
})

test('an initialization that nobody answers is given up in time, and taken up again', async () => {
  cluster.brokerDown(1)
  await open({ 'transactional.id': 'writer', 'reconnect.backoff.max.ms': 100 })
  await expect(writer.initTransactions(600)).rejects.toMatchObject({ class: 'downstream' })
  cluster.brokerUp(1)
  await writer.initTransactions()
  await writer.begin()
  await writer.commit()
})

test('a step that stands in line behind records for which there is no room is given up in time', async () => {
  await openTransactional({ 'queue.buffering.max.messages': 10 })
  await writer.begin()
  cluster.brokerDown(1)
  const written = writer.write('topic', batch(100))
  await expect(writer.commit(100)).rejects.toMatchObject({ code: '_TIMED_OUT', class: 'unknown' })
  cluster.brokerUp(1)
  expect((await written).failed).toEqual([])
  await writer.commit()
})

test('a full queue waits for as long as the brokers are away', async () => {
  await open({ 'queue.buffering.max.messages': 10, 'reconnect.backoff.max.ms': 100 })
  await writer.write('topic', batch(), { partition: 0 })
  cluster.brokerDown(1)
  let answered = 0
  const written = [1, 2, 3].map(async () => {
    const result = await writer.write('topic', batch(100), { partition: 0 })
    answered++
    return result
  })
  await expect(writer.flush(200)).rejects.toMatchObject({ code: '_TIMED_OUT' })
  expect(answered).toBe(0)
  cluster.brokerUp(1)
  const results = await Promise.all(written)
  expect(results.flatMap(({ offsets }) => Array.from(offsets))).toEqual(
    Array.from({ length: 300 }, (_, n) => n + 1),
  )
})
