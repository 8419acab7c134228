import { afterEach, beforeAll, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { filledTopic } from './support/filled.ts'

let kafka: SharedKafka
let reader: Reader

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(() => reader.close())

const count = 3000
const size = 1000

async function begin(): Promise<{ readonly bulk: string; readonly urgent: string }> {
  const [bulk, urgent] = await Promise.all([
    filledTopic(kafka, 'bulk', { count, size }),
    filledTopic(kafka, 'urgent', { count: 500, size }),
  ])
  reader = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap }, batchBytes: 100_000 })
  await reader.assign([
    { topic: bulk, partition: 0, offset: 'beginning' },
    { topic: urgent, partition: 0, offset: 'beginning', first: true },
  ])
  return { bulk, urgent }
}

/** Records by topic, in the order in which they were told. */
function runs(events: readonly ReaderEvent[]): (readonly [string, number])[] {
  return events.flatMap((event) =>
    event.type === 'records' ? [[event.records.topic, event.records.count] as const] : [],
  )
}

async function until(enough: () => boolean, poll: () => Promise<unknown>): Promise<void> {
  for (const limit = performance.now() + 30_000; !enough();) {
    if (performance.now() > limit) throw new Error('It did not come.')
    await poll()
  }
}

test('partitions that are marked come first, and by a size of their own', async () => {
  const { bulk, urgent } = await begin()
  const seen = { [bulk]: 0, [urgent]: 0 }
  const poll = async (maxBytes: number, firstBytes: number) => {
    const told = runs(await reader.poll({ maxBytes, firstBytes, waitMs: 200 }))
    for (const [topic, records] of told) seen[topic]! += records
    return told
  }
  // The others wait in front of it, packed and fetched, for as long as nobody asks for them.
  await until(
    () => seen[bulk]! > 0,
    () => poll(1, 0),
  )
  expect(seen[urgent]).toBe(0)
  const before = seen[bulk]
  await until(
    () => seen[urgent]! > 0,
    () => poll(0, 1),
  )
  expect(seen[urgent]).toBeLessThan(500)
  await reader.pause([{ topic: urgent, partition: 0 }])
  expect(await poll(0, 1 << 20)).toEqual([])
  expect((await reader.position([{ topic: urgent, partition: 0 }]))[0]!.offset).toBe(seen[urgent])
  await reader.resume([{ topic: urgent, partition: 0 }])
  const both = await poll(1, 1 << 20)
  expect(both.map(([topic]) => topic)).toEqual([...both.slice(1).map(() => urgent), bulk])
  expect(both.length).toBeGreaterThan(1)
  await until(
    () => seen[urgent] === 500,
    () => poll(0, 1 << 20),
  )
  expect(seen[bulk]! - before!).toBe(both.at(-1)![1])
  await until(
    () => seen[bulk] === count,
    () => poll(1 << 20, 0),
  )
})

test('a marked partition can be moved, and given up while its records are packed', async () => {
  const { bulk, urgent } = await begin()
  await until(
    () => false,
    async () => {
      if (runs(await reader.poll({ maxBytes: 0, firstBytes: 1, waitMs: 200 })).length > 0) throw done
    },
  ).catch((error: unknown) => expect(error).toBe(done))
  await reader.seek([{ topic: urgent, partition: 0, offset: 499 }])
  const moved: number[] = []
  await until(
    () => moved.length > 0,
    async () => {
      for (const event of await reader.poll({ maxBytes: 0, firstBytes: 1 << 20, waitMs: 200 }))
        if (event.type === 'records') moved.push(...event.records.offsets)
    },
  )
  expect(moved).toEqual([499])
  await reader.unassign([{ topic: urgent, partition: 0 }])
  const topics = new Set<string>()
  let bulkSeen = 0
  await until(
    () => bulkSeen === count,
    async () => {
      for (const [topic, records] of runs(await reader.poll({ maxBytes: 1 << 20, waitMs: 200 }))) {
        topics.add(topic)
        bulkSeen += records
      }
    },
  )
  expect([...topics]).toEqual([bulk])
})

const done = new Error('done')
