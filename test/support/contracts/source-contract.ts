import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { Log } from '../../../engine/component/contracts/log.ts'
import type { CommittedPosition } from '../../../engine/component/contracts/position.ts'
import type { SourceReader } from '../../../engine/component/contracts/reader.ts'
import {
  assignedPartitions,
  assignment,
  delivered,
  enough,
  plain,
  pollFor,
  readable,
  readToEnd,
  record,
} from './source-driver.ts'

/** A log under test. Every test uses topics and groups of its own. */
export interface SourceHarness {
  readonly log: Log
  close(): Promise<void>
}

/** Time limit of the tests of a file that uses this contract; the servers of a cluster are slow at times. */
const patience = 20_000

/** What every `SourceReader` of a log promises. `make` is called for each test. */
export function sourceContract(name: string, make: () => Promise<SourceHarness>): void {
  describe(`${name} keeps the source contract`, () => {
    jest.setTimeout(patience)
    let harness: SourceHarness
    const readers: SourceReader[] = []
    let topics = 0

    beforeEach(async () => {
      harness = await make()
    })
    afterEach(async () => {
      for (const reader of readers.splice(0)) await reader.close()
      await harness.close()
    })

    const newTopic = async (partitions = 1): Promise<string> => {
      const topic = `contract-${Date.now().toString(36)}-${++topics}`
      await harness.log.ensureTopic(topic, { partitions })
      return topic
    }
    const open = async (topic: string, group = `group-of-${topic}`): Promise<SourceReader> => {
      const reader = await harness.log.read(group, [topic])
      readers.push(reader)
      return reader
    }
    /** Opens a reader, waits for its assignment and starts everything. */
    const started = async (topic: string, position?: CommittedPosition): Promise<SourceReader> => {
      const reader = await open(topic)
      for (const partition of await assignment(reader, await harness.log.partitionsOf(topic))) {
        await reader.start({ topic, partition }, position)
      }
      return reader
    }

    test('assigns every partition once, with an epoch, and delivers nothing before start', async () => {
      const topic = await newTopic(3)
      await harness.log.append(plain(topic, 30))
      const reader = await open(topic)
      const events = await pollFor(reader, (seen) => assignedPartitions(seen).length >= 3)
      expect(assignedPartitions(events).sort()).toEqual([0, 1, 2])
      const epochs = events.flatMap((event) => (event.type === 'assigned' ? [event.epoch] : []))
      expect(epochs).toEqual([...epochs].sort((left, right) => left - right))
      for (let turn = 0; turn < 3; turn++) {
        const later = await reader.poll({ maxBytes: enough, waitMs: 20 })
        expect(later.filter(({ type }) => type === 'records' || type === 'end')).toEqual([])
      }
    })

    test('epochs grow from one reader of a group to the next', async () => {
      const topic = await newTopic()
      const epochs: number[] = []
      for (let turn = 0; turn < 2; turn++) {
        const reader = await open(topic)
        const events = await pollFor(reader, (seen) => assignedPartitions(seen).length >= 1)
        epochs.push(...events.flatMap((event) => (event.type === 'assigned' ? [event.epoch] : [])))
        await reader.close()
      }
      expect(epochs[1]).toBeGreaterThan(epochs[0]!)
    })

    test('delivers what was appended, in order, and then its end', async () => {
      const topic = await newTopic()
      const sent = plain(topic, 500)
      const positions = [
        ...(await harness.log.append(sent.slice(0, 200))),
        ...(await harness.log.append(sent.slice(200))),
      ]
      const events = await readToEnd(await started(topic), 1)
      const got = delivered(events)
      expect(got.map(({ offset }) => offset)).toEqual(positions.map(({ offset }) => offset))
      expect(got.map(({ record }) => readable(record))).toEqual(sent.map(readable))
      const end = events.at(-1)!
      expect(end.type).toBe('end')
      // Gaps in offsets are legal, so the end may lie beyond the last record's successor.
      expect(end.type === 'end' && end.offset).toBeGreaterThan(positions.at(-1)!.offset)
    })

    test('tells the end of an empty partition', async () => {
      const topic = await newTopic()
      const events = await readToEnd(await started(topic), 1)
      const { first, end } = await harness.log.bounds({ topic, partition: 0 })
      expect(first).toBe(end)
      expect(events).toEqual([{ type: 'end', partition: { topic, partition: 0 }, offset: end }])
    })

    test('tells an end once, and again after new records', async () => {
      const topic = await newTopic()
      await harness.log.append(plain(topic, 3))
      const reader = await started(topic)
      await readToEnd(reader, 1)
      const quiet = [
        ...(await reader.poll({ maxBytes: enough, waitMs: 30 })),
        ...(await reader.poll({ maxBytes: enough, waitMs: 30 })),
      ]
      expect(quiet).toEqual([])
      await harness.log.append(plain(topic, 2))
      const again = await readToEnd(reader, 1)
      expect(delivered(again)).toHaveLength(2)
      expect(again.filter(({ type }) => type === 'end')).toHaveLength(1)
    })

    test('tells no end again because of another partition', async () => {
      const topic = await newTopic(2)
      const reader = await started(topic)
      await readToEnd(reader, 2)
      await harness.log.append(plain(topic, 3, 1))
      const events = await readToEnd(reader, 1)
      events.push(...(await reader.poll({ maxBytes: enough, waitMs: 50 })))
      const ends = events.flatMap((event) => (event.type === 'end' ? [event.partition.partition] : []))
      expect(ends).toEqual([1])
    })

    test('delivers no records where none are wanted', async () => {
      const topic = await newTopic()
      await harness.log.append(plain(topic, 10))
      const reader = await started(topic)
      for (let turn = 0; turn < 5; turn++) {
        expect(delivered(await reader.poll({ maxBytes: 0, waitMs: 20 }))).toEqual([])
      }
      expect(delivered(await readToEnd(reader, 1))).toHaveLength(10)
    })

    test('delivers about as many bytes as are wanted', async () => {
      const topic = await newTopic()
      const value = Buffer.alloc(10_000)
      for (let turn = 0; turn < 20; turn++) await harness.log.append([record(topic, { value })])
      const reader = await started(topic)
      let most = 0
      for (let got = 0; got < 20;) {
        const batch = delivered(await reader.poll({ maxBytes: 40_000, waitMs: 1000 }))
        got += batch.length
        most = Math.max(most, batch.length)
      }
      expect(most).toBeLessThanOrEqual(8)
    })

    test('delivers nothing of a paused partition until it is resumed', async () => {
      const topic = await newTopic(2)
      const reader = await started(topic)
      await readToEnd(reader, 2)
      reader.pause({ topic, partition: 0 })
      await harness.log.append([...plain(topic, 5, 0), ...plain(topic, 5, 1)])
      const seen = delivered(await pollFor(reader, (events) => delivered(events).length >= 5))
      seen.push(...delivered(await reader.poll({ maxBytes: enough, waitMs: 50 })))
      expect(seen.map(({ partition }) => partition)).toEqual([1, 1, 1, 1, 1])
      reader.resume({ topic, partition: 0 })
      const rest = delivered(await pollFor(reader, (events) => delivered(events).length >= 5))
      expect(rest.map(({ partition }) => partition)).toEqual([0, 0, 0, 0, 0])
    })

    test('bounds enclose what there is', async () => {
      const topic = await newTopic(2)
      const positions = await harness.log.append(plain(topic, 7, 1))
      const reader = await started(topic)
      const bounds = await reader.bounds({ topic, partition: 1 })
      expect(bounds).toEqual(await harness.log.bounds({ topic, partition: 1 }))
      expect(bounds.first).toBeLessThanOrEqual(positions[0]!.offset)
      expect(bounds.end).toBeGreaterThan(positions.at(-1)!.offset)
      const empty = await reader.bounds({ topic, partition: 0 })
      expect(empty.first).toBe(empty.end)
    })

    test('goes on at a position, also in the middle of what was appended at once', async () => {
      const topic = await newTopic()
      const positions = await harness.log.append(plain(topic, 100))
      const { offset } = positions[63]!
      const events = await readToEnd(await started(topic, { offset, metadata: 'not for the reader' }), 1)
      expect(delivered(events).map((each) => each.offset)).toEqual(
        positions.slice(63).map((each) => each.offset),
      )
    })

    test('goes on at the end without delivering anything again', async () => {
      const topic = await newTopic()
      await harness.log.append(plain(topic, 10))
      const { end } = await harness.log.bounds({ topic, partition: 0 })
      const events = await readToEnd(await started(topic, { offset: end, metadata: '' }), 1)
      expect(delivered(events)).toEqual([])
    })

    test('delivers nothing more of a released partition', async () => {
      const topic = await newTopic(2)
      const reader = await started(topic)
      await readToEnd(reader, 2)
      await reader.release([{ topic, partition: 0 }])
      await harness.log.append([...plain(topic, 3, 0), ...plain(topic, 3, 1)])
      const seen = delivered(await pollFor(reader, (events) => delivered(events).length >= 3))
      seen.push(...delivered(await reader.poll({ maxBytes: enough, waitMs: 50 })))
      expect(seen.map(({ partition }) => partition)).toEqual([1, 1, 1])
    })

    test('waits when there is nothing to tell, and not once there is', async () => {
      const topic = await newTopic()
      const reader = await started(topic)
      await readToEnd(reader, 1)
      const before = performance.now()
      expect(await reader.poll({ maxBytes: enough, waitMs: 120 })).toEqual([])
      expect(performance.now() - before).toBeGreaterThanOrEqual(100)
      const waiting = reader.poll({ maxBytes: enough, waitMs: 15_000 })
      await harness.log.append(plain(topic, 1))
      expect(delivered(await waiting)).toHaveLength(1)
      expect(performance.now() - before).toBeLessThan(10_000)
    })

    test('close may be called twice, and ends a poll that waits', async () => {
      const topic = await newTopic()
      const reader = await started(topic)
      await readToEnd(reader, 1)
      const before = performance.now()
      const waiting = reader.poll({ maxBytes: enough, waitMs: 15_000 })
      await reader.close()
      await reader.close()
      await waiting
      expect(performance.now() - before).toBeLessThan(10_000)
    })

    test('keeps keys, values, headers and timestamps byte by byte', async () => {
      const topic = await newTopic()
      const binary = Buffer.from([0, 255, 128, 10, 13])
      const sent = [
        record(topic, { key: null, value: null }),
        record(topic, { key: Buffer.alloc(0), value: Buffer.alloc(0) }),
        record(topic, { key: binary, value: Buffer.from('é€😀'), timestamp: 1 }),
        record(topic, {
          headers: [
            { name: 'twice', value: binary },
            { name: 'twice', value: Buffer.alloc(0) },
            { name: '', value: null },
            { name: 'naïve', value: Buffer.alloc(300, 7) },
          ],
        }),
      ]
      await harness.log.append(sent)
      const got = delivered(await readToEnd(await started(topic), 1))
      expect(got.map(({ record: each }) => readable(each))).toEqual(sent.map(readable))
    })

    test('delivers a record that is larger than what is wanted', async () => {
      const topic = await newTopic()
      const value = Buffer.alloc(900_000, 'x')
      await harness.log.append([...plain(topic, 1), record(topic, { value }), ...plain(topic, 1)])
      const reader = await started(topic)
      const got = delivered(await pollFor(reader, (events) => delivered(events).length >= 3, 1000))
      expect(got.map((each) => each.record.value?.length)).toEqual([7, 900_000, 7])
      expect(value.equals(got[1]!.record.value!)).toBe(true)
    })

    test('lets no partition starve', async () => {
      const topic = await newTopic(8)
      const each = 20
      for (let partition = 0; partition < 8; partition++) {
        for (let turn = 0; turn < each; turn++) {
          await harness.log.append([record(topic, { partition, value: Buffer.alloc(5000) })])
        }
      }
      const reader = await started(topic)
      const order: number[] = []
      while (order.length < 8 * each) {
        const events = await reader.poll({ maxBytes: 20_000, waitMs: 1000 })
        order.push(...delivered(events).map(({ partition }) => partition))
        // Slower than the source: who is not slow takes what comes first.
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      const lastToBegin = Math.max(...Array.from({ length: 8 }, (_, partition) => order.indexOf(partition)))
      // One that starves begins when all others are through.
      expect(lastToBegin).toBeLessThan(7 * each)
    })

    test('groups do not disturb each other', async () => {
      const topic = await newTopic()
      await harness.log.append(plain(topic, 10))
      const one = await started(topic)
      const other = await open(topic, `another-group-of-${topic}`)
      await assignment(other, 1)
      await other.start({ topic, partition: 0 }, undefined)
      one.pause({ topic, partition: 0 })
      expect(delivered(await readToEnd(other, 1))).toHaveLength(10)
      one.resume({ topic, partition: 0 })
      expect(delivered(await readToEnd(one, 1))).toHaveLength(10)
    })
  })
}
