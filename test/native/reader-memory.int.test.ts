import { afterEach, beforeAll, expect, test } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Reader } from '../../native/reader.ts'
import type { PackedRecords } from '../../native/records.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { fill } from './support/fill.ts'
import { closeAll } from './support/polled-reader.ts'
import { slope } from './support/slope.ts'

let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})

afterEach(closeAll)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Memory outside of the heap, after everything that is garbage was let go: finalizers run in later turns. */
async function outside(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().external
}

test('the slope of a line', () => {
  expect(slope([])).toBe(0)
  expect(slope([[1, 5]])).toBe(0)
  expect(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toBeCloseTo(2)
  expect(
    slope([
      [0, 5],
      [1, 4],
      [2, 6],
      [3, 5],
    ]),
  ).toBeCloseTo(0.2)
})

test('batches are let go when nobody holds them, and those that are held stay as they are', async () => {
  const topic = kafka.uniqueTopic('memory')
  await kafka.createTopic(topic)
  await fill(kafka.bootstrap, topic, { count: 100_000, size: 200 })
  const reader = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  await reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  const before = await outside()
  const held: PackedRecords[] = []
  let bytes = 0
  for (let rounds = 0; rounds < 5;)
    for (const event of await reader.poll({ maxBytes: 1 << 20, waitMs: 1000 })) {
      if (event.type === 'records') {
        bytes += event.records.bytes.length
        if (held.length < 3) held.push(event.records)
      }
      if (event.type === 'end') {
        rounds += 1
        await reader.seek([{ topic, partition: 0, offset: 'beginning' }])
      }
    }
  expect(bytes).toBeGreaterThan(100_000_000)
  const kept = (await outside()) - before
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(8 * 2 ** 20)
  for (const records of held)
    for (let row = 0; row < records.count; row++) {
      const value = records.bytes.toString('utf8', records.valueStarts[row], records.valueEnds[row])
      if (!value.startsWith(`value-0-${records.offsets[row]}.`))
        throw new Error(`A held batch has changed: ${value}`)
    }
  held.length = 0
  await reader.close()
  expect((await outside()) - before).toBeLessThan(2 * 2 ** 20)
})
