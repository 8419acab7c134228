import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { DatabaseSync } from 'node:sqlite'
import { checkpointOf } from '../../support/checkpoint.ts'
import type { CommitStep } from '../../../engine/embedded/commit.ts'
import { type Embedded, openEmbedded } from '../../../engine/embedded/embedded.ts'
import { letter, sealed } from '../../support/contracts/commit-contract.ts'
import { record } from '../../support/contracts/source-driver.ts'
import { failureOf, Scratch } from './scratch.ts'

const orders = { task: 'orders/0', partition: 0, group: 'orders' }
const scratch = new Scratch()
let dir: string
let embedded: Embedded
let failAt: CommitStep | undefined

beforeEach(async () => {
  dir = scratch.dir()
  failAt = undefined
  const onCommitStep = (step: CommitStep): void => {
    if (step === failAt) throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
  }
  embedded = openEmbedded(dir, { worker: true, onCommitStep })
  await embedded.log.ensureTopic('input')
  await embedded.log.ensureTopic('letters')
})
afterEach(async () => {
  await embedded.close()
  await scratch.clean()
})

const work = (offset: number) => [sealed(0, { offset, records: [letter(`letter ${offset}`, 0)] })]
const position = async (): Promise<number | undefined> =>
  (await embedded.log.committed('orders', { topic: 'input', partition: 0 }))?.offset
const letters = async (): Promise<number> =>
  (await embedded.log.bounds({ topic: 'letters', partition: 0 })).end

describe('how a commit ends', () => {
  test.each(['begun', 'written'] as const)('an error when it is %s leaves nothing', async (step) => {
    failAt = step
    const first = await embedded.backend.commit({ sequence: 1, tasks: work(1) })
    expect(first).toMatchObject({ outcome: 'failed', error: { code: 'STORE_FAILED', kind: 'fatal' } })
    expect([await position(), await letters()]).toEqual([undefined, 0])
    failAt = undefined
    expect(await embedded.backend.commit({ sequence: 1, tasks: work(1) })).toEqual({ outcome: 'committed' })
    expect([await position(), await letters()]).toEqual([1, 1])
  })

  test('an error after COMMIT is unknown; asking again finds that it took effect', async () => {
    failAt = 'committed'
    const first = await embedded.backend.commit({ sequence: 1, tasks: work(1) })
    expect(first).toMatchObject({ outcome: 'unknown' })
    failAt = undefined
    expect(await embedded.backend.commit({ sequence: 1, tasks: work(1) })).toEqual({ outcome: 'committed' })
    expect([await position(), await letters()]).toEqual([1, 1])
    expect(await embedded.backend.commit({ sequence: 2, tasks: work(2) })).toEqual({ outcome: 'committed' })
    expect([await position(), await letters()]).toEqual([2, 2])
  })

  test('aborted while another process writes, and then the same again', async () => {
    const other = new DatabaseSync(embedded.path)
    other.exec('BEGIN IMMEDIATE')
    const first = await embedded.backend.commit({ sequence: 1, tasks: work(1) })
    expect(first).toMatchObject({ outcome: 'aborted', error: { kind: 'downstream' } })
    other.exec('ROLLBACK')
    expect(await embedded.backend.commit({ sequence: 1, tasks: work(1) })).toEqual({ outcome: 'committed' })
    other.close()
  }, 20_000)

  test('failed on a full disk, with the sentence', async () => {
    const { page_count: pages } = embedded.tablesDb.prepare('PRAGMA page_count').get() as {
      page_count: number
    }
    embedded.tablesDb.exec(`PRAGMA max_page_count = ${pages}`)
    const blocks = [{ store: 'ids', bucket: 1, bytes: Buffer.alloc(1_000_000) }]
    const outcome = await embedded.backend.commit({ sequence: 1, tasks: [sealed(0, { offset: 1, blocks })] })
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'STORE_FULL', kind: 'fatal' } })
    expect(await position()).toBeUndefined()
  })

  test('fenced once another worker has begun', async () => {
    embedded.tablesDb.exec(`UPDATE millrace_meta SET value = value + 1 WHERE name = 'epoch'`)
    const outcome = await embedded.backend.commit({ sequence: 1, tasks: work(1) })
    expect(outcome).toMatchObject({ outcome: 'fenced', error: { code: 'FENCED' } })
    expect([await position(), await letters()]).toEqual([undefined, 0])
  })

  test('fenced for a process that is not the worker', async () => {
    const other = openEmbedded(dir)
    expect(await other.backend.commit({ sequence: 1, tasks: work(1) })).toMatchObject({ outcome: 'fenced' })
    await other.close()
  })

  test('a sequence that goes back is a defect, and changes nothing', async () => {
    await embedded.backend.commit({ sequence: 5, tasks: work(5) })
    expect(await embedded.backend.commit({ sequence: 4, tasks: work(4) })).toMatchObject({
      outcome: 'failed',
    })
    expect(await position()).toBe(5)
  })

  test('two backends of one worker count for themselves', async () => {
    const second = embedded.openBackend()
    await embedded.backend.commit({ sequence: 1, tasks: work(1) })
    const tasks = [sealed(0, { group: 'audit', task: 'audit/0', offset: 7 })]
    expect(await second.commit({ sequence: 1, tasks })).toEqual({ outcome: 'committed' })
    expect((await embedded.log.committed('audit', { topic: 'input', partition: 0 }))?.offset).toBe(7)
  })
})

describe('state', () => {
  const block = (bucket: number) => ({ store: 'ids', bucket, bytes: Buffer.from(`${bucket}`) })
  const restored = async (): Promise<number[]> => {
    const { blocks } = await checkpointOf(embedded.backend, orders, [], ['ids'])
    return blocks.map(({ bucket }) => bucket)
  }
  const rows = (): number =>
    (embedded.tablesDb.prepare('SELECT count(*) AS n FROM millrace_state').get() as { n: number }).n

  test('that expired is gone at once, and from the disk step by step', async () => {
    const blocks = Array.from({ length: 1000 }, () => block(1))
    await embedded.backend.commit({ sequence: 1, tasks: [sealed(0, { blocks: [...blocks, block(2)] })] })
    const expired = [{ store: 'ids', below: 2 }]
    await embedded.backend.commit({ sequence: 2, tasks: [sealed(0, { expired })] })
    expect(await restored()).toEqual([2])
    expect(rows()).toBeGreaterThan(800)
    // What comes later is not touched, whatever its bucket says.
    await embedded.backend.commit({ sequence: 3, tasks: [sealed(0, { blocks: [block(1)] })] })
    expect(await restored()).toEqual([2, 1])
    while (embedded.tidy());
    expect(rows()).toBe(2)
    expect(await restored()).toEqual([2, 1])
  })

  test('that expires bucket after bucket is gone, however much is left to delete', async () => {
    for (let bucket = 1; bucket <= 3; bucket++) {
      const blocks = [block(bucket - 1), ...Array.from({ length: 500 }, () => block(bucket))]
      const expired = [{ store: 'ids', below: bucket }]
      await embedded.backend.commit({ sequence: bucket, tasks: [sealed(0, { blocks, expired })] })
    }
    expect(rows()).toBeGreaterThan(1000)
    expect(new Set(await restored())).toEqual(new Set([3]))
    while (embedded.tidy());
    expect((await restored()).length).toBe(500)
    expect(rows()).toBeLessThan(500)
  })

  test('that is damaged is told in a sentence', async () => {
    await embedded.backend.commit({ sequence: 1, tasks: [sealed(0, { blocks: [block(1)] })] })
    embedded.tablesDb.exec(`UPDATE millrace_state SET bytes = x'00'`)
    const error = await failureOf(() => checkpointOf(embedded.backend, orders, [], ['ids']))
    expect(error).toMatchObject({ code: 'STORE_UNREADABLE', kind: 'fatal' })
    expect(error.message).toContain('The state of "ids" in task orders/0')
  })
})

test('groups, lag and notes', async () => {
  await embedded.log.append([1000, 2000, 3000].map((timestamp) => record('input', { timestamp })))
  await (await embedded.log.read('orders', ['input', 'letters'])).close()
  const input = { topic: 'input', partition: 0, first: 0, end: 3 }
  const nothing = {
    topic: 'letters',
    partition: 0,
    first: 0,
    end: 0,
    committed: undefined,
    lag: 0,
    waitingSince: undefined,
  }
  expect(embedded.groups.lagOf('orders')).toEqual([
    { ...input, committed: undefined, lag: 3, waitingSince: 1000 },
    nothing,
  ])
  await embedded.backend.commit({ sequence: 1, tasks: [sealed(0, { offset: 2, metadata: 'm' })] })
  expect(embedded.groups.lagOf('orders')[0]).toEqual({ ...input, committed: 2, lag: 1, waitingSince: 3000 })
  expect(embedded.groups.list()).toEqual(['orders'])
  expect(embedded.groups.positionsOf('orders')).toEqual([
    { topic: 'input', partition: 0, offset: 2, metadata: 'm' },
  ])

  const notes = embedded.notes('orders', 'history')
  expect(notes.get('head')).toBeUndefined()
  notes.set('head', 'a')
  notes.set('head', 'b')
  expect(notes.get('head')).toBe('b')
  expect(embedded.notes('orders', 'other').get('head')).toBeUndefined()
  const other = openEmbedded(dir)
  expect(other.notes('orders', 'history').get('head')).toBe('b')
  await other.close()
})
