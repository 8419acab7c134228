import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { clientProperties } from '../support/servers/client-properties.ts'
import { type SeenRecord, type SentRecord } from '../support/servers/interop-records.ts'
import { java } from '../support/servers/java-client.ts'
import { kcat } from '../support/servers/kcat-client.ts'
import { python } from '../support/servers/python-client.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'

let kafka: SharedKafka
let forJava: Record<string, string>
let forRdkafka: Record<string, string>

beforeAll(async () => {
  kafka = await sharedKafka()
  forJava = clientProperties('java', kafka)
  forRdkafka = clientProperties('rdkafka', kafka)
})

afterEach(() => kafka.reset())

async function topic(partitions = 1): Promise<string> {
  const name = kafka.uniqueTopic()
  await kafka.createTopic(name, { partitions })
  return name
}

// Every kind of bytes that a client may mistake for another.
const awkward: SentRecord[] = [
  { key: Buffer.from('plain'), value: Buffer.from('text'), timestamp: 1_700_000_000_001 },
  { key: null, value: Buffer.from('no key'), timestamp: 1_700_000_000_002 },
  { key: Buffer.from('tombstone'), value: null, timestamp: 1_700_000_000_003 },
  { key: Buffer.from('empty'), value: Buffer.alloc(0), timestamp: 1_700_000_000_004 },
  { key: Buffer.alloc(0), value: Buffer.from('empty key'), timestamp: 1_700_000_000_005 },
  {
    key: Buffer.from([0, 255, 10, 128]),
    value: Buffer.from([0, 0xff, 0xfe, 10, 13, 34, 92]),
    headers: [
      ['twice', Buffer.from([255, 0, 254])],
      ['twice', Buffer.alloc(0)],
      ['nothing', null],
    ],
    timestamp: 1_700_000_000_006,
  },
]

const content = ({ key, value, headers = [], timestamp }: SentRecord | SeenRecord) => ({
  key,
  value,
  headers,
  timestamp,
})

describe('a record is the same to every client', () => {
  test.each([
    ['java', 'python'],
    ['python', 'java'],
    ['java', 'java'],
  ])('%s writes, %s reads', async (writer, reader) => {
    const name = await topic()
    const records = awkward.map((record) => ({ ...record, partition: 0 }))
    const positions =
      writer === 'java'
        ? await java.produce({ client: { ...forJava, 'compression.type': 'zstd' }, topic: name, records })
        : await python.produce({ client: { ...forRdkafka, 'compression.type': 'lz4' }, topic: name, records })
    expect(positions.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5])
    const seen =
      reader === 'java'
        ? await java.consume({ client: forJava, topic: name })
        : await python.consume({ client: forRdkafka, topic: name })
    expect(seen.map(content)).toEqual(awkward.map(content))
  })

  test('java writes, kcat reads', async () => {
    const name = await topic()
    await java.produce({
      client: forJava,
      topic: name,
      records: awkward.map((record) => ({ ...record, partition: 0 })),
    })
    const seen = await kcat.consume({ client: forRdkafka, topic: name })
    expect(seen.map(({ key, value, timestamp }) => ({ key, value, timestamp }))).toEqual(
      awkward.map(({ key, value, timestamp }) => ({ key, value, timestamp })),
    )
    expect(seen[0]?.headers).toBe('')
    expect(seen.at(-1)?.headers).toContain('nothing=NULL')
  })

  test('kcat writes, java and python read', async () => {
    const name = await topic()
    const records = [
      { key: Buffer.from('a'), value: Buffer.from('1\n2') },
      { key: null, value: Buffer.from('no key') },
      { key: Buffer.from('gone'), value: null },
    ]
    await kcat.produce({ client: forRdkafka, topic: name, records, partition: 0, headers: [['by', 'kcat']] })
    const expected = records.map((record) => ({ ...record, headers: [['by', Buffer.from('kcat')]] }))
    for (const seen of [
      await java.consume({ client: forJava, topic: name, count: 3 }),
      await python.consume({ client: forRdkafka, topic: name, count: 3 }),
    ]) {
      expect(seen.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(expected)
    }
  })
})

test('the Java partitioner is the one with which the Java producer places keys', async () => {
  const name = await topic(7)
  const keys = Array.from({ length: 10_000 }, (_, index) => Buffer.from(`key-${index * 7919}`))
  const partitions = await java.partition(keys, 7)
  expect(new Set(partitions)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
  const some = keys.slice(0, 100)
  const placed = await java.produce({
    client: forJava,
    topic: name,
    records: some.map((key) => ({ key, value: null })),
  })
  expect(placed.map(({ partition }) => partition)).toEqual(partitions.slice(0, 100))
})

test('committed offsets keep their metadata', async () => {
  const name = await topic(2)
  const group = kafka.uniqueGroup()
  const offsets = [
    { topic: name, partition: 0, offset: 12, metadata: 'v1:AAEC' },
    { topic: name, partition: 1, offset: 0, metadata: '' },
  ]
  await java.commit({ client: forJava, group, offsets })
  expect(await java.offsets({ client: forJava, group })).toEqual(offsets)
})

describe('transactions', () => {
  const record = (text: string): SentRecord => ({ key: null, value: Buffer.from(text), partition: 0 })
  const values = (records: { value: Buffer | null }[]) => records.map(({ value }) => value?.toString())

  test('aborted, interleaved and open ones: what each isolation level sees', async () => {
    const name = await topic()
    const group = kafka.uniqueGroup()
    const producers = await java.transactions({ client: forJava })
    await producers.open('a', { transactionalId: kafka.uniqueGroup('a') })
    await producers.open('b', { transactionalId: kafka.uniqueGroup('b') })
    await producers.begin('a')
    await producers.send('a', name, record('aborted'))
    await producers.begin('b')
    await producers.send('b', name, record('committed'))
    await producers.offsets('b', group, [{ topic: name, partition: 0, offset: 1, metadata: 'm' }])
    await producers.abort('a')
    await producers.commit('b')
    await producers.begin('a')
    await producers.send('a', name, record('open'))
    await producers.begin('b')
    await producers.send('b', name, record('behind the open one'))
    await producers.commit('b')
    await producers.leave()

    const committed = { topic: name, isolation: 'read_committed' } as const
    const all = { topic: name, isolation: 'read_uncommitted' } as const
    for (const see of [
      (what: typeof committed | typeof all) => java.consume({ client: forJava, ...what }),
      (what: typeof committed | typeof all) => python.consume({ client: forRdkafka, ...what }),
      (what: typeof committed | typeof all) => kcat.consume({ client: forRdkafka, ...what }),
    ]) {
      expect(values(await see(committed))).toEqual(['committed'])
      expect(values(await see(all))).toEqual(['aborted', 'committed', 'open', 'behind the open one'])
    }
    const offsets = await java.offsets({ client: forJava, group })
    expect(offsets).toEqual([{ topic: name, partition: 0, offset: 1, metadata: 'm' }])
  })

  test('a second producer of the same id fences the first', async () => {
    const name = await topic()
    const transactionalId = kafka.uniqueGroup('fenced')
    const producers = await java.transactions({ client: forJava })
    await producers.open('first', { transactionalId })
    await producers.begin('first')
    await producers.send('first', name, record('lost'))
    await producers.open('second', { transactionalId })
    await expect(producers.commit('first')).rejects.toThrow(/Fenced|Epoch/)
    await producers.leave()
    expect(await java.consume({ client: forJava, topic: name, isolation: 'read_committed' })).toEqual([])
  })
})

test('what a client has to say about a wrong topic is the error', async () => {
  const nowhere = kafka.uniqueTopic('nowhere')
  const trouble = python.consume({ client: forRdkafka, topic: nowhere, patience: 2000 })
  await expect(trouble).rejects.toThrow(/UNKNOWN_TOPIC|Unknown topic/)
})
