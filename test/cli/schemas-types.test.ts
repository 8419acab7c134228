import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderWith } from '../support/folder.ts'
import { millrace } from './command-line.ts'
import { file, optional, schema, string } from './schemas-kit.ts'

test('schemas types writes the types of the newest versions, and says whether they are up to date', async () => {
  const folder = folderWith({ [file('1.0')]: schema([string('id')]) })
  try {
    const types = (...flags: string[]) => millrace(folder.path, ['schemas', 'types', ...flags])
    const path = join(folder.path, 'schemas', 'types.ts')
    expect((await types('--dry-run')).out.join('\n')).toContain('is not there: run millrace schemas types.')
    expect((await types()).code).toBe(0)
    expect(readFileSync(path, 'utf8')).toContain("readonly 'shop.orders.OrderCreated': OrderCreated")
    expect((await types('--dry-run')).code).toBe(0)
    expect(await types('-o', 'json')).toMatchObject({ out: [expect.stringContaining('"state":"unchanged"')] })
    expect(await types('-o', 'junit')).toMatchObject({ code: 2 })
    folder.write(file('1.1'), schema([string('id'), optional('note')]))
    expect(await types('--dry-run')).toMatchObject({ code: 1 })
    expect((await types()).code).toBe(0)
    expect(readFileSync(path, 'utf8')).toContain('readonly note: string | null')
  } finally {
    folder.remove()
  }
})

test('the types of this project are those of its schemas', async () => {
  expect(await millrace(process.cwd(), ['schemas', 'types', '--dry-run'])).toMatchObject({ code: 0 })
})
