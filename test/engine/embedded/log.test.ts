import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { OutgoingRecord } from '../../../engine/component/contracts/log.ts'
import { plainRecord, valueOf, type PackedRecords } from '../../../engine/component/packed-records.ts'
import { type Embedded, openEmbedded } from '../../../engine/embedded/embedded.ts'
import { partitionOfKey } from '../../../engine/embedded/partitioner.ts'
import { record } from '../../support/contracts/source-driver.ts'
import { failureOf, Scratch, StillClock } from './scratch.ts'

const scratch = new Scratch()
let clock: StillClock
let embedded: Embedded

beforeEach(() => {
  clock = new StillClock()
  embedded = openEmbedded(scratch.dir(), { clock })
})
afterEach(async () => {
  await embedded.close()
  await scratch.clean()
})

const many = (count: number, parts: Partial<OutgoingRecord> = {}): OutgoingRecord[] =>
  Array.from({ length: count }, (_, index) => record('events', { value: Buffer.from(`v${index}`), ...parts }))

const blocks = (): [count: number, bytes: number][] => {
  const rows = embedded.tablesDb.prepare('SELECT count, bytes FROM millrace_blocks ORDER BY id').all()
  return rows.map((row) => [row['count'] as number, row['bytes'] as number])
}

const values = (records: PackedRecords): string[] =>
  Array.from({ length: records.count }, (_, row) => valueOf(records, row)!.toString())

describe('topics', () => {
  test('have one partition unless told otherwise, and are made once', async () => {
    expect(await embedded.log.partitionsOf('events')).toBeUndefined()
    expect(await embedded.log.ensureTopic('events')).toBe(1)
    expect(await embedded.log.ensureTopic('wide', { partitions: 4 })).toBe(4)
    expect(await embedded.log.ensureTopic('wide', { partitions: 2 })).toBe(4)
    expect(await embedded.log.topicNames()).toEqual(['events', 'wide'])
  })

  test('do not grow', async () => {
    await embedded.log.ensureTopic('events', { partitions: 2 })
    const error = await failureOf(() => embedded.log.ensureTopic('events', { partitions: 3 }))
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', kind: 'fatal' })
    expect(error.message).toContain('"events" has 2 partitions and cannot grow to 3')
  })

  test.each(['', 'a b', '..', 'ü', 'a/b', 'x'.repeat(250)])('cannot be called "%s"', async (name) => {
    expect(await failureOf(() => embedded.log.ensureTopic(name))).toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('that are unknown are named', async () => {
    const error = await failureOf(() => embedded.log.append([record('nowhere')]))
    expect(error).toMatchObject({ code: 'TOPIC_UNKNOWN', kind: 'fatal' })
    expect(error.message).toContain('"nowhere"')
    expect(await failureOf(() => embedded.log.read('g', ['nowhere']))).toMatchObject({
      code: 'TOPIC_UNKNOWN',
    })
    expect(await failureOf(() => embedded.log.bounds({ topic: 'nowhere', partition: 0 }))).toMatchObject({
      code: 'TOPIC_UNKNOWN',
    })
    await embedded.log.ensureTopic('events')
    expect(await failureOf(() => embedded.log.append([record('events', { partition: 1 })]))).toMatchObject({
      code: 'TOPIC_UNKNOWN',
    })
  })
})

describe('append', () => {
  test('puts equal keys into the partition that Java would choose', async () => {
    await embedded.log.ensureTopic('events', { partitions: 5 })
    const keys = Array.from({ length: 50 }, (_, index) => Buffer.from(`customer-${index}`))
    const positions = await embedded.log.append(keys.map((key) => record('events', { key })))
    expect(positions.map(({ partition }) => partition)).toEqual(keys.map((key) => partitionOfKey(key, 5)))
  })

  test('spreads records without key, a run at a time', async () => {
    await embedded.log.ensureTopic('events', { partitions: 3 })
    const positions = await embedded.log.append(many(90, { key: null, value: Buffer.alloc(7000) }))
    const used = positions.map(({ partition }) => partition)
    expect(new Set(used).size).toBe(3)
    expect(used.filter((partition, index) => index > 0 && partition !== used[index - 1]).length).toBeLessThan(
      15,
    )
  })

  test('of many at once shares blocks; a block has its limits', async () => {
    await embedded.log.ensureTopic('events')
    await Promise.all(many(100).map((each) => embedded.log.append([each])))
    expect(blocks().map(([count]) => count)).toEqual([100])
    await embedded.log.append(many(10_000))
    expect(blocks().map(([count]) => count)).toEqual([100, 4096, 4096, 1808])
    await embedded.log.append(many(5, { value: Buffer.alloc(400_000) }))
    expect(
      blocks()
        .slice(4)
        .map(([count]) => count),
    ).toEqual([2, 2, 1])
    await embedded.log.append(many(2, { value: Buffer.alloc(3_000_000) }))
    expect(
      blocks()
        .slice(7)
        .map(([count]) => count),
    ).toEqual([1, 1])
    const { end } = await embedded.log.bounds({ topic: 'events', partition: 0 })
    expect(end).toBe(10_107)
  })

  test('that is refused spares those beside it', async () => {
    await embedded.log.ensureTopic('events')
    const results = await Promise.allSettled([
      embedded.log.append(many(2)),
      embedded.log.append([record('events', { timestamp: Number.NaN })]),
      embedded.log.append([...many(2), record('nowhere')]),
      embedded.log.append(many(3)),
      embedded.log.append([]),
    ])
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect(results[1]).toMatchObject({ reason: { code: 'RECORD_INVALID', kind: 'permanent' } })
    expect(results[3]).toMatchObject({ value: [{ offset: 2 }, { offset: 3 }, { offset: 4 }] })
  })

  test('waits for another process that writes, without holding up this one', async () => {
    await embedded.log.ensureTopic('events')
    const body = `
      const { tablesDb } = openEmbedded(args[0])
      tablesDb.exec('BEGIN IMMEDIATE')
      console.log('writing')
      setTimeout(() => { tablesDb.exec('COMMIT'); console.log('done') }, 1500)`
    const child = scratch.child(body, [embedded.path.replace('/.millrace/store.db', '')])
    await child.printed(1)
    await expect(embedded.log.append(many(1))).resolves.toHaveLength(1)
    expect(child.lines.length).toBeGreaterThanOrEqual(1)
    await child.ended()
  }, 20_000)

  test('is finished before close', async () => {
    await embedded.log.ensureTopic('events')
    const pending = embedded.log.append(many(10))
    await embedded.close()
    expect(await pending).toHaveLength(10)
    expect(await failureOf(() => embedded.log.append(many(1)))).toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('fetch', () => {
  test('answers up to the limit, from the offset on, over blocks', async () => {
    await embedded.log.ensureTopic('events')
    for (let turn = 0; turn < 10; turn++) await embedded.log.append(many(10))
    const here = { topic: 'events', partition: 0 }
    const { records: found } = await embedded.log.fetch(here, 27, 25)
    expect([...found.offsets]).toEqual(Array.from({ length: 25 }, (_, index) => 27 + index))
    expect(values(found)).toEqual([...found.offsets].map((offset) => `v${offset % 10}`))
    expect((await embedded.log.fetch(here, 95, 25)).records.count).toBe(5)
    expect((await embedded.log.fetch(here, 100, 25)).records.count).toBe(0)
    expect((await embedded.log.fetch(here, 0, 0)).records.count).toBe(0)
  })

  test('has a limit of bytes, too', async () => {
    await embedded.log.ensureTopic('events')
    for (let turn = 0; turn < 40; turn++)
      await embedded.log.append([record('events', { value: Buffer.alloc(1_000_000) })])
    const { records: found } = await embedded.log.fetch({ topic: 'events', partition: 0 }, 0, 1000)
    expect(found.count).toBe(16)
    expect(plainRecord(found, 15).value).toHaveLength(1_000_000)
  })
})

describe('retention', () => {
  const here = { topic: 'events', partition: 0 }
  const appendAt = (timestamp: number, count = 1): Promise<unknown> =>
    embedded.log.append(many(count, { timestamp }))
  const tidyUp = (): void => {
    while (embedded.tidy());
  }

  test('deletes whole blocks that are too old, and only from the front', async () => {
    await embedded.log.ensureTopic('events', { retentionMs: 1000 })
    const { time } = clock
    await appendAt(time, 5)
    await appendAt(time + 500, 5)
    await appendAt(time, 5)
    tidyUp()
    expect(await embedded.log.bounds(here)).toEqual({ first: 0, end: 15 })
    clock.time = time + 1001
    tidyUp()
    expect(await embedded.log.bounds(here)).toEqual({ first: 5, end: 15 })
    expect((await embedded.log.fetch(here, 0, 100)).records.offsets[0]).toBe(5)
    clock.time = time + 1501
    tidyUp()
    expect(await embedded.log.bounds(here)).toEqual({ first: 15, end: 15 })
    await appendAt(clock.time)
    expect(await embedded.log.bounds(here)).toEqual({ first: 15, end: 16 })
  })

  test('keeps a block for as long as one of its records is young', async () => {
    await embedded.log.ensureTopic('events', { retentionMs: 1000 })
    const { time } = clock
    await embedded.log.append([...many(3, { timestamp: time - 5000 }), ...many(1, { timestamp: time })])
    tidyUp()
    expect((await embedded.log.bounds(here)).first).toBe(0)
  })

  test('goes in steps, and never touches topics without limit', async () => {
    await embedded.log.ensureTopic('events', { retentionMs: 1000 })
    await embedded.log.ensureTopic('parked')
    for (let turn = 0; turn < 40; turn++) {
      await Promise.all([appendAt(1), embedded.log.append([record('parked', { timestamp: 1 })])])
    }
    let steps = 0
    while (embedded.tidy()) steps++
    expect(steps).toBeLessThan(40)
    expect(await embedded.log.bounds(here)).toEqual({ first: 40, end: 40 })
    expect(await embedded.log.bounds({ topic: 'parked', partition: 0 })).toEqual({ first: 0, end: 40 })
  })
})

describe('damage', () => {
  const here = { topic: 'events', partition: 0 }

  test.each([
    [
      'a flipped bit of a value',
      `UPDATE millrace_blocks SET data = CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB)`,
    ],
    ['a block that is cut off', `UPDATE millrace_blocks SET data = substr(data, 1, 40)`],
    ['a block at another offset', `UPDATE millrace_blocks SET base = base + 1, last = last + 1`],
    ['a block in another partition', `UPDATE millrace_blocks SET partition_id = 3 - partition_id`],
    [
      'a count that is not the number of records',
      `UPDATE millrace_blocks SET count = count - 1, last = last - 1`,
    ],
  ])('%s is found by the checksum and told in a sentence', async (_, damage) => {
    await embedded.log.ensureTopic('events', { partitions: 2 })
    await embedded.log.append(many(20, { partition: 0 }))
    embedded.tablesDb.exec(damage)
    const partition = damage.includes('partition_id') ? 1 : 0
    const error = await failureOf(() => embedded.log.fetch({ ...here, partition }, 0, 100))
    expect(error).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
    expect(error.message).toMatch(
      /^Offsets \d+ to \d+ of topic "events", partition \d, in .* are damaged .*\.$/,
    )
  })

  test('a block of a newer format is told apart', async () => {
    await embedded.log.ensureTopic('events')
    await embedded.log.append(many(3))
    embedded.tablesDb.exec('UPDATE millrace_blocks SET format = 9')
    expect((await failureOf(() => embedded.log.fetch(here, 0, 9))).message).toContain('newer Millrace')
  })
})
