import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openSpool } from '../../engine/embedded/spool.ts'
import { folderWith, type FolderOfFiles } from '../support/folder.ts'

let folder: FolderOfFiles

beforeEach(() => {
  folder = folderWith({})
})

afterEach(() => {
  folder.remove()
})

const record = (n: number) => ({
  topic: `t-${n % 2}`,
  key: n % 3 === 0 ? null : Buffer.from(`k-${n}`),
  value: n % 5 === 0 ? null : Buffer.from(`v-${n}`),
  headers: n % 4 === 0 ? [{ name: 'h', value: null }] : [],
  timestamp: 1_700_000_000_000 + n,
})

test('what was appended is read in its order, by another process too, until it is passed', async () => {
  const first = await openSpool(folder.path)
  expect(await first.append([record(1), record(2), record(3)], 30)).toBe(0)
  expect(await first.append([record(4), record(5)], 20)).toBe(3)
  expect(await first.read(0, 2)).toEqual([
    { place: 0, record: record(1) },
    { place: 1, record: record(2) },
  ])
  await first.pass(2, 20)
  expect([first.head, first.end, first.bytes]).toEqual([2, 5, 30])
  await first.setAside(record(9), 'It is too large.')
  await first.close()

  const second = await openSpool(folder.path)
  expect([second.head, second.end, await second.asideCount()]).toEqual([2, 5, 1])
  expect(second.bytes).toBeGreaterThan(0)
  expect((await second.read(second.head, 100)).map((found) => found.record)).toEqual([
    record(3),
    record(4),
    record(5),
  ])
  await second.pass(5, 30)
  expect([second.head, second.bytes]).toEqual([5, 0])
  expect(await second.read(0, 10)).toEqual([])
  expect(await second.append([record(6)], 10)).toBe(5)
  await second.close()
})

test('a folder serves one process', async () => {
  const spool = await openSpool(folder.path)
  await expect(openSpool(folder.path)).rejects.toMatchObject({
    code: 'STORE_LOCKED',
    message: expect.stringContaining(`belongs to process ${process.pid}`),
  })
  await spool.close()
})
