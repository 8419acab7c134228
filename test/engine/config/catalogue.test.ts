import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCatalogue } from '../../../engine/config/catalogue.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-catalogue-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(text: string) {
  const path = join(folder, 'catalogue.yaml')
  await writeFile(path, text)
  return readCatalogue(path)
}

test('says what it knows of topics, and passes over the rest', async () => {
  const text =
    'topics:\n  audit-events: { key: entityId, partitions: 6, rate: 500, owner: audit }\n  orders: {}\ngroups: []\n'
  expect(Object.fromEntries(await read(text))).toEqual({
    'audit-events': { key: 'entityId', partitions: 6, rate: 500 },
    orders: {},
  })
})

test('knows nothing where there is no such file', async () => {
  expect((await readCatalogue(join(folder, 'none.yaml'))).size).toBe(0)
})

test('is refused with places', async () => {
  await expect(read('topics:\n  a: { partitions: six }\n')).rejects.toThrow(
    /catalogue\.yaml:2:20: .*must be a number/,
  )
})
