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

test('says what topics are meant to be, and passes over what is no topic', async () => {
  const text = `
topics:
  audit-events: { key: entityId, partitions: 6, rate: 500, owner: audit, retention: 7d, recordLimit: 2MiB }
  users: { retention: forever, cleanup: compact, settings: { segment.ms: 3600000 } }
  orders: {}
groups: []
`
  expect(Object.fromEntries(await read(text))).toEqual({
    'audit-events': {
      key: 'entityId',
      partitions: 6,
      rate: 500,
      owner: 'audit',
      retention: 7 * 86_400_000,
      recordLimit: 2 * 1024 * 1024,
    },
    users: { retention: 'forever', cleanup: 'compact', settings: { 'segment.ms': 3_600_000 } },
    orders: {},
  })
})

test('knows nothing where it is empty', async () => {
  expect((await read('# nothing yet\n')).size).toBe(0)
})

test('knows nothing where there is no such file', async () => {
  expect((await readCatalogue(join(folder, 'none.yaml'))).size).toBe(0)
})

test('is refused with places', async () => {
  await expect(read('topics:\n  a: { partitions: six }\n')).rejects.toThrow(
    /catalogue\.yaml:2:20: .*must be a number/,
  )
  await expect(read('topics:\n  a: { partition: 6, retention: 5, cleanup: compac }\n')).rejects.toThrow(
    /:2:8: "topics\.a" has no field "partition": did you mean "partitions"\?\n.*:2:33: "retention" of "topics\.a" must be .*\n.*:2:45: .*did you mean "compact"\?/,
  )
  await expect(read('topics:\n  a: { settings: { retention.ms: 5 } }\n')).rejects.toThrow(
    /"retention\.ms" of "topics\.a\.settings": the field "retention" says that\./,
  )
})
