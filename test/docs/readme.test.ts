// The topology and the case that README.md shows run as they are, with the schemas and tables of this repository.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, jest, test } from '@jest/globals'
import { folderWith } from '../support/folder.ts'
import { testsOf } from '../support/test-command.ts'
import { blocksOf } from './blocks.ts'

jest.setTimeout(60_000)

const root = join(import.meta.dirname, '../..')

test('the case of the README holds', async () => {
  const [topology, cases] = blocksOf('README.md').flatMap(({ language, text }) =>
    language === 'yaml' ? [text] : [],
  )
  const project = folderWith({
    'topologies/audit-store.yaml': topology!,
    'topologies/audit-store.test.yaml': cases!,
  })
  try {
    for (const part of ['cql', 'schemas'])
      cpSync(join(root, part), join(project.path, part), { recursive: true })
    const { code, files } = await testsOf(project.path, [])
    expect(files).toMatchObject([{ cases: [{ findings: [] }] }])
    expect(files[0]!.problem).toBeUndefined()
    expect(code).toBe(0)
  } finally {
    project.remove()
  }
})
