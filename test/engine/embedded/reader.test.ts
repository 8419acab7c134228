import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ReadPolicy, SourceEvent, SourceReader } from '../../../engine/component/contracts/reader.ts'
import { type Embedded, openEmbedded } from '../../../engine/embedded/embedded.ts'
import { record } from '../../support/contracts/source-driver.ts'
import { failureOf, Scratch, StillClock } from './scratch.ts'

const scratch = new Scratch()
const here = { topic: 'events', partition: 0 }
let dir: string
let clock: StillClock
let embedded: Embedded
let troubles: string[]

beforeEach(async () => {
  dir = scratch.dir()
  clock = new StillClock()
  troubles = []
  embedded = openEmbedded(dir, { clock, trouble: (sentence) => troubles.push(sentence) })
  await embedded.log.ensureTopic('events', { partitions: 2, retentionMs: 1000 })
})
afterEach(async () => {
  await embedded.close()
  await scratch.clean()
})

const append = (count: number, partition = 0, timestamp = clock.time): Promise<unknown> =>
  embedded.log.append(Array.from({ length: count }, () => record('events', { partition, timestamp })))

async function startAt(offset: number | undefined, policy: ReadPolicy = {}): Promise<SourceReader> {
  const reader = await embedded.log.read('group', ['events'], policy)
  await reader.poll({ maxBytes: 0, waitMs: 0 })
  await reader.start(here, offset === undefined ? undefined : { offset, metadata: '' })
  return reader
}

const poll = (reader: SourceReader): Promise<SourceEvent[]> => reader.poll({ maxBytes: 1 << 20, waitMs: 0 })

const offsets = (events: readonly SourceEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'records' ? [...event.records.offsets] : []))

function failureIn(events: readonly SourceEvent[]): unknown {
  return events.find((event) => event.type === 'failed')?.error
}

describe('a position that the topic does not hold', () => {
  beforeEach(async () => {
    await append(10)
    clock.time += 2000
    while (embedded.tidy());
    await append(10)
  })

  test.each([
    ['before the first', 3, 'retention has deleted what lay before 10'],
    ['beyond the end', 21, 'the topic ends at 20'],
  ])('%s is an error that names it', async (_, offset, reason) => {
    const reader = await startAt(offset)
    await append(3, 1)
    await reader.start({ topic: 'events', partition: 1 }, undefined)
    const events = await poll(reader)
    expect(failureIn(events)).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', kind: 'fatal' })
    expect((failureIn(events) as Error).message).toContain(`Offset ${offset} of topic "events", partition 0`)
    expect((failureIn(events) as Error).message).toContain(reason)
    // Told once; the other partition goes on, this one does not.
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(1)
    expect(offsets(events)).toEqual([0, 1, 2])
    expect(await poll(reader)).toEqual([])
  })

  test.each([
    ['earliest', 10],
    ['latest', 20],
  ] as const)('is made up for where the topology says %s, and told', async (outOfRange, to) => {
    const reader = await startAt(3, { outOfRange })
    const events = await poll(reader)
    expect(offsets(events)).toEqual(to === 10 ? Array.from({ length: 10 }, (_, row) => 10 + row) : [])
    expect(events.at(-1)).toEqual({ type: 'end', partition: here, offset: 20 })
    expect(troubles).toEqual([
      `Offset 3 of partition 0 of events is not in the topic, which has 10 to 20: group goes on at ${to}, as its source says (outOfRange).`,
    ])
  })

  test.each([
    ['earliest', 10],
    ['latest', 20],
  ] as const)('%s that goes back is committed, and the task begins anew', async (outOfRange, to) => {
    await append(3, 1)
    const reader = await startAt(25, { outOfRange })
    await reader.start({ topic: 'events', partition: 1 }, undefined)
    const events = await poll(reader)
    const told = events.filter(({ type }) => type === 'lost' || type === 'assigned')
    expect(told).toEqual([
      { type: 'lost', partitions: [here] },
      { type: 'assigned', partitions: [here], epoch: 2 },
    ])
    // Only of the other partition: nothing of this one before it is started again.
    expect(offsets(events)).toEqual([0, 1, 2])
    expect(await embedded.log.committed('group', here)).toEqual({ offset: to, metadata: '' })
    await reader.start(here, await embedded.log.committed('group', here))
    expect(offsets(await poll(reader))).toHaveLength(20 - to)
    expect(troubles).toHaveLength(1)
  })

  test('the first and the end themselves are held', async () => {
    expect(offsets(await poll(await startAt(10)))).toHaveLength(10)
    expect(offsets(await poll(await startAt(20)))).toEqual([])
  })

  test('retention that overtakes a reader is an error too', async () => {
    await append(5000)
    const reader = await startAt(10)
    expect(offsets(await reader.poll({ maxBytes: 1, waitMs: 0 }))[0]).toBe(10)
    clock.time += 2000
    while (embedded.tidy());
    await append(1)
    const events = [...(await poll(reader)), ...(await poll(reader))]
    expect(failureIn(events)).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
  })
})

describe('a partition of which nothing is committed begins', () => {
  beforeEach(async () => {
    for (const timestamp of [100, 300, 200, 400]) await append(2, 0, timestamp)
  })

  test.each([
    ['earliest', [0, 1, 2, 3, 4, 5, 6, 7], undefined],
    ['latest', [], 8],
    [150, [2, 3, 4, 5, 6, 7], 2],
    [301, [6, 7], 6],
    [401, [], 8],
  ] as const)('%s', async (begin, expected, kept) => {
    const reader = await startAt(undefined, { begin })
    expect(await embedded.log.committed('group', here)).toEqual(kept && { offset: kept, metadata: '' })
    expect(offsets(await poll(reader))).toEqual(expected)
    await append(1)
    expect(offsets(await poll(reader))).toEqual([8])
  })

  test('nowhere where the topology says none', async () => {
    await expect(startAt(undefined, { begin: 'none' })).rejects.toMatchObject({
      code: 'OFFSET_MISSING',
      kind: 'fatal',
      message: expect.stringMatching(/^Group group has committed no offset of partition 0 of events, .*\.$/),
    })
    expect(offsets(await poll(await startAt(5, { begin: 'none' })))).toEqual([5, 6, 7])
  })
})

test('records of another process are seen by a poll that waits', async () => {
  const reader = await startAt(undefined)
  await poll(reader)
  const waiting = reader.poll({ maxBytes: 1 << 20, waitMs: 15_000 })
  const body = `
    const e = openEmbedded(args[0])
    await e.log.append([{ topic: 'events', partition: 0, key: null, value: null, headers: [], timestamp: Date.now() }])
    await e.close(); console.log(Date.now())`
  const child = scratch.child(body, [dir])
  const events = await waiting
  const seenAt = Date.now()
  expect(offsets(events)).toEqual([0])
  expect(seenAt - Number((await child.printed(1))[0])).toBeLessThan(1000)
}, 20_000)

test('a poll that waits uses hardly any processor time', async () => {
  const reader = await startAt(undefined)
  await poll(reader)
  const before = process.cpuUsage()
  for (let turn = 0; turn < 5; turn++) await reader.poll({ maxBytes: 1 << 20, waitMs: 200 })
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(300)
}, 20_000)

test('small blocks come as one run, large ones by themselves', async () => {
  for (let turn = 0; turn < 50; turn++) await append(2)
  await embedded.log.append([record('events', { partition: 0, value: Buffer.alloc(100_000) })])
  await append(1)
  const events = await poll(await startAt(3))
  const runs = events.flatMap((event) => (event.type === 'records' ? [event.records.count] : []))
  expect(runs).toEqual([97, 1, 1])
  expect(offsets(events)).toEqual(Array.from({ length: 99 }, (_, index) => 3 + index))
})

test('a damaged block is an event, and its partition is not read on', async () => {
  await append(5)
  await append(5, 1)
  embedded.tablesDb.exec(`UPDATE millrace_blocks SET crc = crc + 1 WHERE partition_id = 1`)
  const reader = await startAt(undefined)
  await reader.start({ topic: 'events', partition: 1 }, undefined)
  const events = await poll(reader)
  expect(failureIn(events)).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
  expect(offsets(events)).toHaveLength(5)
  expect(await poll(reader)).toEqual([])
})

test('a partition that was not assigned is refused', async () => {
  const reader = await startAt(undefined)
  const error = await failureOf(() => reader.start({ topic: 'events', partition: 7 }, undefined))
  expect(error).toMatchObject({ code: 'SOURCE_FAILED' })
})

test('polls go on to answer after the store was closed', async () => {
  const reader = await startAt(undefined)
  const waiting = reader.poll({ maxBytes: 0, waitMs: 15_000 })
  await embedded.close()
  expect(await waiting).toEqual([])
  expect(await poll(reader)).toEqual([])
}, 10_000)
