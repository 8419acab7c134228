// Every kind of record, written by each of four clients and read by each of them: nothing is lost, added or changed.

import { open as openFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import { clientProperties } from '../support/servers/client-properties.ts'
import type { SeenRecord, SentRecord } from '../support/servers/interop-records.ts'
import { java } from '../support/servers/java-client.ts'
import { kcat } from '../support/servers/kcat-client.ts'
import { python } from '../support/servers/python-client.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { addressed, awkwardRecords, line, linesByPartition } from './interop/awkward.ts'
import { inOrder, partitionsOf, readToEnd } from './interop/listen.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const writers = ['java', 'python', 'ours'] as const
/** Far from today, in both directions. */
const anyTime = { 'message.timestamp.after.max.ms': Number.MAX_SAFE_INTEGER, 'retention.ms': -1 }

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
let kafka: SharedKafka

beforeAll(async () => {
  kafka = await sharedKafka()
})
afterAll(() => kafka.reset())

async function readOurs(topic: string, partitions: number): Promise<SeenRecord[]> {
  const reader = await Reader.open({
    settings: { 'bootstrap.servers': kafka.bootstrap, 'fetch.wait.max.ms': 10 },
  })
  try {
    return await readToEnd(reader, partitionsOf(topic, partitions))
  } finally {
    await reader.close()
  }
}

type Write = (topic: string, records: readonly SentRecord[], codec?: string) => Promise<unknown>

const write: Record<(typeof writers)[number], Write> = {
  java: (topic, records, codec = 'none') =>
    java.produce({
      client: { ...clientProperties('java', kafka), 'compression.type': codec },
      topic,
      records,
    }),
  python: (topic, records, codec = 'none') =>
    python.produce({
      client: { ...clientProperties('rdkafka', kafka), 'compression.type': codec },
      topic,
      records,
    }),
  ours: async (topic, records, codec = 'none') => {
    const writer = await Writer.open({
      settings: { 'bootstrap.servers': kafka.bootstrap, 'compression.type': codec },
    })
    const { failed } = await writer.writePlain(records.map((record) => addressed(topic, record)))
    await writer.close()
    expect(failed).toEqual([])
  },
}

const read: Record<(typeof writers)[number], (topic: string, partitions: number) => Promise<SeenRecord[]>> = {
  java: (topic) => java.consume({ client: clientProperties('java', kafka), topic }),
  python: (topic) => python.consume({ client: clientProperties('rdkafka', kafka), topic }),
  ours: readOurs,
}

describe(`awkward records (SEED=${seed})`, () => {
  const runs = writers.flatMap((writer) => codecs.map((codec) => ({ writer, codec })))
  const sent = runs.map((_, partition) => awkwardRecords(seed + partition, partition))
  let topic: string
  const seen = {} as Record<(typeof writers)[number], SeenRecord[]>

  beforeAll(async () => {
    topic = kafka.uniqueTopic('awkward')
    await kafka.createTopic(topic, { partitions: runs.length, configs: anyTime })
    for (const codec of codecs) {
      const ofCodec = runs
        .map((run, partition) => ({ ...run, partition }))
        .filter((run) => run.codec === codec)
      await Promise.all(ofCodec.map(({ writer, partition }) => write[writer](topic, sent[partition]!, codec)))
    }
    for (const reader of writers) seen[reader] = inOrder(await read[reader](topic, runs.length))
  })

  test.each(writers)('are what was written, to %s', (reader) => {
    const lines = linesByPartition(seen[reader], sent)
    for (const [partition, run] of runs.entries()) {
      const expected = sent[partition]!.map(line)
      expect({ ...run, lines: lines[partition] }).toEqual({ ...run, lines: expected })
    }
  })

  test('have the same times and places to all', () => {
    const [first, ...others] = writers.map((reader) =>
      seen[reader].map((record) => `${record.partition}/${record.offset} ${record.timestamp}`),
    )
    for (const other of others) expect(other).toEqual(first)
  })

  test('lie in the log as compressed as they should be', async () => {
    if (kafka.brokers[0]!.log === '') return // a cluster elsewhere, whose disks are not ours to read
    const found = await Promise.all(runs.map((_, partition) => codecOf(`${topic}-${partition}`)))
    expect(found).toEqual(runs.map(({ codec }) => codec))
  })
})

/** The codec of the last batch with a compressible record: Kafka's batches say it in three bits. */
async function codecOf(partition: string): Promise<string> {
  const folder = join(dirname(kafka.brokers[0]!.log), 'data', partition)
  const file = await openFile(join(folder, '00000000000000000000.log'))
  try {
    const head = await file.read(Buffer.alloc(23), 0, 23, 0)
    return codecs[head.buffer.readInt16BE(21) & 7] ?? 'unknown'
  } finally {
    await file.close()
  }
}

describe('what kcat can say: text in headers, the same for all records, and nothing empty', () => {
  const plain = [
    { key: Buffer.from('key'), value: Buffer.from('value') },
    { key: Buffer.from([0, 255, 10, 128]), value: Buffer.from('Straße\n東京') },
    { key: null, value: Buffer.from('no key') },
    { key: Buffer.from('gone'), value: null },
    { key: Buffer.from('big'), value: Buffer.alloc(900 * 1024, 'x') },
  ]
  const headers: [string, string][] = [
    ['one', '1'],
    ['Größe', 'zwei'],
    ['one', '3'],
  ]
  const named = headers.map(([name, value]): [string, Buffer] => [name, Buffer.from(value)])
  const rows = plain.map((record) => ({ ...record, headers: named }))

  test.each(codecs)('written by kcat with %s, it is read by us', async (codec) => {
    const topic = kafka.uniqueTopic('kcat')
    await kafka.createTopic(topic)
    const client = { ...clientProperties('rdkafka', kafka), 'compression.codec': codec }
    await kcat.produce({ client, topic, records: plain, headers })
    const seen = await readOurs(topic, 1)
    expect(seen.map((record) => line({ ...record, timestamp: 0 }))).toEqual(
      rows.map((record) => line({ ...record, timestamp: 0 })),
    )
  })

  test('written by us, it is read by kcat; empty ones too', async () => {
    const topic = kafka.uniqueTopic('kcat')
    await kafka.createTopic(topic)
    const empty = { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: named }
    await write.ours(
      topic,
      [...rows, empty].map((record) => ({ ...record, timestamp: 1234 })),
      'zstd',
    )
    const seen = await kcat.consume({ client: clientProperties('rdkafka', kafka), topic })
    expect(seen).toEqual(
      [...rows, empty].map(({ key, value }, offset) => ({
        partition: 0,
        offset,
        timestamp: 1234,
        key,
        value,
        headers: 'one=1,Größe=zwei,one=3',
      })),
    )
  })
})

test('the time 0, which Java can write, is read as such; what is not above 0 becomes now with us', async () => {
  const topic = kafka.uniqueTopic('zero')
  await kafka.createTopic(topic, { configs: anyTime })
  const zero = { key: null, value: Buffer.from('zero'), timestamp: 0, partition: 0 }
  await write.java(topic, [zero])
  await write.ours(topic, [zero])
  const [byJava, byUs] = await readOurs(topic, 1)
  expect(byJava!.timestamp).toBe(0)
  expect(byUs!.timestamp).toBeGreaterThan(1_600_000_000_000)
})

test("times that the broker sets are read as the broker's", async () => {
  const topic = kafka.uniqueTopic('append')
  await kafka.createTopic(topic, { configs: { 'message.timestamp.type': 'LogAppendTime' } })
  await write.ours(topic, [{ key: null, value: Buffer.from('late'), timestamp: 5 }])
  const [ours] = await readOurs(topic, 1)
  const [other] = await read.java(topic, 1)
  expect(ours!.timestamp).toBeGreaterThan(5)
  expect(ours!.timestamp).toBe(other!.timestamp)
})
