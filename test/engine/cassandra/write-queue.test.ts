import { expect, test } from '@jest/globals'
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

/** A call that writes a row into each of so many partitions. */
function call(name: string, partitions: number) {
  const sink = new ByteSink()
  const rows = Array.from({ length: partitions }, (_, index) => {
    const start = sink.length
    sink.utf8(`${name}${index}`)
    const statement = { table: name, text: `${name}${index}` }
    const orderKey = undefined
    return { statement, start, end: start, partitionStart: start, partitionEnd: sink.length, index, orderKey }
  })
  return { sink, rows, outcomes: rows.map(() => undefined), refusedKeys: new Set<string>() }
}

test('calls that go ahead overtake what waits, each in its order', async () => {
  const requests = new Answering()
  const queue = new WriteQueue(requests as unknown as Requests, 1)
  const calls = [
    queue.run(call('slow', 4)),
    queue.run(call('first', 2), true),
    queue.run(call('later', 1)),
    queue.run(call('second', 1), true),
  ]
  await Promise.all(calls)
  expect(requests.sent).toEqual(['slow0', 'first0', 'first1', 'second0', 'slow1', 'slow2', 'slow3', 'later0'])
})
