import { expect, jest, test } from '@jest/globals'
import type { BoundStatement, Requests } from '../../../engine/cassandra/requests.ts'
import { WriteQueue } from '../../../engine/cassandra/write-queue.ts'
import { ByteSink } from '../../../engine/cql/bytes.ts'

/** Requests that are answered one after the other, and what was sent. */
class Answering implements Pick<Requests, 'write' | 'explained'> {
  readonly sent: string[] = []

  async write([{ text }]: readonly [BoundStatement, ...BoundStatement[]]): Promise<void> {
    this.sent.push(text)
    await new Promise((resolve) => setImmediate(resolve))
  }

  explained(): never {
    throw new Error('Nothing fails here.')
  }
}

/** A call that writes a row, with so long to live, into each of so many partitions. */
function call(name: string, partitions: number, ttl = 0) {
  const sink = new ByteSink()
  const rows = Array.from({ length: partitions }, (_, index) => {
    const start = sink.length
    sink.utf8(`${name}${index}`)
    const ttlAt = sink.length
    sink.u32(ttl)
    const statement = { table: name, text: `${name}${index}` }
    const orderKey = undefined
    return {
      statement,
      start,
      end: start,
      partitionStart: start,
      partitionEnd: ttlAt,
      ttlAt,
      index,
      orderKey,
    }
  })
  return { sink, rows, outcomes: rows.map(() => undefined), refusedKeys: new Set<string>() }
}

test('calls that go ahead overtake what waits, each in its order', async () => {
  const requests = new Answering()
  const queue = new WriteQueue(requests as unknown as Requests, 1)
  const calls = [
    queue.run(call('slow', 4)),
    queue.run(call('first', 2), { ahead: true }),
    queue.run(call('later', 1)),
    queue.run(call('second', 1), { ahead: true }),
  ]
  await Promise.all(calls)
  expect(requests.sent).toEqual(['slow0', 'first0', 'first1', 'second0', 'slow1', 'slow2', 'slow3', 'later0'])
})

test('writers take turns: a large call holds nobody up', async () => {
  const requests = new Answering()
  const queue = new WriteQueue(requests as unknown as Requests, 1)
  const large = queue.run(call('large', 500), { writer: 'audit' })
  const small = queue.run(call('small', 2), { writer: 'customers' })
  expect([queue.waiting('audit'), queue.waiting('customers'), queue.underWay]).toEqual([499, 2, 1])
  await small
  expect(requests.sent.slice(0, 5)).toEqual(['large0', 'large1', 'small0', 'large2', 'small1'])
  expect(requests.sent.length).toBeLessThan(10)
  await large
})

test('what goes ahead all the time leaves one place of eight to the rest', async () => {
  const requests = new Answering()
  const queue = new WriteQueue(requests as unknown as Requests, 1)
  let others = 20
  const rest = queue.run(call('other', 20), { writer: 'audit' })
  let running = true
  const flood = (async () => {
    while (running) await queue.run(call('alarm', 50), { ahead: true, writer: 'alarms' })
  })()
  await rest
  running = false
  await flood
  others -= requests.sent.slice(0, 8 * 20 + 1).filter((text) => text.startsWith('other')).length
  expect(others).toBe(0)
})

test('a row that waited ends when its record says, and none lives for ever', async () => {
  const clock = jest.spyOn(performance, 'now')
  clock.mockReturnValue(1000)
  const requests = new Answering()
  const queue = new WriteQueue(requests as unknown as Requests, 1)
  const calls = [call('long', 2, 3600), call('short', 1, 30), call('forever', 1, 0)]
  const written = calls.map((one) => queue.run(one))
  clock.mockReturnValue(1000 + 90_999)
  await Promise.all(written)
  clock.mockRestore()
  const lives = calls.map(({ sink, rows }) => rows.map(({ ttlAt }) => sink.buffer.readUInt32BE(ttlAt)))
  // The first one was sent at once; 90 s later what is left of half a minute is a second.
  expect(lives).toEqual([[3600, 3510], [1], [0]])
})
