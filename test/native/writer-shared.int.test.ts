import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import type { WriteResult } from '../../native/write-results.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { fill } from './support/fill.ts'

// What a reader has packed is written from where it lies: whatever becomes of it in JavaScript meanwhile.

const count = 50_000
let kafka: SharedKafka
let settings: { readonly 'bootstrap.servers': string }
beforeAll(async () => {
  kafka = await sharedKafka()
  settings = { 'bootstrap.servers': kafka.bootstrap }
})
const open: { close(): Promise<void> }[] = []
afterAll(() => Promise.all(open.map((one) => one.close())))

/** The values of a topic's first partition. */
async function valuesOf(topic: string): Promise<string[]> {
  const reader = await Reader.open({ settings })
  open.push(reader)
  await reader.assign([{ topic, partition: 0, offset: 'beginning' }])
  const values: string[] = []
  for (;;) {
    for (const event of await reader.poll({ maxBytes: 1 << 20, waitMs: 1000 })) {
      if (event.type === 'end') return values
      if (event.type !== 'records') continue
      const { bytes, valueStarts, valueEnds, count: rows } = event.records
      for (let row = 0; row < rows; row++)
        values.push(bytes.toString('utf8', valueStarts[row], valueEnds[row]))
    }
  }
}

test('records that are released while they are written arrive as they were read', async () => {
  const [from, to] = [kafka.uniqueTopic('shared-from'), kafka.uniqueTopic('shared-to')]
  await Promise.all([kafka.createTopic(from), kafka.createTopic(to)])
  await fill(kafka.bootstrap, from, { count, size: 200 })
  const reader = await Reader.open({ settings })
  // Records linger, so that their memory would be in other hands long before they are sent.
  const writer = await Writer.open({ settings: { ...settings, 'queue.buffering.max.ms': 200 } })
  open.push(reader, writer)
  await reader.assign([{ topic: from, partition: 0, offset: 'beginning' }])
  const writing: Promise<WriteResult>[] = []
  for (let ended = false; !ended;) {
    for (const event of await reader.poll({ maxBytes: 1 << 18, waitMs: 1000 })) {
      if (event.type === 'end') ended = true
      if (event.type !== 'records') continue
      writing.push(writer.write(to, event.records, { partition: 0 }))
      reader.release(event.records)
      expect(event.records.bytes).toHaveLength(0)
    }
  }
  const results = await Promise.all(writing)
  expect(results.flatMap(({ failed }) => failed)).toEqual([])
  const [was, is] = await Promise.all([valuesOf(from), valuesOf(to)])
  expect(was).toHaveLength(count)
  expect(is).toEqual(was)
})
